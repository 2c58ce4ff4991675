// SPDX-License-Identifier: Apache-2.0
// What the cluster says of each CoveragePolicy: whether it is in force as it is written, how many pods run in the namespaces
// that it governs, and how many of them go around a sidecar that it asks for, exempted or not.

import { requirements, type LoadedCoverage } from '../../policies/src/index.ts'
import type { LiveCluster, LiveRecord, Namespace } from '../../webhook/src/index.ts'
import { conditionOf, type Condition } from './policy-fold.ts'
import { cut } from './report.ts'
import type { Policy } from './status-writer.ts'

export type CoverageStatus = {
  observedGeneration: number
  pods: number
  uncovered: number
  conditions: Condition[]
}

export type CoverageSums = { pods: number; uncovered: number }

const around: ReadonlySet<string> = new Set([
  ...['not-injected', 'rejected', 'blind', 'cannot-be-covered'],
])
const longest = 500

/** By the key of the policy. */
export function foldCoverage(
  policies: readonly LoadedCoverage[],
  namespaces: ReadonlyMap<string, Namespace>,
  records: Iterable<LiveRecord>,
): Map<string, CoverageSums> {
  const sums = new Map(policies.map(({ key }) => [key, { pods: 0, uncovered: 0 }]))
  /** What is asked in a namespace: the same for all of its pods. */
  const asked = new Map<string, { sum: CoverageSums | undefined; meshes: readonly string[] }[]>()
  const askedIn = (name: string) => {
    const known = asked.get(name)
    if (known !== undefined) return known
    const labels = Object.fromEntries(namespaces.get(name)?.labels ?? [])
    const made = requirements(policies, { name, labels }).map(({ loaded, meshes }) => ({
      ...{ sum: sums.get(loaded.key), meshes },
    }))
    asked.set(name, made)
    return made
  }
  for (const { kind, namespace, node, admission } of records) {
    // One that waits for a node does not run yet.
    if (kind !== 'Pod' || node === '') continue
    for (const { sum, meshes } of askedIn(namespace)) {
      if (sum === undefined) continue
      sum.pods += 1
      const goesAround = admission?.rows.some(
        ({ mesh, verdict }) => mesh !== null && meshes.includes(mesh) && around.has(verdict),
      )
      if (goesAround === true) sum.uncovered += 1
    }
  }
  return sums
}

/** Statuses by uid, as a StatusWriter asks for them. */
export function coverageStatuses(
  live: Pick<LiveCluster, 'around' | 'records' | 'refusedPolicies'>,
): (policies: readonly Policy<CoverageStatus>[], now: string) => Map<string, CoverageStatus> {
  return (policies, now) => {
    const known = live.around()?.knowledge
    if (known === undefined) return new Map()
    const sums = foldCoverage(known.policies, known.namespaces, live.records.values())
    const refused = live.refusedPolicies()
    return new Map(
      policies.flatMap(({ key, uid, name, generation, status }) => {
        if (!sums.has(key) && !refused.has(name)) return []
        const accepted = acceptedOf(refused.get(name) ?? [], sums.has(key))
        const before = { generation, conditions: status?.conditions ?? [] }
        const { pods, uncovered } = sums.get(key) ?? { pods: 0, uncovered: 0 }
        const conditions = [conditionOf(before, now)('Accepted', ...accepted)]
        return [[uid, { observedGeneration: generation, pods, uncovered, conditions }] as const]
      }),
    )
  }
}

function acceptedOf(
  problems: readonly string[],
  isKnown: boolean,
): ['True' | 'False', string, string] {
  const [first] = problems
  if (first === undefined) return ['True', 'AsWritten', 'in force as it is written']
  const instead = isKnown ? 'what it said before stays in force' : 'nothing of it is in force'
  return ['False', 'Refused', `${cut(first, longest)}; ${instead}`]
}
