// SPDX-License-Identifier: Apache-2.0
// Decisions in a few words: grouped by the mechanism that carries them out.
import type { DecisionMechanism } from '../../enforcer/src/index.ts'

/** Such as "lsm: exec, code", in the order of decisions. */
export function byMechanism(rows: readonly DecisionMechanism[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { decision, mechanism } of rows)
    groups.set(mechanism, [...(groups.get(mechanism) ?? []), decision])
  return [...groups].map(
    ([mechanism, decisions]) =>
      `${mechanism === 'none' ? 'not decided here' : mechanism}: ${decisions.join(', ')}`,
  )
}
