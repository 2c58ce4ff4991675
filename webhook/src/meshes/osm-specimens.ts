// SPDX-License-Identifier: Apache-2.0
// A finished pod as the injector of Open Service Mesh 1.2 leaves it.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const osmEnvoy: Manifest = {
  name: 'envoy',
  image: 'envoyproxy/envoy-distroless:v1.22.2',
  command: ['envoy'],
  args: [
    '--log-level',
    'error',
    '--config-path',
    '/etc/envoy/bootstrap.yaml',
    '--service-cluster',
    'cart.shop',
  ],
  securityContext: { runAsUser: 1500 },
}

/** The rules as they are restored at once; `more` goes between the last rule and the end. */
export function osmScript(...more: string[]): string {
  return [
    'iptables-restore --noflush <<EOF',
    '*nat',
    ':OSM_PROXY_INBOUND - [0:0]',
    '-A OSM_PROXY_IN_REDIRECT -p tcp -j REDIRECT --to-port 15003',
    '-A PREROUTING -p tcp -j OSM_PROXY_INBOUND',
    '-A OSM_PROXY_INBOUND -p tcp --dport 15010 -j RETURN',
    '-A OSM_PROXY_INBOUND -p tcp --dport 15901 -j RETURN',
    '-A OSM_PROXY_INBOUND -p tcp -j OSM_PROXY_IN_REDIRECT',
    '-A OSM_PROXY_OUT_REDIRECT -p tcp -j REDIRECT --to-port 15001',
    '-A OSM_PROXY_OUT_REDIRECT -p tcp --dport 15000 -j ACCEPT',
    '-A OUTPUT -p tcp -j OSM_PROXY_OUTBOUND',
    '-A OSM_PROXY_OUTBOUND -o lo ! -d 127.0.0.1/32 -m owner --uid-owner 1500 -j OSM_PROXY_IN_REDIRECT',
    '-A OSM_PROXY_OUTBOUND -o lo -m owner ! --uid-owner 1500 -j RETURN',
    '-A OSM_PROXY_OUTBOUND -m owner --uid-owner 1500 -j RETURN',
    '-A OSM_PROXY_OUTBOUND -d 127.0.0.1/32 -j RETURN',
    '-A OSM_PROXY_OUTBOUND -j OSM_PROXY_OUT_REDIRECT',
    ...more,
    'COMMIT',
    'EOF',
  ].join('\n')
}

export const osmInit: Manifest = {
  name: 'osm-init',
  image: 'openservicemesh/init:v1.2.4',
  command: ['/bin/sh'],
  args: ['-c', osmScript()],
  securityContext: { privileged: false, runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } },
}

export const osmVolume: Manifest = {
  name: 'envoy-bootstrap-config-volume',
  secret: { secretName: 'envoy-bootstrap-config-52883c80' },
}

export function osmPod(parts: PodParts = {}, envoy = osmEnvoy): Manifest {
  return podOf({
    ...parts,
    labels: { 'osm-proxy-uuid': '52883c80', ...parts.labels },
    containers: [...(parts.containers ?? [app]), envoy],
    initContainers: [...(parts.initContainers ?? []), osmInit],
    spec: { volumes: [osmVolume], ...parts.spec },
  })
}
