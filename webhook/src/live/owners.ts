// SPDX-License-Identifier: Apache-2.0
// From a pod to the workload that people know: its Deployment, not its ReplicaSet; its CronJob, not its Job.

import { isTrue, list, text } from '../fields.ts'

type Owner = { kind: string; name: string }

/** A chain longer than this is not one that a controller made. */
const longest = 5

export class Owners {
  readonly #controllers = new Map<string, Owner>()

  /** Remembers who controls a workload. */
  add(object: unknown): void {
    const controller = controllerOf(object)
    if (controller === null) return
    const kind = text(object, 'kind') ?? ''
    const name = text(object, 'metadata', 'name') ?? ''
    this.#controllers.set(keyOf({ kind, name }, namespaceOf(object)), controller)
  }

  /** "Deployment/shop/cart"; null when nobody controls the pod. */
  of(pod: unknown): string | null {
    const namespace = namespaceOf(pod)
    let owner = controllerOf(pod)
    // A mirror pod belongs to its node: it stands for itself.
    if (owner === null || owner.kind === 'Node') return null
    for (let turn = 0; turn < longest; turn++) {
      const next = this.#controllers.get(keyOf(owner, namespace))
      if (next === undefined) break
      owner = next
    }
    return keyOf(owner, namespace)
  }
}

const namespaceOf = (object: unknown): string => text(object, 'metadata', 'namespace') ?? 'default'

const keyOf = ({ kind, name }: Owner, namespace: string): string => `${kind}/${namespace}/${name}`

function controllerOf(object: unknown): Owner | null {
  const found = list(object, 'metadata', 'ownerReferences').find((one) => isTrue(one, 'controller'))
  const kind = text(found, 'kind')
  const name = text(found, 'name')
  return kind === undefined || name === undefined ? null : { kind, name }
}
