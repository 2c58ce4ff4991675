// SPDX-License-Identifier: Apache-2.0
// What the Jaeger operator adds: its container, the images that it may run, keys it reads and writes.
// jaegertracing/jaeger-operator pkg/inject/sidecar.go (1.31 to 1.65).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { JaegerSettings } from './jaeger-settings.ts'
import type { Presence } from './presence.ts'

export const inject = 'sidecar.jaegertracing.io/inject'
export const injected = 'sidecar.jaegertracing.io/injected'

const repositories = [
  'docker.io/jaegertracing/jaeger-agent',
  'quay.io/jaegertracing/jaeger-agent',
  'registry.redhat.io/rhosdt/jaeger-agent-rhel8',
  'registry.redhat.io/distributed-tracing/jaeger-agent-rhel8',
]

export function isJaegerImage(image: string, settings: JaegerSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

export function jaegerSidecars({ pod }: Subject): Container[] {
  return pod.containers.filter((one) => one.name === 'jaeger-agent' && one.kind !== 'ephemeral')
}

export const jaegerPresence: Presence<JaegerSettings> = {
  title: 'Jaeger',
  source: 'jaegertracing/jaeger-operator pkg/inject/sidecar.go container, 1.31 to 1.65',
  sidecars: jaegerSidecars,
  own: (one, settings) =>
    one.name === 'jaeger-agent' && one.kind !== 'ephemeral' && isJaegerImage(one.image, settings),
}

/** The object that the operator looks at: the Deployment itself, or one of which only a pod is seen here. */
export function deploymentSeen(subject: Subject): 'itself' | 'its pod' | null {
  const { kind, apiVersion, owner, finished } = subject
  // Whoever writes a pod can write any owner into it.
  if (kind === 'Pod' && !finished) return null
  if (kind === 'Deployment') return apiVersion.startsWith('apps/') ? 'itself' : null
  const made =
    kind === 'Pod' ? ['Deployment', 'ReplicaSet'] : kind === 'ReplicaSet' ? ['Deployment'] : []
  return made.includes(owner.kind) ? 'its pod' : null
}
