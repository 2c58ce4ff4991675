// SPDX-License-Identifier: Apache-2.0
// What Kuma's injector adds: names, images, user and ports of its containers, and the words that it knows.
// kumahq/kuma pkg/plugins/runtime/k8s/webhooks/injector/injector.go, pkg/plugins/runtime/k8s/metadata/
// annotations.go, pkg/config/plugins/runtime/k8s/config.go (2.5 to 2.14).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { KumaSettings } from './kuma-settings.ts'

export const inject = 'kuma.io/sidecar-injection'
export const injected = 'kuma.io/sidecar-injected'
export const redirectConfig = 'traffic.kuma.io/transparent-proxy-config'
export const usualUser = 5678

export const kumaNames: readonly string[] = ['kuma-sidecar', 'kuma-init', 'kuma-validation']

/** Of the releases, and of the product that is built on them; a mirror is named in the settings. */
const repositories = [
  'docker.io/kumahq/kuma-dp',
  'docker.io/kumahq/kuma-init',
  'docker.io/kong/kuma-dp',
  'docker.io/kong/kuma-init',
]

export function isKumaImage({ image }: { image: string }, settings: KumaSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

export function isKumaOwn(container: Container, settings: KumaSettings): boolean {
  return (
    kumaNames.includes(container.name) &&
    container.kind !== 'ephemeral' &&
    isKumaImage(container, settings)
  )
}

export function kumaSidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'kuma-sidecar')
}

/** metadata.Annotations.GetEnabled: null is a value that it answers with an error. */
export function enabledWord(value: string): boolean | null {
  if (['true', 'yes', 'enabled'].includes(value)) return true
  return ['false', 'no', 'disabled'].includes(value) ? false : null
}

/** Ports of the sidecar itself: its admin interface, its readiness, and its stand-in for probes. */
export function reservedPorts({ pod }: Subject): Set<number> {
  const told = [
    pod.annotations.get('kuma.io/application-probe-proxy-port') ??
      pod.annotations.get('kuma.io/virtual-probes-port') ??
      '9000',
    pod.annotations.get('kuma.io/envoy-admin-port') ?? '9901',
  ].map(Number)
  return new Set([9902, ...told.filter((port) => Number.isInteger(port) && port > 0)])
}
