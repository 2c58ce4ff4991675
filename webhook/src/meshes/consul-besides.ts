// SPDX-License-Identifier: Apache-2.0
// Consul's own resources and configuration that leave the proxies of many pods without traffic: reported on the
// object itself. hashicorp/consul-k8s charts/consul/templates/connect-inject-deployment.yaml, control-plane/api/
// v1alpha1/proxydefaults_types.go and servicedefaults_types.go (1.0 to 2.0).

import { ofKind } from '../cluster-objects.ts'
import { fields, text } from '../fields.ts'
import { consulSettingsFrom, isInjectorName, type ConsulSettings } from './consul-settings.ts'
import { controlPlane } from './control-plane.ts'
import type { BesideInput, ObjectHit } from './mesh.ts'

/** hashicorp/consul agent/xds/config.go, agent/xds/bootstrap_config.go (1.14 to 1.21). */
const overriding =
  /^envoy_(bootstrap_json_tpl|extra_static_\w+_json|extra_stats_\w+|public_listener_json|local_cluster_json|listener_json|cluster_json|extra_\w+_json|tracing_json)$/

export function consulBesides({ objects }: BesideInput<ConsulSettings>): ObjectHit[] {
  const direct = ['ProxyDefaults', 'ServiceDefaults'].flatMap((kind) =>
    ofKind(objects, kind).flatMap((object): ObjectHit[] => {
      if (text(object.object, 'spec', 'mode') !== 'direct') return []
      const message = 'mode is "direct": only explicit upstreams go through these sidecars'
      return [{ id: 'consul-tproxy-off', path: 'spec.mode', message, object }]
    }),
  )
  const overrides = ['ProxyDefaults', 'ServiceDefaults'].flatMap((kind) =>
    ofKind(objects, kind).flatMap((object): ObjectHit[] =>
      Object.keys(fields(object.object, 'spec', 'config'))
        .filter((key) => overriding.test(key))
        .map((key): ObjectHit => {
          const message = `${key} replaces parts of what Consul tells these proxies`
          return { id: 'bootstrap-override', path: `spec.config.${key}`, message, object }
        }),
    ),
  )
  const plane = controlPlane(objects, isInjectorName)
  if (plane === null || consulSettingsFrom(objects).transparentProxy !== false) {
    return [...direct, ...overrides]
  }
  const path = 'spec.template.spec.containers[0].command'
  const message = 'the injector is started with the transparent proxy off by default'
  return [...direct, ...overrides, { id: 'consul-tproxy-off', path, message, object: plane.object }]
}
