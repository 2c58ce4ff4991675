// SPDX-License-Identifier: Apache-2.0
// Everything the controller knows, and what of it changed: records of the API server on one side, what nodes say on the
// other, joined by pods. Whoever asks for a workload gets plain data.

import type { NodeLedgerRow } from '../../policies/src/index.ts'
import { ownerIn, type LiveRecord, type OwnerName } from '../../webhook/src/index.ts'
import { joinPod, joinStray, type JoinRow } from './join.ts'
import { sumLedger, type LedgerSum } from './ledger-sums.ts'
import type { KernelContainer, NodeFacts } from './node-facts.ts'
import type { WorkloadFacts } from './report.ts'

type OnNode = { node: string; containers: KernelContainer[]; ledger: NodeLedgerRow[] }

export class Picture {
  readonly nodes = new Map<string, NodeFacts>()
  readonly #records: ReadonlyMap<string, LiveRecord>
  /** Who is controlled by whom, by uid. */
  readonly #children = new Map<string, Set<string>>()
  readonly #parents = new Map<string, string>()
  /** Static pods by the name that their node has for them. */
  readonly #mirrors = new Map<string, string>()
  /** By the uid of the pod. */
  readonly #kernel = new Map<string, OnNode>()
  /** Records and nodes to be looked at. */
  #dirty = new Map<string, LiveRecord>()
  #dirtyNodes = new Set<string>()

  constructor(records: ReadonlyMap<string, LiveRecord>) {
    this.#records = records
  }

  /** Came, changed or went: the record itself tells which by being the one that is known. */
  changed(records: readonly LiveRecord[]): void {
    for (const record of records) {
      const { uid, controller, mirrorOf } = record
      this.#dirty.set(uid, record)
      const parent = this.#parents.get(uid)
      if (parent !== undefined) this.#forget(uid, parent)
      if (this.#records.get(uid) === undefined) {
        if (mirrorOf !== null) this.#mirrors.delete(mirrorOf)
        continue
      }
      if (mirrorOf !== null) this.#mirrors.set(mirrorOf, uid)
      if (controller === null) continue
      this.#parents.set(uid, controller.uid)
      const children = this.#children.get(controller.uid)
      if (children === undefined) this.#children.set(controller.uid, new Set([uid]))
      else children.add(uid)
    }
  }

