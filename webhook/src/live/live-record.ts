// SPDX-License-Identifier: Apache-2.0
// What is kept of a pod or workload that is watched: who it is, whose it is, where it runs, and what admission knows of
// it. A few hundred bytes, since a cluster has many.

import { isTrue, list, text, type Fields } from '../fields.ts'
import type { Admission } from './admission.ts'
import { isOver } from './resources.ts'

export type OwnerName = {
  apiVersion: string
  kind: string
  namespace: string
  name: string
  uid: string
}

export type LiveRecord = OwnerName & {
  /** Its controller, one level up. */
  controller: Omit<OwnerName, 'namespace'> | null
  /** Of a pod: where it runs; '' while it waits for a node. */
  node: string
  /** Of a pod: containers that run, as far as the API server was told. */
  running: readonly string[]
  /** A mirror pod stands for one that the kubelet runs from a file; this is how the node calls that one. */
  mirrorOf: string | null
  /** False: the workload that makes it is judged in its place. */
  isJudged: boolean
  /** Null: not judged yet, or judged by its workload. */
  admission: Admission | null
}

/** A chain longer than this is not one that a controller made. */
const longest = 5

const strings = new Map<string, string>()
/** One string for all that are equal: nodes, namespaces and controllers are named by many pods. */
function shared(value: string): string {
  const known = strings.get(value)
  if (known !== undefined) return known
  if (strings.size > 200_000) strings.clear()
  strings.set(value, value)
  return value
}

/** Null: nothing of it runs any more. `kinds`: those that are judged in place of what they make. */
export function recordOf(object: Fields, kinds: ReadonlySet<string>): LiveRecord | null {
  const kind = text(object, 'kind') ?? ''
  const isPod = kind === 'Pod'
  if (isPod && isOver(object)) return null
  const controller = controllerOf(object)
  const isMirror = text(object, 'metadata', 'annotations', mirror) !== undefined
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']
  const running = statuses.flatMap((key) =>
    list(object, 'status', key)
      .filter((one) => text(one, 'state', 'running', 'startedAt') !== undefined)
      .map((one) => shared(text(one, 'name') ?? '')),
  )
  return {
    apiVersion: shared(text(object, 'apiVersion') ?? 'v1'),
    kind: shared(kind),
    namespace: shared(text(object, 'metadata', 'namespace') ?? ''),
    name: text(object, 'metadata', 'name') ?? '',
    uid: text(object, 'metadata', 'uid') ?? '',
    controller,
    node: isPod ? shared(text(object, 'spec', 'nodeName') ?? '') : '',
    running: isPod ? running : [],
    mirrorOf: isMirror ? (text(object, 'metadata', 'annotations', hash) ?? null) : null,
    isJudged: isPod || controller === null || !kinds.has(controller.kind),
    admission: null,
  }
}

const mirror = 'kubernetes.io/config.mirror'
const hash = 'kubernetes.io/config.hash'

function controllerOf(object: unknown): LiveRecord['controller'] {
  const found = list(object, 'metadata', 'ownerReferences').find((one) => isTrue(one, 'controller'))
  const [kind, name, uid] = [text(found, 'kind'), text(found, 'name'), text(found, 'uid')]
  if (kind === undefined || name === undefined || uid === undefined) return null
  const apiVersion = shared(text(found, 'apiVersion') ?? 'v1')
  return { apiVersion, kind: shared(kind), name: shared(name), uid: shared(uid) }
}

/** The workload at the top. A mirror pod belongs to its node: it stands for itself. */
export function ownerIn(records: ReadonlyMap<string, LiveRecord>, record: LiveRecord): OwnerName {
  const { namespace } = record
  let { apiVersion, kind, name, uid, controller } = record
  for (let turn = 0; turn < longest && controller !== null; turn++) {
    if (controller.kind === 'Node') break
    ;({ apiVersion, kind, name, uid } = controller)
    // fail open: whoever made the pod can write any owner into it. What the owner is, is read where it is known.
    controller = records.get(uid)?.controller ?? null
  }
  return { apiVersion, kind, namespace, name, uid }
}
