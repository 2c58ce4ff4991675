// SPDX-License-Identifier: Apache-2.0
// Consul's own resources and configuration that leave the proxies of many pods without traffic: reported on the
// object itself. hashicorp/consul-k8s charts/consul/templates/connect-inject-deployment.yaml, control-plane/api/
// v1alpha1/proxydefaults_types.go and servicedefaults_types.go (1.0 to 2.0).

import { ofKind } from '../cluster-objects.ts'
import { text } from '../fields.ts'
import { consulSettingsFrom, isInjectorName, type ConsulSettings } from './consul-settings.ts'
import { controlPlane } from './control-plane.ts'
import type { BesideInput, ObjectHit } from './mesh.ts'

export function consulBesides({ objects }: BesideInput<ConsulSettings>): ObjectHit[] {
  const direct = ['ProxyDefaults', 'ServiceDefaults'].flatMap((kind) =>
    ofKind(objects, kind).flatMap((object): ObjectHit[] => {
      if (text(object.object, 'spec', 'mode') !== 'direct') return []
      const message = 'mode is "direct": only explicit upstreams go through these sidecars'
      return [{ id: 'consul-tproxy-off', path: 'spec.mode', message, object }]
    }),
  )
  const plane = controlPlane(objects, isInjectorName)
  if (plane === null || consulSettingsFrom(objects).transparentProxy !== false) return direct
  const path = 'spec.template.spec.containers[0].command'
  const message = 'the injector is started with the transparent proxy off by default'
  return [...direct, { id: 'consul-tproxy-off', path, message, object: plane.object }]
}
