// SPDX-License-Identifier: Apache-2.0
// What is kept of a NodeState: five thousand nodes say much that is the same, and it is kept once.

import type {
  NodeContainer,
  NodeLedgerRow,
  NodePolicy,
  NodeState,
  NodeStateStatus,
} from '../../policies/src/index.ts'

export type Mechanism = NodeStateStatus['kernel']['mechanisms'][number]
export type KernelContainer = Omit<NodeContainer, 'cgroup'>

export type NodeFacts = {
  node: string
  /** Of the Node, so that what is written about it goes with it. */
  uid: string | null
  version: string
  release: string
  mechanisms: readonly Mechanism[]
  problems: readonly string[]
  policies: readonly NodePolicy[]
  /** Which versions of which policies are in force; one object for nodes that agree. */
  inForce: { readonly marks: string }
  containers: readonly KernelContainer[]
  ledger: readonly NodeLedgerRow[]
  /** What found no room in the object: the truth is larger than this. */
  omitted: NodeStateStatus['omitted']
}

/** One object for all that say the same. */
export class Pool {
  #kept = new Map<string, WeakRef<object>>()
  #made = 0

  same<T extends object>(value: T): T {
    const key = JSON.stringify(value)
    const known = this.#kept.get(key)?.deref() as T | undefined
    if (known !== undefined) return known
    this.#kept.set(key, new WeakRef(value))
    this.#made += 1
    if (this.#made % 10_000 === 0)
      for (const [one, held] of this.#kept) if (held.deref() === undefined) this.#kept.delete(one)
    return value
  }
}

/** Null: the agent has said nothing yet. Whoever may write the object may write anything into it. */
export function factsOf(state: NodeState, pool: Pool): NodeFacts | null {
  const { status, metadata } = state
  if (status === undefined) return null
  const owners = metadata['ownerReferences'] as { kind: string; uid: string }[] | undefined
  const none = { policies: 0, containers: 0, ledger: 0 }
  return {
    node: metadata.name,
    uid: owners?.find(({ kind }) => kind === 'Node')?.uid ?? null,
    version: status.agent?.version ?? '',
    release: status.kernel?.release ?? '',
    mechanisms: pool.same(status.kernel?.mechanisms ?? []),
    problems: pool.same(status.problems ?? []),
    policies: pool.same((status.policies ?? []).map((one) => pool.same(one))),
    inForce: pool.same({ marks: status.inForce?.marks ?? '' }),
    containers: (status.containers ?? []).map((one) => ({
      ...(one.pod === undefined ? {} : { pod: one.pod }),
      ...(one.container === undefined ? {} : { container: one.container }),
      id: one.id.length === 64 ? one.id.slice(0, 12) : one.id,
      ...{ kind: one.kind, enforced: one.enforced, audited: one.audited },
      policies: pool.same(one.policies ?? []),
    })),
    ledger: status.ledger ?? [],
    omitted: status.omitted ?? none,
  }
}
