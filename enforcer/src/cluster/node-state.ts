// SPDX-License-Identifier: Apache-2.0
// What the agent tells of its node: policies, containers, the ledger in words and counters, as the object NodeState.
import { release } from 'node:os'
import {
  boundNodeState,
  nodeStateLimits,
  writeMarks,
  type NodeLedgerRow,
  type NodePolicy,
  type NodeStateStatus,
} from '../../../policies/src/index.ts'
import type { Inside } from '../enforce.ts'
import type { KnownPod } from '../identity/pods.ts'
import { pendingKey } from '../plan/pending.ts'
import { readCounters } from '../kernel/maps.ts'
import { readRecords, readRest, type Record as LedgerRecord } from '../report/records.ts'
import type { State } from '../state.ts'
import { containersOf, podName } from './containers.ts'

export interface NodeStateParts {
  inside: Inside
  state: State
  version: string
  /** namespace/name of the agent's own pod. */
  pod?: string
  policies: (containers: ReadonlyMap<string, number>) => NodePolicy[]
  /** Of what is in force in its newest version. */
  marks: readonly number[]
  now: number
}

/** `pause`: lets others do something meanwhile. */
export async function nodeStateOf(
  parts: NodeStateParts,
  pause: () => Promise<void>,
): Promise<NodeStateStatus> {
  const { inside, state, version, pod, now } = parts
  const { tables, input } = inside
  const containers = await containersOf(inside, state.cgroup, pause)
  const selected = new Map<string, number>()
  for (const { policies } of containers)
    for (const key of policies) selected.set(key, (selected.get(key) ?? 0) + 1)
  await pause()
  const byUid = new Map(input.pods.map((one) => [one.uid, one]))
  const records = readRecords(tables, new Map(Object.entries(state.pods)))
  const audited = new Set([
    pendingKey,
    ...state.loaded.flatMap(({ key, mode }) => (mode === 'audit' ? [key] : [])),
  ])
  const ledger = records
    .filter((record) => isStill(record, audited))
    .map((record) => ledgerRow(record, byUid))
  const counters = readCounters(tables.counters)
  const sum = (outcome: LedgerRecord['outcome']) =>
    [...records, ...readRest(tables)].reduce(
      (all, one) => all + (one.outcome === outcome ? one.count : 0),
      0,
    )
  await pause()
  const of = (kind: string) => containers.filter((one) => one.kind === kind).length
  return boundNodeState({
    observedAt: new Date(now).toISOString(),
    agent: { version, started: state.started, ...(pod !== undefined && { pod }) },
    kernel: {
      release: release(),
      mechanisms: state.mechanisms.map(({ decision, mechanism, degraded, better }) => ({
        decision,
        mechanism,
        ...(degraded && { degraded }),
        ...(better && { better }),
      })),
    },
    generation: state.generation,
    applied: state.applied,
    problems: state.problems,
    inForce: { count: parts.marks.length, marks: writeMarks(parts.marks, nodeStateLimits.marks) },
    policies: parts
      .policies(selected)
      .filter((one) => one.state === 'failed' || one.containers > 0),
    containers,
    ledger,
    omitted: { policies: 0, containers: 0, ledger: 0 },
    counters: {
      denied: sum('denied'),
      wouldDeny: sum('would-deny'),
      ledgerOther: counters.ledger_other ?? 0,
      ledgerNowhere: counters.ledger_nowhere ?? 0,
      eventsLost: counters.lost ?? 0,
      pendingPods: counters.pending ?? 0,
      signalFailed: counters.signal_failed ?? 0,
      containers: containers.length,
      bare: of('bare'),
      unbound: of('unbound'),
      pending: of('pending'),
    },
  })
}

/** What a policy let through in audit is no longer what enforcing would stop, once it enforces, or is gone. */
const isStill = ({ outcome, policy }: LedgerRecord, audited: ReadonlySet<string>): boolean =>
  outcome === 'denied' || policy === null || audited.has(policy)

function ledgerRow(record: LedgerRecord, pods: ReadonlyMap<string, KnownPod>): NodeLedgerRow {
  const { subject, target, decision, name } = record
  const pod = subject.pod === undefined ? undefined : pods.get(subject.pod)
  const about =
    target?.address ?? record.file ?? record.privilege ?? record.socket ?? record.attacked
  return {
    policy: record.policy === pendingKey ? null : record.policy,
    decision,
    verdict: record.outcome === 'denied' ? 'denied' : 'wouldDeny',
    exe: record.executable,
    ...(about !== undefined && about !== null && { target: about }),
    ...(target && { protocol: target.protocol }),
    ...(target && target.port !== null && { port: target.port }),
    ...(name !== undefined && { name }),
    count: record.count,
    first: record.first,
    last: record.last,
    ...(pod ? { pod: podName(pod) } : { subject: subject.name }),
  }
}
