// SPDX-License-Identifier: Apache-2.0
// Finished pods as Dapr's injector leaves them: daprd beside the application, or as a native sidecar.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const daprd: Manifest = {
  name: 'daprd',
  image: 'ghcr.io/dapr/daprd:1.17.2',
  args: ['/daprd', '--dapr-http-port', '3500', '--app-id', 'cart', '--mode', 'kubernetes'],
  securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true },
}

export const daprNotes = { 'dapr.io/enabled': 'true', 'dapr.io/app-id': 'cart' }

const marks = { 'dapr.io/sidecar-injected': 'true', 'dapr.io/app-id': 'cart' }

export function daprPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...daprNotes, ...parts.annotations },
    labels: { ...marks, ...parts.labels },
    containers: [...(parts.containers ?? [app]), daprd],
  })
}

export function daprNativePod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...daprNotes, ...parts.annotations },
    labels: { ...marks, ...parts.labels },
    initContainers: [...(parts.initContainers ?? []), { ...daprd, restartPolicy: 'Always' }],
  })
}
