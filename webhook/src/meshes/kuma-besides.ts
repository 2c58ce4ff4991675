// SPDX-License-Identifier: Apache-2.0
// Kuma's own resources and configuration that let traffic go past the sidecars of many pods: reported on the
// object itself. kumahq/kuma pkg/config/plugins/runtime/k8s/config.go SidecarTraffic, deployments/charts/kuma/
// templates/transparent-proxy-configmap.yaml, api ContainerPatch (2.5 to 2.14).

import { ofKind } from '../cluster-objects.ts'
import { field, fields, list, text } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import { kumaObjects } from './kuma-rules.ts'
import type { KumaSettings } from './kuma-settings.ts'
import { patchesImage } from './kuma-traffic.ts'
import type { BesideInput, ObjectHit } from './mesh.ts'

export function kumaBesides({ objects }: BesideInput<KumaSettings>): ObjectHit[] {
  return [...patched(objects), ...excluded(objects), ...byEnvironment(objects)]
}

type Objects = BesideInput['objects']

function patched(objects: Objects): ObjectHit[] {
  return kumaObjects(objects, 'ContainerPatch').flatMap((object): ObjectHit[] => {
    if (!patchesImage(object.object)) return []
    const message = 'the patch replaces what the containers of the sidecar run'
    return [{ id: 'proxy-image-override', path: 'spec', message, object }]
  })
}

/** Of the control plane, or of its redirect: ports and addresses left out for every pod. */
const places = [
  { file: '-control-plane-config', at: ['runtime', 'kubernetes', 'sidecarTraffic'] },
  { file: '-control-plane-config', at: ['runtime', 'kubernetes', 'injector', 'sidecarTraffic'] },
  { file: '-transparent-proxy-config', at: ['redirect', 'outbound'] },
  { file: '-transparent-proxy-config', at: ['redirect', 'inbound'] },
]

function excluded(objects: Objects): ObjectHit[] {
  return ofKind(objects, 'ConfigMap').flatMap((object): ObjectHit[] =>
    places
      .filter(({ file }) => /^(kuma|kong-mesh)-/.test(object.name) && object.name.endsWith(file))
      .flatMap(({ at }): ObjectHit[] => {
        const config = fields(mappingIn(text(object.object, 'data', 'config.yaml')), ...at)
        return Object.keys(config)
          .filter((key) => key.startsWith('exclude') && list(config, key).length > 0)
          .map((key) => ({
            id: 'kuma-exclusions',
            path: 'data.config.yaml',
            message: `${[...at, key].join('.')} leaves ${JSON.stringify(field(config, key)).slice(0, 60)} out of the redirect of every pod`,
            object,
          }))
      }),
  )
}

const variable = /^KUMA_RUNTIME_KUBERNETES_(INJECTOR_)?SIDECAR_TRAFFIC_EXCLUDE_/

function byEnvironment(objects: Objects): ObjectHit[] {
  return ofKind(objects, 'Deployment')
    .filter(({ name }) => ['kuma-control-plane', 'kong-mesh-control-plane'].includes(name))
    .flatMap((object) =>
      list(object.object, 'spec', 'template', 'spec', 'containers').flatMap((container, at) =>
        list(container, 'env').flatMap((one, index): ObjectHit[] => {
          const name = text(one, 'name') ?? ''
          const value = text(one, 'value') ?? ''
          if (!variable.test(name) || value === '') return []
          const path = `spec.template.spec.containers[${at}].env[${index}]`
          const message = `${name} leaves "${value.slice(0, 60)}" out of the redirect of every pod`
          return [{ id: 'kuma-exclusions', path, message, object }]
        }),
      ),
    )
}
