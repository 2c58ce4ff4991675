// SPDX-License-Identifier: Apache-2.0
// What Dapr's injector adds: its container, the images that it may run, keys of its annotations.
// dapr/dapr pkg/injector/consts/consts.go, pkg/injector/patcher/sidecar_container.go (1.8 to 1.18).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { DaprSettings } from './dapr-settings.ts'
import type { Presence } from './presence.ts'

export const enabled = 'dapr.io/enabled'
export const sidecarImage = 'dapr.io/sidecar-image'
export const injected = 'dapr.io/sidecar-injected'

/** Of the releases, and of the add-on of a managed platform. */
const repositories = [
  'docker.io/daprio/daprd',
  'docker.io/daprio/dapr',
  'ghcr.io/dapr/daprd',
  'mcr.microsoft.com/daprio/daprd',
  'mcr.microsoft.com/azure-dapr/daprd',
]

export function isDaprImage(image: string, settings: DaprSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

export function isDaprOwn(one: Container, settings: DaprSettings): boolean {
  return one.name === 'daprd' && one.kind !== 'ephemeral' && isDaprImage(one.image, settings)
}

export function daprSidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'daprd' && one.kind !== 'ephemeral')
}

export const daprPresence: Presence<DaprSettings> = {
  title: 'Dapr',
  source: 'dapr/dapr pkg/injector/patcher/sidecar_container.go, 1.8 to 1.18',
  sidecars: daprSidecars,
  own: isDaprOwn,
}
