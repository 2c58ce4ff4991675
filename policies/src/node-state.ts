// SPDX-License-Identifier: Apache-2.0
// What a node's agent says of itself in the object NodeState: which policies are in force, which containers run under
// them, and what was or would have been denied. One object a node, so that one writer has it. Bounded: what matters
// most is kept, and what is left out is counted.
import { readMarks, writeMarks } from './policy-marks.ts'

export const nodeStateKind = {
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'NodeState',
  plural: 'nodestates',
} as const

export type PodName = { namespace: string; name: string; uid: string }

export type NodePolicy = {
  /** RuntimePolicy/shop/checkout. */
  policy: string
  /** Of the object; none where the policy came from a file. */
  uid?: string
  /** metadata.generation of what is in force; of what failed where nothing of it ever was. */
  generation?: number
  state: 'inForce' | 'failed'
  /** Why the newest version is not in force; an older one still is where `inForce` tells which. */
  reason?: string
  inForce?: number
  mode: 'audit' | 'enforce'
  /** Containers of this node that it selects. */
  containers: number
}

export type NodeContainer = {
  pod?: PodName
  container?: string
  /** Of the container runtime, or the last component of its cgroup. */
  id: string
  /** bare: started beside Kubernetes. unbound: in no subject. pending: of a pod that nobody told of yet. */
  kind: 'pod' | 'static' | 'bare' | 'unbound' | 'pending'
  cgroup: string
  /** At least one policy in enforce, or in audit, decides for it. */
  enforced: boolean
  audited: boolean
  policies: string[]
}

export type NodeLedgerRow = {
  /** null: the posture of what no policy selects, or a rail of the product itself. */
  policy: string | null
  decision: string
  verdict: 'denied' | 'wouldDeny'
  /** null: not known. */
  exe: string | null
  /** Address, file, privilege or socket family; none where the executable is all there is. */
  target?: string
  protocol?: string
  port?: number
  /** By which the address was learned. */
  name?: string
  count: number
  first: string
  last: string
  pod?: PodName
  container?: string
  /** Of what is no pod: the last component of its cgroup. */
  subject?: string
}

export type NodeStateStatus = {
  /** When the rest of this was first so. */
  observedAt: string
  agent: { version: string; started: string; pod?: string }
  kernel: {
    release: string
    mechanisms: { decision: string; mechanism: string; degraded?: string; better?: string }[]
  }
  /** Of the plan in force, and since when. */
  generation: number
  applied: string
  /** What keeps the newest state of the cluster from being in force. */
  problems: string[]
  /** Every policy that is in force in its newest version: how many, and as marks which. */
  inForce?: { count: number; marks: string }
  /** Those that failed or select something here; the others are in `inForce`. */
  policies: NodePolicy[]
  containers: NodeContainer[]
  ledger: NodeLedgerRow[]
  /** What found no room above. */
  omitted: { policies: number; containers: number; ledger: number }
  counters: Record<string, number>
}

export type NodeState = {
  apiVersion: typeof nodeStateKind.apiVersion
  kind: typeof nodeStateKind.kind
  metadata: { name: string; [field: string]: unknown }
  spec?: Record<string, never>
  status?: NodeStateStatus
}

export const nodeStateLimits = {
  bytes: 256 * 1024,
  problems: 20,
  policies: 2000,
  /** In force; what has no mark is not known to be. */
  marks: 20_000,
  containers: 600,
  ledger: 400,
  /** Of one text: a path may have 4,096 characters. */
  text: 512,
} as const

