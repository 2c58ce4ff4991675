// SPDX-License-Identifier: Apache-2.0
// The mesh's own configuration that blinds the sidecars of every pod: ConfigMap istio[-revision], key mesh.
// istio/api mesh/v1alpha1/config.proto and proxy.proto (1.12 to 1.31).

import { ofKind, type ClusterObjects } from '../cluster-objects.ts'
import { fields, list, text } from '../fields.ts'
import { selectsAll } from '../selector.ts'
import { mappingIn } from './config-text.ts'
import { variableHit } from './istio-proxy-config.ts'
import type { ObjectHit } from './mesh.ts'

const path = 'data.mesh'

export function istioMeshConfig(objects: ClusterObjects): ObjectHit[] {
  return ofKind(objects, 'ConfigMap')
    .filter(({ name }) => name === 'istio' || name.startsWith('istio-'))
    .flatMap((object): ObjectHit[] => {
      const proxy = fields(mappingIn(text(object.object, 'data', 'mesh')), 'defaultConfig')
      const hits = Object.entries(fields(proxy, 'proxyMetadata')).flatMap(
        ([name, value]) => variableHit(name, value, 'defaultConfig.proxyMetadata', path) ?? [],
      )
      if (text(proxy, 'interceptionMode') === 'NONE') {
        const message = 'defaultConfig.interceptionMode is NONE: nothing of any pod is redirected'
        hits.push({ id: 'interception-none', path, message })
      }
      return hits.map((hit) => ({ ...hit, object }))
    })
}

/** Of the injector itself: ConfigMap istio-sidecar-injector[-revision], key config. */
export function istioInjectorConfig(objects: ClusterObjects): ObjectHit[] {
  return ofKind(objects, 'ConfigMap')
    .filter(({ name }) => name.startsWith('istio-sidecar-injector'))
    .flatMap((object): ObjectHit[] => {
      const config = mappingIn(text(object.object, 'data', 'config'))
      const policy = text(config, 'policy') ?? 'enabled'
      const left = list(config, 'neverInjectSelector').filter((one) => !selectsAll(one)).length
      const told = [
        ...(policy === 'enabled'
          ? []
          : [`policy is "${policy.slice(0, 40)}": pods must ask one by one`]),
        ...(left === 0 ? [] : [`neverInjectSelector leaves pods out by their labels`]),
      ]
      return told.map((message) => ({
        ...{ id: 'injector-config-tampered', path: 'data.config', message, object },
        ...{ effect: 'risk', severity: 'medium' },
      }))
    })
}
