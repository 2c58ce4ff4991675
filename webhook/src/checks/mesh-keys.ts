// SPDX-License-Identifier: Apache-2.0
// Labels and annotations that meshes read: by the domain in front of the slash.

/** Whose keys they are; a key belongs to a domain when its prefix is that domain or below it. */
const domains = [
  'istio.io',
  'linkerd.io',
  'consul.hashicorp.com',
  'kuma.io',
  'dapr.io',
  'opentelemetry.io',
  'vault.hashicorp.com',
  'openservicemesh.io',
  'appmesh.k8s.aws',
  'jaegertracing.io',
]

const withoutDomain = ['istio-injection', 'osm-proxy-uuid']

export function isMeshKey(key: string): boolean {
  if (withoutDomain.includes(key)) return true
  const prefix = key.slice(0, key.indexOf('/') + 1).slice(0, -1)
  return domains.some((domain) => prefix === domain || prefix.endsWith(`.${domain}`))
}
