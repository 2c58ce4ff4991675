// SPDX-License-Identifier: Apache-2.0
// What all nodes together say of each policy: on how many it is in force, where it failed and why, and what it denied or
// would have. So that `kubectl get` answers: what would enforcing stop?

import type { NodeFacts } from './node-facts.ts'
import { sumLedger, whatText } from './ledger-sums.ts'
import { markOf, readMarks, type NodeLedgerRow } from '../../policies/src/index.ts'
import type { Happening } from './events.ts'
import { cut } from './report.ts'
import type { Policy } from './status-writer.ts'

export type PolicyFold = {
  /** Nodes with an agent: each of them is to have every policy in force. */
  total: number
  /** Of these, with a container that it selects. */
  selected: number
  /** With its newest version in force. */
  ready: number
  /** In force, and the kernel cannot carry out all of it. */
  degraded: number
  failed: { node: string; reason: string }[]
  failures: number
  containers: number
  mechanisms: Map<string, number>
  ledger: NodeLedgerRow[]
  denied: number
  wouldDeny: number
  pods: Set<string>
}

export const statusLimits = { failures: 10, mechanisms: 10, wouldStop: 200, reason: 256 } as const

/** A policy as the API server has it now. */
export type NewestPolicy = { key: string; uid: string; generation: number }

export function foldPolicies(
  nodes: Iterable<NodeFacts>,
  newest: Iterable<NewestPolicy>,
): Map<string, PolicyFold> {
  const folds = new Map<string, PolicyFold>()
  const marks = new Map<string, number>()
  for (const { key, uid, generation } of newest) {
    marks.set(key, markOf(uid, generation))
    folds.set(key, {
      ...{ total: 0, selected: 0, ready: 0, degraded: 0, failed: [], failures: 0 },
      ...{ containers: 0, mechanisms: new Map(), ledger: [], denied: 0, wouldDeny: 0 },
      pods: new Set(),
    })
  }
  let total = 0
  /** Nodes that have the same in force by the same mechanism are asked together. */
  const alike = new Map<NodeFacts['inForce'], Map<string, number>>()
  for (const { node, mechanisms, inForce, policies, ledger } of nodes) {
    total += 1
    const isDegraded = mechanisms.some(({ degraded }) => degraded !== undefined)
    const exec = mechanisms.find(({ decision }) => decision === 'exec')?.mechanism ?? 'unknown'
    const by = alike.get(inForce) ?? new Map<string, number>()
    alike.set(inForce, by.set(exec, (by.get(exec) ?? 0) + 1))
    for (const one of policies) {
      const fold = folds.get(one.policy)
      if (fold === undefined) continue // deleted meanwhile
      fold.containers += one.containers
      if (one.containers > 0) fold.selected += 1
      if (one.state === 'failed') {
        fold.failures += 1
        fold.failed.push({
          node,
          reason: cut(one.reason ?? 'no reason given', statusLimits.reason),
        })
        // Bounded while it is gathered: every node may fail alike.
        if (fold.failed.length > 4 * statusLimits.failures) fold.failed = firstFailures(fold.failed)
      } else if (isDegraded && one.containers > 0) fold.degraded += 1
    }
    for (const row of ledger) {
      const fold = folds.get(row.policy ?? '')
      if (fold === undefined) continue
      if (row.verdict === 'denied') fold.denied += row.count
      else {
        fold.wouldDeny += row.count
        fold.ledger.push(row)
      }
      fold.pods.add(row.pod?.uid ?? `${node}/${row.subject ?? ''}`)
    }
  }
  for (const [{ marks: text }, by] of alike) {
    const there = readMarks(text)
    for (const [key, fold] of folds) {
      if (!there.has(marks.get(key) ?? -1)) continue
      for (const [mechanism, count] of by) {
        fold.ready += count
        fold.mechanisms.set(mechanism, (fold.mechanisms.get(mechanism) ?? 0) + count)
      }
    }
  }
  for (const fold of folds.values()) fold.total = total
  return folds
}

const firstFailures = (failed: PolicyFold['failed']): PolicyFold['failed'] =>
  failed.sort((a, b) => (a.node < b.node ? -1 : 1)).slice(0, statusLimits.failures)

export type PolicyStatus = {
  observedGeneration: number
  nodes: { total: number; selected: number; ready: number; degraded: number; failed: number }
  failures: { node: string; reason: string }[]
  mechanisms: { mechanism: string; nodes: number }[]
  containers: number
  denied: number
  wouldDeny: number
  wouldStop: string
  conditions: Condition[]
}

