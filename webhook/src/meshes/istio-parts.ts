// SPDX-License-Identifier: Apache-2.0
// What Istio's injection template makes: names, images, user and ports of the containers that it adds.
// istio/istio manifests/charts/istio-control/istio-discovery/files/injection-template.yaml (1.12 to 1.31).

import { imageFrom } from '../image.ts'
import type { Container } from '../containers.ts'
import type { Subject } from '../subject.ts'
import type { MeshSettings } from './mesh.ts'

export const usualUser = 1337

export const istioNames: readonly string[] = [
  'istio-proxy',
  'istio-init',
  'istio-validation',
  'enable-core-dump',
]

/** Left out by the init container itself: the proxy's own ports. */
export const reservedInbound: ReadonlySet<number> = new Set([15008, 15020, 15021, 15090])

/** The repositories of the releases; a mirror is named in the settings. */
const repositories = [
  'docker.io/istio/proxyv2',
  'gcr.io/istio-release/proxyv2',
  'registry.istio.io/release/proxyv2',
]

export function istioImage(container: { image: string }, settings: MeshSettings): boolean {
  return imageFrom(container.image, [...repositories, ...(settings.images ?? [])])
}

export function istioSidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'istio-proxy')
}
