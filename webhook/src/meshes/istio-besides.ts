// SPDX-License-Identifier: Apache-2.0
// Istio's own resources that let traffic go past the sidecars, or plain: reported on the resource itself.
// istio/api security/v1, networking/v1 (sidecar, destination_rule), networking/v1beta1/proxy_config,
// networking/v1alpha3/envoy_filter (1.17 to 1.31); the mesh's own configuration is in istio-mesh-config.ts.

import { ofKind, type ClusterObject } from '../cluster-objects.ts'
import { field, fields, list, text } from '../fields.ts'
import { istioEgress } from './istio-egress.ts'
import { istioInjectorConfig, istioMeshConfig } from './istio-mesh-config.ts'
import { variableHit } from './istio-proxy-config.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { BesideInput, ObjectHit } from './mesh.ts'

export function istioBesides({ objects }: BesideInput<IstioSettings>): ObjectHit[] {
  const of = (kind: string, find: (object: ClusterObject) => ObjectHit[]) =>
    ofKind(objects, kind).flatMap(find)
  return [
    ...of('PeerAuthentication', plainPeers),
    ...of('DestinationRule', plainClients),
    ...of('Sidecar', uncaptured),
    ...of('ProxyConfig', variables),
    ...of('EnvoyFilter', bootstraps),
    ...istioMeshConfig(objects),
    ...istioInjectorConfig(objects),
    ...istioEgress(objects),
  ]
}

function plainPeers(object: ClusterObject): ObjectHit[] {
  if (text(object.object, 'spec', 'mtls', 'mode') !== 'DISABLE') return []
  const message = 'peers of these workloads send plain text: mutual TLS is DISABLE here'
  return [{ id: 'tlsmode-label', path: 'spec.mtls.mode', message, object }]
}

/** Of the whole host, of single ports, and of its subsets. */
function plainClients(object: ClusterObject): ObjectHit[] {
  const spec = fields(object.object, 'spec')
  // Hosts outside the mesh have no sidecar that mutual TLS could reach.
  const host = text(spec, 'host') ?? ''
  const inside = !host.includes('.') || /(^|\.)(svc|svc\..*|local)$/.test(host)
  if (!inside) return []
  const policies = [
    { at: 'spec.trafficPolicy', policy: field(spec, 'trafficPolicy') },
    ...list(spec, 'subsets').map((one, index) => {
      const at = `spec.subsets[${index}].trafficPolicy`
      return { at, policy: field(one, 'trafficPolicy') }
    }),
  ].flatMap(({ at, policy }) => [
    { at, policy },
    ...list(policy, 'portLevelSettings').map((one, index) => {
      return { at: `${at}.portLevelSettings[${index}]`, policy: one }
    }),
  ])
  return policies
    .filter(({ policy }) => text(policy, 'tls', 'mode') === 'DISABLE')
    .map(({ at }) => ({
      id: 'tlsmode-label',
      path: `${at}.tls.mode`,
      message: `clients send plain text to "${host.slice(0, 80)}": TLS is DISABLE here`,
      object,
    }))
}

function uncaptured(object: ClusterObject): ObjectHit[] {
  return ['ingress', 'egress'].flatMap((key) =>
    list(object.object, 'spec', key).flatMap((one, index): ObjectHit[] => {
      if (text(one, 'captureMode') !== 'NONE') return []
      const path = `spec.${key}[${index}].captureMode`
      const message = 'the listener takes nothing from the redirect: applications must ask for it'
      return [{ id: 'interception-none', path, message, object, effect: 'risk' }]
    }),
  )
}

function variables(object: ClusterObject): ObjectHit[] {
  const set = fields(object.object, 'spec', 'environmentVariables')
  return Object.entries(set).flatMap(([name, value]) => {
    const hit = variableHit(name, value, 'the ProxyConfig', `spec.environmentVariables.${name}`)
    return hit === null ? [] : [{ ...hit, object }]
  })
}

/** The bootstrap says where the proxy's whole configuration comes from. */
function bootstraps(object: ClusterObject): ObjectHit[] {
  return list(object.object, 'spec', 'configPatches').flatMap((one, index): ObjectHit[] => {
    if (text(one, 'applyTo') !== 'BOOTSTRAP') return []
    const path = `spec.configPatches[${index}].applyTo`
    const message = 'the filter changes the bootstrap configuration of the proxies'
    return [{ id: 'bootstrap-override', path, message, object }]
  })
}