/** In the order in which they matter, and no more of each than there is room for. */
export function boundNodeState(
  status: NodeStateStatus,
  limits: Readonly<Record<keyof typeof nodeStateLimits, number>> = nodeStateLimits,
): NodeStateStatus {
  const { inForce, ...rest } = status
  const short: NodeStateStatus = {
    ...shortened(rest, limits.text),
    ...(inForce && {
      inForce: { ...inForce, marks: writeMarks(readMarks(inForce.marks), limits.marks) },
    }),
  }
  const problems = short.problems.slice(0, limits.problems)
  const policies = short.policies.toSorted(byRelevance).slice(0, limits.policies)
  const containers = short.containers.toSorted(byExposure).slice(0, limits.containers)
  const ledger = short.ledger.toSorted(byWeight).slice(0, limits.ledger)
  const bare = { ...short, problems, policies: [], containers: [], ledger: [] }
  // Three counts of what is omitted may have some digits more.
  let left = limits.bytes - sizeOf(bare) - 20
  const lists = [policies, containers, ledger].map((rows) => {
    const sizes = rows.map((row) => sizeOf(row) + 1)
    const all = sizes.reduce((sum, size) => sum + size, 0)
    left -= all
    return { rows, sizes, all }
  })
  // What takes most room gives way, the least of it first.
  while (left < 0) {
    const most = lists.reduce((a, b) => (b.all > a.all ? b : a))
    const size = most.sizes[most.rows.length - 1]
    if (size === undefined) break
    most.rows.pop()
    most.all -= size
    left += size
  }
  return {
    ...bare,
    policies: policies.sort(byText(({ policy }) => policy)),
    containers: containers.sort(byText(({ cgroup }) => cgroup)),
    ledger,
    omitted: {
      policies: status.omitted.policies + short.policies.length - policies.length,
      containers: status.omitted.containers + short.containers.length - containers.length,
      ledger: status.omitted.ledger + short.ledger.length - ledger.length,
    },
  }
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** The same state of the same node, whenever it was looked at. */
export function sameNodeState(some: NodeStateStatus, other: NodeStateStatus): boolean {
  const timeless = (status: NodeStateStatus) => JSON.stringify({ ...status, observedAt: '' })
  return timeless(some) === timeless(other)
}

/** The same but for how often something happened, and when last: that may be told later. */
export function sameButCounts(some: NodeStateStatus, other: NodeStateStatus): boolean {
  const uncounted = (status: NodeStateStatus) => ({
    ...status,
    counters: {},
    ledger: status.ledger
      .map((row) => JSON.stringify({ ...row, count: 0, first: '', last: '' }))
      .sort(),
  })
  return sameNodeState(
    uncounted(some) as unknown as NodeStateStatus,
    uncounted(other) as unknown as NodeStateStatus,
  )
}

/** Failures first, then what selects something here. */
const byRelevance = (a: NodePolicy, b: NodePolicy): number =>
  Number(b.state === 'failed') - Number(a.state === 'failed') ||
  Number(b.containers > 0) - Number(a.containers > 0) ||
  compare(a.policy, b.policy)

/** What slips past comes first: bare containers, what is in no subject, what nobody told of. */
const kindOrder: NodeContainer['kind'][] = ['unbound', 'pending', 'bare', 'static', 'pod']
const byExposure = (a: NodeContainer, b: NodeContainer): number =>
  kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) || compare(a.cgroup, b.cgroup)

/** Denials before what would be denied, the most frequent first. */
const byWeight = (a: NodeLedgerRow, b: NodeLedgerRow): number =>
  Number(b.verdict === 'denied') - Number(a.verdict === 'denied') ||
  b.count - a.count ||
  compare(b.last, a.last) ||
  compare(JSON.stringify(a), JSON.stringify(b))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byText =
  <T>(text: (one: T) => string) =>
  (a: T, b: T) =>
    compare(text(a), text(b))

/** The same value where nothing in it is too long: that is nearly always so, and copying it all takes a while. */
function shortened<T>(value: T, most: number): T {
  if (typeof value === 'string')
    return value.length <= most ? value : (`${value.slice(0, most - 1).toWellFormed()}…` as T)
  if (typeof value !== 'object' || value === null) return value
  let copy: T | undefined
  for (const key of Object.keys(value) as (keyof T)[]) {
    const short = shortened(value[key], most)
    if (short === value[key]) continue
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as T
    copy[key] = short
  }
  return copy ?? value
}
