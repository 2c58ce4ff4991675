// SPDX-License-Identifier: Apache-2.0
// What the OpenTelemetry operator adds: its container, the images that it may run, keys it reads and writes.
// open-telemetry/opentelemetry-operator internal/naming/main.go, pkg/sidecar/pod.go (0.60 to 0.158).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Namespace } from '../namespace.ts'
import type { Subject } from '../subject.ts'
import type { OpenTelemetrySettings } from './opentelemetry-settings.ts'
import type { Presence } from './presence.ts'

export const inject = 'sidecar.opentelemetry.io/inject'
export const injected = 'sidecar.opentelemetry.io/injected'

const releases = 'open-telemetry/opentelemetry-collector-releases'
const editions = ['', '-contrib', '-k8s', '-otlp'].map((one) => `opentelemetry-collector${one}`)
const repositories = editions.flatMap((one) => [
  `ghcr.io/${releases}/${one}`,
  `docker.io/otel/${one}`,
])

export function isCollectorImage(image: string, settings: OpenTelemetrySettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

export function openTelemetrySidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'otc-container' && one.kind !== 'ephemeral')
}

export const openTelemetryPresence: Presence<OpenTelemetrySettings> = {
  title: 'OpenTelemetry',
  source:
    'open-telemetry/opentelemetry-operator pkg/sidecar/pod.go and internal/manifests/collector/container.go, 0.60 to 0.158',
  sidecars: openTelemetrySidecars,
  own: (one, settings) =>
    one.name === 'otc-container' &&
    one.kind !== 'ephemeral' &&
    isCollectorImage(one.image, settings),
}

/** Which word counts, and whose it is; an empty one is none. pkg/sidecar/annotation.go annotationValue. */
export function effective(
  { pod }: Subject,
  namespace: Namespace,
): { value: string; of: 'pod' | 'namespace' } | null {
  const onPod = pod.annotations.get(inject) ?? ''
  const onNamespace = namespace.annotations.get(inject) ?? ''
  if (onPod === '' && onNamespace === '') return null
  if (onNamespace === '') return { value: onPod, of: 'pod' }
  if (onPod === '') return { value: onNamespace, of: 'namespace' }
  if (!says(onPod, 'true') || says(onNamespace, 'false')) return { value: onPod, of: 'pod' }
  return { value: onNamespace, of: 'namespace' }
}

export function says(value: string, word: 'true' | 'false'): boolean {
  return value.toLowerCase() === word
}
