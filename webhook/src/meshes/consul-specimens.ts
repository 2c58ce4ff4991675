// SPDX-License-Identifier: Apache-2.0
// Finished pods as Consul's injector leaves them, with the transparent proxy: set up by the init container, or
// by the CNI plugin; and with consul-dataplane as a native sidecar.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const consulDataplane: Manifest = {
  name: 'consul-dataplane',
  image: 'hashicorp/consul-dataplane:1.5.1',
  args: [
    '-addresses',
    'consul-server.consul.svc',
    '-grpc-port=8502',
    '-proxy-service-id-path=/consul/connect-inject/proxyid',
    '-tls-disabled',
  ],
  securityContext: { runAsUser: 5995, runAsGroup: 5995, runAsNonRoot: true },
}

export function redirectOf(more: Manifest = {}): string {
  return JSON.stringify({
    ConsulDNSIP: '127.0.0.1',
    ConsulDNSPort: 8600,
    ProxyUserID: '5995',
    ProxyInboundPort: 20000,
    ProxyOutboundPort: 15001,
    ExcludeInboundPorts: ['20200'],
    ExcludeOutboundPorts: null,
    ExcludeOutboundCIDRs: null,
    ExcludeUIDs: ['5996'],
    NetNS: '',
    IptablesProvider: null,
    ...more,
  })
}

export const consulInit: Manifest = {
  name: 'consul-connect-inject-init',
  image: 'hashicorp/consul-k8s-control-plane:1.5.1',
  command: ['/bin/sh', '-ec', 'consul-k8s-control-plane connect-init -pod-name=${POD_NAME}'],
  env: [{ name: 'POD_NAME' }, { name: 'CONSUL_REDIRECT_TRAFFIC_CONFIG', value: redirectOf() }],
  securityContext: { runAsUser: 0, runAsGroup: 0, capabilities: { add: ['NET_ADMIN'] } },
}

export const consulNotes = {
  'consul.hashicorp.com/connect-inject': 'true',
  'consul.hashicorp.com/connect-inject-status': 'injected',
  'consul.hashicorp.com/transparent-proxy-status': 'enabled',
}

export function consulPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...consulNotes, ...parts.annotations },
    labels: { 'consul.hashicorp.com/connect-inject-status': 'injected', ...parts.labels },
    containers: [...(parts.containers ?? [app]), consulDataplane],
    initContainers: [...(parts.initContainers ?? []), consulInit],
  })
}

/** The native sidecar comes after the init containers as well. */
export function consulNativePod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...consulNotes, ...parts.annotations },
    initContainers: [
      ...(parts.initContainers ?? []),
      consulInit,
      { ...consulDataplane, restartPolicy: 'Always' },
    ],
  })
}

export function consulCniPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: {
      ...consulNotes,
      'consul.hashicorp.com/transparent-proxy-status': 'complete',
      'consul.hashicorp.com/redirect-traffic-config': redirectOf(),
      ...parts.annotations,
    },
    containers: [...(parts.containers ?? [app]), consulDataplane],
    initContainers: [
      ...(parts.initContainers ?? []),
      {
        ...consulInit,
        env: [],
        securityContext: { runAsUser: 5996, capabilities: { drop: ['ALL'] } },
      },
    ],
  })
}
