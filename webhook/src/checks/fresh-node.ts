// SPDX-License-Identifier: Apache-2.0
// A pod that started when its node was new: the CNI plugin may not have been there yet, and then nothing was
// redirected. Meshes hold such pods back by an init container that looks whether the redirect is there.

import { objectNamed, type ClusterObjects } from '../cluster-objects.ts'
import { text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

/** Milliseconds after a node was made in which its CNI agent may still be missing. */
const fresh = 5 * 60 * 1000

export function onFreshNode({ object }: Subject, objects: ClusterObjects): boolean {
  const node = objectNamed(objects, 'Node', text(object, 'spec', 'nodeName') ?? '')
  const made = Date.parse(text(node?.object, 'metadata', 'creationTimestamp') ?? '')
  const started = Date.parse(
    text(object, 'status', 'startTime') ?? text(object, 'metadata', 'creationTimestamp') ?? '',
  )
  // Not a number: not known. Every comparison with that is false.
  return started - made < fresh
}

/** istio/istio 1.12, linkerd2 2.13 and kuma 2.9 on; Consul has none. */
const validators = ['istio-validation', 'linkerd-network-validator', 'kuma-validation']

/** Where the plugin sets up the redirect and nothing waited for it. */
export function beforePlugin({
  subject,
  objects,
}: {
  subject: Subject
  objects: ClusterObjects
}): Hit[] {
  if (!subject.finished || !onFreshNode(subject, objects)) return []
  if (subject.pod.containers.some(({ name }) => validators.includes(name))) return []
  const message =
    'the pod started when its node was new, and nothing in it waited for the redirect of the CNI plugin'
  return [{ id: 'cni-race', path: `${subject.pod.prefix}spec.nodeName`, message }]
}
