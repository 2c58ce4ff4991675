// SPDX-License-Identifier: Apache-2.0
// Is what the files say in force? And who is bound by what, read from the kernel's maps.
import { statSync } from 'node:fs'
import type { LedgerRecord, State, Tables } from '../../enforcer/src/index.ts'
import { podNames } from './ledger.ts'
import type { Enforcer } from './enforcer.ts'
import { selectingOf, type Planned } from './planning.ts'

/** Twice as long as the agent takes to look at the files again. */
const lookMs = 4000

/** null: in force. Otherwise why not yet. */
export function pending(state: State, planned: Planned, now = Date.now()): string | null {
  if (state.problems.length > 0) return `the files have problems: ${state.problems.join('; ')}`
  const loaded = new Map(state.loaded.map((one) => [one.key, one]))
  for (const { key, policy } of planned.policies) {
    const found = loaded.get(key)
    const mode = policy.spec.mode ?? 'audit'
    if (!found) return `${key} is not loaded yet`
    if (found.mode !== mode) return `${key} is still in ${found.mode}`
  }
  const extra = state.loaded.find(({ key }) => !planned.policies.some((one) => one.key === key))
  if (extra) return `${extra.key} is still loaded`
  // Names and modes may be the same after an edit; one that is older than two looks has been seen.
  const newest = Math.max(0, ...planned.texts.map(({ file }) => modified(file)))
  if (Date.parse(state.applied) < newest && now - newest < lookMs)
    return 'a change of the files was not looked at yet'
  return null
}

function modified(file: string): number {
  try {
    return statSync(file).mtimeMs
  } catch {
    return 0
  }
}

export interface BoundSubject extends Pick<LedgerRecord, 'subject'> {
  policies: string[]
}

/**
 * Everything that policies bind now. Which policies those are is asked of the files; without files the kernel tells of
 * those it can blame, which leaves out policies that only allow.
 */
export function boundSubjects(
  enforcer: Enforcer,
  tables: Tables,
  state: State | null,
  planned: Planned | null,
): BoundSubject[] {
  const describer = new enforcer.Describer(tables, podNames(state))
  const blamed = blamedPolicies(tables)
  const found: BoundSubject[] = []
  for (const [{ value: id }, row] of tables.subjects.entries()) {
    const ruleset =
      row.binding === 0 ? 0 : (tables.bindings.get({ value: row.binding })?.ruleset ?? 0)
    if (ruleset === 0) continue
    const subject = describer.subject(id)
    const selecting = planned && selectingOf(subject, planned)?.map(({ key }) => key)
    const ids = [...(blamed.get(ruleset) ?? [])]
    found.push({
      subject,
      // What no file selects has the posture of what is pending, which the kernel can blame.
      policies: selecting?.length
        ? selecting
        : ids.flatMap((one) => describer.policy(one) ?? []).sort(),
    })
  }
  return found.sort((a, b) => (a.subject.name < b.subject.name ? -1 : 1))
}

function blamedPolicies(tables: Tables): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>()
  const add = (ruleset: number, policy: number) => {
    if (policy !== 0) found.set(ruleset, (found.get(ruleset) ?? new Set()).add(policy))
  }
  for (const [{ ruleset }, { policy }] of tables.rules.entries()) add(ruleset, policy)
  for (const [{ value }, row] of tables.rulesets.entries())
    for (const { enforced, audited } of [
      row.restricts,
      row.restrictsFiles,
      row.restrictsPrivileges,
    ]) {
      add(value, enforced)
      add(value, audited)
    }
  return found
}
