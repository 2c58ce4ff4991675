// SPDX-License-Identifier: Apache-2.0
// Both gates say that the pod gets its sidecar, and it has none: the call failed or never happened.
// What the cluster tells of times says which.

import { objectNamed, ofAll, ofKind, type ClusterObjects } from '../cluster-objects.ts'
import { list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Mesh, MeshInput } from '../meshes/mesh.ts'

export function missedCall(mesh: Mesh, { subject, calls, objects }: MeshInput): Hit {
  const path = `${subject.pod.prefix}spec.containers`
  const called = calls
    .filter(({ verdict }) => verdict.outcome === 'called')
    .map(({ injector }) => injector)
  const created = Date.parse(text(subject.object, 'metadata', 'creationTimestamp') ?? '')
  const registered = called.map(({ configuration }) =>
    Date.parse(
      text(
        objectNamed(objects, 'MutatingWebhookConfiguration', configuration)?.object,
        'metadata',
        'creationTimestamp',
      ) ?? '',
    ),
  )
  // Not a number: not known. Every comparison with that is false.
  if (registered.length > 0 && registered.every((time) => created < time)) {
    const message = `the pod is older than the ${mesh.title} injector; a new one would get the sidecar`
    return { id: 'pods-predate-injection', path, message }
  }
  const open = called.find((one) => one.failurePolicy === 'Ignore')
  if (open === undefined && registered.length > 0 && registered.every((time) => created > time)) {
    const message = `every entry of the ${mesh.title} injector refuses pods when it does not answer: the pod came past admission`
    return { id: 'etcd-or-restore', path, message, effect: 'not-injected', severity: 'high' }
  }
  if (open !== undefined && afterRestart(created, objects)) {
    const message = `the pod came back with the nodes of the cluster, before the ${mesh.title} injector did`
    return { id: 'bootstrap-window', path, message }
  }
  const how =
    open === undefined
      ? 'it was away, or the pod is older than it'
      : `its entry "${open.name}" lets pods pass when it does not answer`
  return {
    id: 'failure-policy-ignore',
    path,
    message: `the ${mesh.title} injector should have added its sidecar and did not: ${how}`,
  }
}

/** How long a cluster takes to come up. */
const window = 10 * 60 * 1000

/** Every node got ready around the time at which the pod was made; with one new node only, it is no restart. */
function afterRestart(created: number, objects: ClusterObjects): boolean {
  const { first, last } = readyTimes(ofKind(objects, 'Node'))
  return created - first <= window && last - created <= window
}

/** Of all nodes. Not a number, and so equal to nothing: there is none, or one that does not tell. */
export const readyTimes = ofAll((nodes) => {
  let [first, last] = nodes.length === 0 ? [Number.NaN, Number.NaN] : [Infinity, -Infinity]
  for (const { object } of nodes) {
    const condition = list(object, 'status', 'conditions').find(
      (one) => text(one, 'type') === 'Ready',
    )
    const time = Date.parse(text(condition, 'lastTransitionTime') ?? '')
    first = Math.min(first, time)
    last = Math.max(last, time)
  }
  return { first, last }
})
