// SPDX-License-Identifier: Apache-2.0
// The join: each running container with both truths, what admission knew of it and what the kernel enforces on it.

import type { AdmissionRow, LiveRecord } from '../../webhook/src/index.ts'
import type { KernelContainer } from './node-facts.ts'

export const joinStates = ['unbound', 'never-admitted', 'uncovered', 'unknown', 'covered'] as const
/**
 * unbound: in no subject of the kernel. never-admitted: started from a file or beside Kubernetes, so no injector ever
 * saw it. uncovered: admitted without its sidecar. unknown: nothing says which sidecar belongs to it.
 */
export type JoinState = (typeof joinStates)[number]

export const kernelStates = [
  ...(['enforced', 'audited', 'no-policy', 'pending', 'unbound', 'unseen'] as const),
] as const
/** unseen: no agent has told of it: none runs there, or it has not looked yet. */
export type KernelState = (typeof kernelStates)[number]

/** For people. */
export const kernelTitles: Record<KernelState, string> = {
  ...{ enforced: 'enforced', audited: 'audited', 'no-policy': 'no policy' },
  ...{ pending: 'pending', unbound: 'unbound', unseen: 'no agent' },
}

export type JoinRow = {
  state: JoinState
  node: string
  /** '' of what is no pod. */
  namespace: string
  /** Deployment/shop/cart; null: of nobody. */
  workload: string | null
  pod: string | null
  container: string
  id: string | null
  admission: { verdict: string; mesh: string | null; reason: string | null }
  kernel: KernelState
  policies: readonly string[]
}

const notAsked = { verdict: 'unknown', mesh: null, reason: 'not-judged' } as const

/** The containers of one pod that the API server knows. */
export function joinPod(
  pod: LiveRecord,
  workload: string,
  node: string,
  kernel: readonly KernelContainer[],
): JoinRow[] {
  const told = new Map(kernel.map((one) => [one.container ?? one.id, one]))
  const names = new Set([...pod.running, ...told.keys()])
  const worst = worstOf(pod.admission?.rows ?? [])
  // What the API server shows of a static pod is an image of it, made after it ran.
  const isStatic = pod.mirrorOf !== null || kernel.some(({ kind }) => kind === 'static')
  return [...names].map((name) => {
    const one = told.get(name)
    const state = kernelStateOf(one)
    return {
      state: state === 'unbound' ? 'unbound' : isStatic ? 'never-admitted' : admitted(worst),
      node: pod.node === '' ? node : pod.node,
      namespace: pod.namespace,
      workload,
      pod: pod.name,
      container: one?.container ?? name,
      id: one?.id ?? null,
      admission: isStatic ? { ...worst, reason: 'static-pod' } : worst,
      kernel: state,
      policies: one?.policies ?? [],
    }
  })
}

/** A container that the node tells of and the API server does not know. */
export function joinStray(node: string, one: KernelContainer): JoinRow {
  const state = kernelStateOf(one)
  const reason =
    one.kind === 'bare'
      ? 'beside-kubernetes'
      : one.kind === 'static'
        ? 'static-pod'
        : one.pod === undefined
          ? 'no-pod'
          : 'no-such-pod'
  return {
    state: state === 'unbound' ? 'unbound' : 'never-admitted',
    node,
    namespace: one.pod?.namespace ?? '',
    workload: null,
    pod: one.pod?.name ?? null,
    container: one.container ?? one.id,
    id: one.id,
    admission: { verdict: 'never-admitted', mesh: null, reason },
    kernel: state,
    policies: one.policies,
  }
}

export function kernelStateOf(one: KernelContainer | undefined): KernelState {
  if (one === undefined) return 'unseen'
  if (one.kind === 'unbound') return 'unbound'
  if (one.kind === 'pending') return 'pending'
  return one.enforced ? 'enforced' : one.audited ? 'audited' : 'no-policy'
}

/** Of several meshes the one that covers least. */
const order = ['not-injected', 'rejected', 'blind', 'cannot-be-covered', 'unknown', 'exempted']

function worstOf(rows: readonly AdmissionRow[]): JoinRow['admission'] {
  const rank = ({ verdict }: AdmissionRow) => {
    const at = order.indexOf(verdict)
    return at === -1 ? order.length : at
  }
  const [worst] = rows.toSorted((a, b) => rank(a) - rank(b))
  if (worst === undefined) return notAsked
  return { verdict: worst.verdict, mesh: worst.mesh, reason: worst.reason }
}

function admitted({ verdict }: JoinRow['admission']): JoinState {
  if (verdict === 'covered' || verdict === 'exempted') return 'covered'
  return verdict === 'unknown' ? 'unknown' : 'uncovered'
}

/** What slips past most comes first; then by place. */
export function byExposure(a: JoinRow, b: JoinRow): number {
  const text = (row: JoinRow) =>
    [row.namespace, row.workload ?? '', row.pod ?? '', row.node, row.container].join('\u0000')
  const rank = joinStates.indexOf(a.state) - joinStates.indexOf(b.state)
  if (rank !== 0) return rank
  const [some, other] = [text(a), text(b)]
  return some < other ? -1 : some > other ? 1 : 0
}

export type JoinSums = Record<JoinState, number>

export function sumsOf(rows: Iterable<Pick<JoinRow, 'state'>>): JoinSums {
  const sums = Object.fromEntries(joinStates.map((state) => [state, 0])) as JoinSums
  for (const { state } of rows) sums[state] += 1
  return sums
}
