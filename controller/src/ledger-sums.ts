// SPDX-License-Identifier: Apache-2.0
// What many nodes and pods had denied, or would have: the same program doing the same is one row with its sum.

import type { NodeLedgerRow } from '../../policies/src/index.ts'

export type LedgerSum = Omit<NodeLedgerRow, 'pod' | 'container' | 'subject'> & {
  /** Distinct pods, or subjects that are none. */
  subjects: number
  containers: readonly string[]
}

const mostContainers = 5

export type PlacedSum = LedgerSum & {
  /** Deployment/shop/cart; null: of no pod that the API server knows. */
  workload: string | null
  /** Where there is none: the node, and the pod that it tells of or the last component of the cgroup. */
  node?: string
  subject?: string
}

type PlacedRow = { workload: string | null; node: string; row: NodeLedgerRow }

/** The same by workload, and by subject where there is none. */
export function sumPlaced(rows: Iterable<PlacedRow>): PlacedSum[] {
  const places = Map.groupBy(rows, ({ workload, node, row }) =>
    JSON.stringify(workload === null ? [node, strayName(row)] : [workload]),
  )
  return [...places.values()]
    .flatMap((group): PlacedSum[] => {
      const [first] = group
      if (first === undefined) return []
      const { workload, node, row } = first
      const stray = workload === null ? { node, subject: strayName(row) } : {}
      return sumLedger(group.map((one) => one.row)).map((sum) => ({ ...sum, workload, ...stray }))
    })
    .sort(byWeight)
}

const strayName = ({ subject, container, pod }: NodeLedgerRow): string =>
  pod?.name ?? subject ?? container ?? ''

export function sumLedger(rows: Iterable<NodeLedgerRow>): LedgerSum[] {
  const sums = new Map<string, LedgerSum & { who: Set<string>; names: Set<string> }>()
  for (const { pod, container, subject, count, first, last, ...what } of rows) {
    const { policy, decision, verdict, exe, target, protocol, port, name } = what
    const key = JSON.stringify([policy, decision, verdict, exe, target, protocol, port, name])
    const known = sums.get(key)
    const sum = known ?? {
      ...what,
      ...{ count: 0, first, last, subjects: 0, containers: [] },
      ...{ who: new Set<string>(), names: new Set<string>() },
    }
    if (known === undefined) sums.set(key, sum)
    sum.count += count
    if (first < sum.first) sum.first = first
    if (last > sum.last) sum.last = last
    sum.who.add(pod?.uid ?? subject ?? '')
    if (container !== undefined && sum.names.size < mostContainers) sum.names.add(container)
  }
  return [...sums.values()]
    .map(({ who, names, ...sum }) => ({
      ...sum,
      subjects: who.size,
      containers: [...names].sort(),
    }))
    .sort(byWeight)
}

const byWeight = (a: LedgerSum, b: LedgerSum): number =>
  Number(b.verdict === 'denied') - Number(a.verdict === 'denied') ||
  b.count - a.count ||
  (whatText(a) < whatText(b) ? -1 : 1)

/** What a program does to its node or to others, rather than what it looks at or asks for. */
export const isGrave = ({ decision }: Pick<LedgerSum, 'decision'>): boolean =>
  ['exec', 'code', 'privilege', 'guard', 'protocol'].includes(decision)

/** "/usr/bin/curl, connection to 1.2.3.4:443/TCP": what was tried, in a few words. */
export function whatText({ decision, exe, target, protocol, port, name }: LedgerSum): string {
  const who = exe ?? 'a program without a known path'
  if (decision === 'exec' && target === undefined) return `start of ${who}`
  const at = target?.includes(':') === true && port !== undefined ? `[${target}]` : (target ?? '')
  const place = `${at}${port === undefined ? '' : `:${port}`}${protocol === undefined ? '' : `/${protocol}`}`
  const named = name === undefined ? '' : ` (${name})`
  return `${decision} ${place}${named} by ${who}`.replace(/ {2,}/g, ' ')
}