export type Condition = {
  type: string
  status: 'True' | 'False' | 'Unknown'
  observedGeneration: number
  lastTransitionTime: string
  reason: string
  message: string
}

export type KnownPolicy = {
  generation: number
  mode: string
  conditions: readonly Condition[]
}

/** Keeps since when a condition is as it is. */
export function conditionOf(
  { generation, conditions }: Pick<KnownPolicy, 'generation' | 'conditions'>,
  now: string,
) {
  return (
    type: string,
    status: Condition['status'],
    reason: string,
    message: string,
  ): Condition => {
    const before = conditions.find((one) => one.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message }
  }
}

/** `now`: when what changes today changes. */
export function statusOf(
  policy: KnownPolicy,
  fold: PolicyFold | undefined,
  now: string,
): PolicyStatus {
  const { generation } = policy
  const total = fold?.total ?? 0
  const ready = fold?.ready ?? 0
  const failures = fold?.failures ?? 0
  const degraded = fold?.degraded ?? 0
  const condition = conditionOf(policy, now)
  const isReady = total > 0 && ready === total
  const [first] = firstFailures([...(fold?.failed ?? [])])
  return {
    observedGeneration: generation,
    nodes: { total, selected: fold?.selected ?? 0, ready, degraded, failed: failures },
    failures: firstFailures([...(fold?.failed ?? [])]),
    mechanisms: [...(fold?.mechanisms ?? [])]
      .map(([mechanism, nodes]) => ({ mechanism, nodes }))
      .sort((a, b) => b.nodes - a.nodes || (a.mechanism < b.mechanism ? -1 : 1))
      .slice(0, statusLimits.mechanisms),
    containers: fold?.containers ?? 0,
    denied: fold?.denied ?? 0,
    wouldDeny: fold?.wouldDeny ?? 0,
    wouldStop: wouldStop(fold),
    conditions: [
      condition(
        'Ready',
        total === 0 ? 'Unknown' : isReady ? 'True' : 'False',
        total === 0 ? 'NoNode' : isReady ? 'InForce' : failures > 0 ? 'Failed' : 'Progressing',
        total === 0
          ? 'no agent has told of its node yet'
          : isReady
            ? `in force on ${ready === 1 ? 'the only node' : `all ${ready} nodes`}`
            : `in force on ${ready} of ${total} nodes${first === undefined ? '' : `; ${first.node}: ${first.reason}`}`,
      ),
      condition(
        'Degraded',
        degraded > 0 ? 'True' : 'False',
        degraded > 0 ? 'KernelLacks' : 'Whole',
        degraded > 0
          ? `the kernels of ${degraded} nodes cannot carry out all decisions (kubectl get nodestates)`
          : 'every kernel that runs a subject carries out every decision',
      ),
    ],
  }
}

/** The answer to "what would enforcing stop?", in the width of a column. */
export function wouldStop(fold: PolicyFold | undefined): string {
  const sums = sumLedger(fold?.ledger ?? [])
  const [first] = sums
  if (first === undefined) return 'nothing seen'
  const more = sums.length === 1 ? '' : ` and ${sums.length - 1} more`
  return cut(`${whatText(first)}${more}`, statusLimits.wouldStop)
}

/** Statuses by uid, as a StatusWriter asks for them. */
export function runtimeStatuses(
  nodes: ReadonlyMap<string, NodeFacts>,
): (policies: readonly Policy<PolicyStatus>[], now: string) => Map<string, PolicyStatus> {
  return (policies, now) => {
    const folds = foldPolicies(nodes.values(), policies)
    return new Map(
      policies.map(({ key, uid, generation, mode, status }) => {
        const conditions = status?.conditions ?? []
        return [uid, statusOf({ generation, mode, conditions }, folds.get(key), now)]
      }),
    )
  }
}

/** That there is something is no mere count. */
export function uncounted({
  denied = 0,
  wouldDeny = 0,
  ...rest
}: Partial<PolicyStatus>): Partial<PolicyStatus> {
  return { ...rest, denied: Math.sign(denied), wouldDeny: Math.sign(wouldDeny) }
}

/** What is told at a policy when its first condition has become this one. */
export function happeningOf({ reason, message }: Condition): Happening | null {
  const note = cut(message, 900)
  if (reason === 'InForce') return { type: 'Normal', reason: 'InForce', note }
  if (reason === 'Failed') return { type: 'Warning', reason: 'NotInForce', note }
  return reason === 'Refused' ? { type: 'Warning', reason: 'Refused', note } : null
}
