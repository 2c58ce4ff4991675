// SPDX-License-Identifier: Apache-2.0
// What Linkerd's injector adds: names, images, user and ports of its containers.
// linkerd/linkerd2 charts/partials/templates/_proxy.tpl, _proxy-init.tpl, values.yaml (2.11 to 2.20).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { MeshSettings } from './mesh.ts'

export const usualUser = 2102
export const linkerdNames: readonly string[] = [
  'linkerd-proxy',
  'linkerd-init',
  'linkerd-network-validator',
  'linkerd-debug',
]

/** Of the releases; a mirror is named in the settings. The init container's image is among them. */
export const linkerdRepositories = [
  'cr.l5d.io/linkerd/proxy',
  'cr.l5d.io/linkerd/proxy-init',
  'ghcr.io/linkerd/proxy',
  'ghcr.io/linkerd/proxy-init',
]

/** Ports that the chart always leaves out: the proxy's own, and two of a database that it cannot carry. */
export const chartPorts = new Set([4190, 4191, 4567, 4568])

export function isLinkerdOwn(container: Container, settings: MeshSettings): boolean {
  return (
    linkerdNames.includes(container.name) &&
    container.kind !== 'ephemeral' &&
    imageFrom(container.image, [...linkerdRepositories, ...(settings.images ?? [])])
  )
}

export function linkerdSidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'linkerd-proxy')
}
