// SPDX-License-Identifier: Apache-2.0
// Finished pods as Kuma's injector leaves them: with native sidecars and the redirect in an annotation, as 3.0
// does it; with kuma-init at the end, as 2.x does it by default; and with the CNI plugin.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const kumaSidecar: Manifest = {
  name: 'kuma-sidecar',
  image: 'docker.io/kumahq/kuma-dp:2.14.3',
  args: ['run', '--log-level=info', '--concurrency=2'],
  securityContext: { runAsUser: 5678, runAsGroup: 5678, capabilities: { drop: ['ALL'] } },
}

export const kumaInit: Manifest = {
  name: 'kuma-init',
  image: 'docker.io/kumahq/kuma-init:2.14.3',
  command: ['/usr/bin/kumactl', 'install', 'transparent-proxy'],
  args: ['--kuma-dp-user=5678', '--exclude-inbound-ports=9000', '--verbose'],
  securityContext: {
    runAsUser: 0,
    runAsGroup: 0,
    capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
  },
}

const validation: Manifest = {
  name: 'kuma-validation',
  image: 'docker.io/kumahq/kuma-init:2.14.3',
  command: ['/usr/bin/kumactl', 'install', 'transparent-proxy-validator'],
  args: ['--config-file=/tmp/.kumactl', '--ip-family-mode=dualstack'],
  securityContext: { runAsUser: 5678, runAsGroup: 5678, capabilities: { drop: ['ALL'] } },
}

export const kumaNotes = { 'kuma.io/sidecar-injected': 'true', 'kuma.io/envoy-admin-port': '9901' }

export const kumaRedirect = `ipFamilyMode: dualstack
kumaDPUser: "5678"
redirect:
  dns:
    enabled: false
  inbound:
    enabled: true
    excludePorts: [9000, 9902]
    port: 15006
  outbound:
    enabled: true
    port: 15001
`

/** 2.x: the sidecar is the first container, kuma-init the last init container. */
export function kumaPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...kumaNotes, 'kuma.io/sidecar-uid': '5678', ...parts.annotations },
    containers: [kumaSidecar, ...(parts.containers ?? [app])],
    initContainers: [...(parts.initContainers ?? []), kumaInit],
  })
}

/** 3.0: native sidecar, the redirect in an annotation. */
export function kumaNativePod(parts: PodParts = {}): Manifest {
  const init = { ...kumaInit, args: ['--config=/tmp/transparent-proxy/base/config.yaml'] }
  return podOf({
    ...parts,
    annotations: {
      ...kumaNotes,
      'traffic.kuma.io/transparent-proxy-config': kumaRedirect,
      ...parts.annotations,
    },
    initContainers: [
      init,
      { ...kumaSidecar, restartPolicy: 'Always' },
      ...(parts.initContainers ?? []),
    ],
  })
}

export function kumaCniPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: {
      ...kumaNotes,
      'traffic.kuma.io/transparent-proxy-config': kumaRedirect,
      'k8s.v1.cni.cncf.io/networks': 'kuma-cni',
      ...parts.annotations,
    },
    initContainers: [
      validation,
      { ...kumaSidecar, restartPolicy: 'Always' },
      ...(parts.initContainers ?? []),
    ],
  })
}