  #forget(uid: string, parent: string): void {
    this.#parents.delete(uid)
    const children = this.#children.get(parent)
    children?.delete(uid)
    if (children?.size === 0) this.#children.delete(parent)
  }

  /** Null: the node is gone, or says nothing. */
  told(node: string, facts: NodeFacts | null): void {
    const before = this.nodes.get(node)
    const [was, is] = [byPod(before), byPod(facts ?? undefined)]
    for (const [uid, old] of was) {
      if (is.has(uid)) continue
      // Another node may have it by now.
      if (this.#kernel.get(uid)?.node === node) this.#kernel.delete(uid)
      this.#touch(uid, old)
    }
    for (const [uid, now] of is) {
      const old = was.get(uid)
      this.#kernel.set(uid, now)
      if (old === undefined || JSON.stringify(old) !== JSON.stringify(now)) this.#touch(uid, now)
    }
    if (facts === null) this.nodes.delete(node)
    else this.nodes.set(node, facts)
  }

  #touch(uid: string, { node }: OnNode): void {
    const record = this.#recordOf(uid)
    if (record === undefined) this.#dirtyNodes.add(node)
    else this.#dirty.set(record.uid, record)
  }

  #recordOf(uid: string): LiveRecord | undefined {
    return this.#records.get(uid) ?? this.#records.get(this.#mirrors.get(uid) ?? '')
  }

  get dirty(): number {
    return this.#dirty.size + this.#dirtyNodes.size
  }

  /** What has to be reported anew, and what was reported by itself and is part of another now. */
  takeDirty(): { owners: Map<string, OwnerName>; subordinate: Set<string>; nodes: Set<string> } {
    const owners = new Map<string, OwnerName>()
    const subordinate = new Set<string>()
    for (const record of this.#dirty.values()) {
      const owner = ownerIn(this.#records, record)
      owners.set(owner.uid, owner)
      if (owner.uid !== record.uid) subordinate.add(record.uid)
      // A pod that came before anybody told of it was its node's.
      const kernel = this.#kernel.get(record.uid) ?? this.#kernel.get(record.mirrorOf ?? '')
      if (kernel !== undefined) this.#dirtyNodes.add(kernel.node)
    }
    const nodes = this.#dirtyNodes
    this.#dirty = new Map()
    this.#dirtyNodes = new Set()
    return { owners, subordinate, nodes }
  }

  touchAll(): void {
    for (const record of this.#records.values()) this.#dirty.set(record.uid, record)
    for (const node of this.nodes.keys()) this.#dirtyNodes.add(node)
  }

  touch(uid: string): void {
    const record = this.#records.get(uid)
    if (record !== undefined) this.#dirty.set(uid, record)
    for (const child of this.#children.get(uid) ?? []) this.touch(child)
  }

  touchNode(node: string): void {
    this.#dirtyNodes.add(node)
  }

  /** At the top, and there. */
  isOwner(uid: string): boolean {
    const own = this.#records.get(uid)
    if (own !== undefined) return ownerIn(this.#records, own).uid === uid
    return (this.#children.get(uid)?.size ?? 0) > 0
  }

  /** Null: there is no such workload (any more). */
  workload(owner: OwnerName): WorkloadFacts | null {
    const own = this.#records.get(owner.uid)
    const pods = this.#podsOf(owner.uid)
    if (own === undefined && pods.length === 0) return null
    const workload = nameOf(owner)
    const rows = pods.flatMap((pod) => this.#joined(pod, workload))
    const ledger = sumLedger(pods.flatMap((pod) => this.#kernelOf(pod)?.ledger ?? []))
    const template = own?.kind === 'Pod' ? null : (own?.admission ?? null)
    return { owner, template, pods, rows, ledger }
  }

  /** What runs on a node and is no pod of the API server. */
  strays(node: string): { rows: JoinRow[]; ledger: LedgerSum[] } {
    const facts = this.nodes.get(node)
    const isStray = (pod: { uid: string } | undefined) =>
      pod === undefined || this.#recordOf(pod.uid) === undefined
    const rows = (facts?.containers ?? [])
      .filter(({ pod }) => isStray(pod))
      .map((one) => joinStray(node, one))
    return { rows, ledger: sumLedger((facts?.ledger ?? []).filter(({ pod }) => isStray(pod))) }
  }

  /** Every container that runs. */
  *rows(): Generator<JoinRow> {
    for (const record of this.#records.values()) {
      if (record.kind !== 'Pod') continue
      yield* this.#joined(record, nameOf(ownerIn(this.#records, record)))
    }
    for (const node of this.nodes.keys()) yield* this.strays(node).rows
  }

  /** Everything that was denied or would be, with the workload it belongs to; null: to no pod of the API server. */
  *ledger(): Generator<{ workload: string | null; node: string; row: NodeLedgerRow }> {
    for (const { node, ledger } of this.nodes.values())
      for (const row of ledger) {
        const record = row.pod === undefined ? undefined : this.#recordOf(row.pod.uid)
        const workload = record === undefined ? null : nameOf(ownerIn(this.#records, record))
        yield { workload, node, row }
      }
  }

  #podsOf(uid: string): LiveRecord[] {
    const own = this.#records.get(uid)
    const below = [...(this.#children.get(uid) ?? [])].flatMap((child) => this.#podsOf(child))
    return own?.kind === 'Pod' ? [own, ...below] : below
  }

  #kernelOf(pod: LiveRecord): OnNode | undefined {
    return this.#kernel.get(pod.uid) ?? this.#kernel.get(pod.mirrorOf ?? '')
  }

  #joined(pod: LiveRecord, workload: string): JoinRow[] {
    const kernel = this.#kernelOf(pod)
    return joinPod(pod, workload, kernel?.node ?? '', kernel?.containers ?? [])
  }
}

/** Deployment/shop/cart */
export const nameOf = ({ kind, namespace, name }: OwnerName): string =>
  namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`

function byPod(facts: NodeFacts | undefined): Map<string, OnNode> {
  const found = new Map<string, OnNode>()
  const at = (uid: string, node: string): OnNode => {
    const known = found.get(uid)
    if (known !== undefined) return known
    const made: OnNode = { node, containers: [], ledger: [] }
    found.set(uid, made)
    return made
  }
  if (facts === undefined) return found
  const { node, containers, ledger } = facts
  // What is no pod is the node's own: under a name that no pod has.
  for (const one of containers) at(one.pod?.uid ?? `node/${node}`, node).containers.push(one)
  for (const one of ledger) at(one.pod?.uid ?? `node/${node}`, node).ledger.push(one)
  return found
}
