// SPDX-License-Identifier: Apache-2.0
// Steps → maps. New rulesets are written under new numbers; then one write per binding switches everything that is
// bound by it. When something cannot be written, what was written is taken back and the previous plan stays in force.
import { Limit, type RulesetRow } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { scopeNumber } from '../identity/scope.ts'
import { diff, emptyPlan, type Steps } from './diff.ts'
import { maskNames, maxPatternStates, type Plan, type Ruleset } from './compile.ts'
import { hashPath, type HashKey } from './path-hash.ts'
import type { Bits } from './prefixes.ts'
import { stratumAutomaton } from './stratum.ts'

export interface Applied {
  plan: Plan
  policies: Map<string, number>
  rulesets: Map<string, number>
  bindings: Map<string, number>
  nextRuleset: number
  nextPolicy: number
  /** Where the automata lie in the kernel's table. */
  stratumStates: number
  half: 0 | 1
  /** Rulesets and bindings that nothing points to any more; deleted when no program can still be using them. */
  retired: { rulesets: number[]; bindings: number[] }
}

const words = (bits: Bits) => ({
  word: Array.from({ length: Limit.RULE_WORDS }, (_, i) =>
    BigInt.asUintN(64, bits >> BigInt(64 * i)),
  ),
})

/** What an agent before us left: its numbers stay taken, its bindings are replaced as ours come. */
export function adopt(tables: Tables): Applied {
  const policies = new Map(
    [...tables.policies.entries()].map(([{ value }, row]) => [row.key, value]),
  )
  const rulesets = [...tables.rulesets.entries()].map(([{ value }]) => value)
  const bindings: number[] = []
  for (const [{ value }, row] of tables.bindings.entries())
    if (row.ruleset !== 0) bindings.push(value)
  const stratumStates = writeStratum(tables)
  return {
    plan: emptyPlan,
    policies,
    rulesets: new Map(),
    bindings: new Map(),
    nextRuleset: Math.max(0, ...rulesets) + 1,
    nextPolicy: Math.max(0, ...policies.values()) + 1,
    stratumStates,
    half: halfInUse(tables, stratumStates),
    retired: { rulesets, bindings },
  }
}

/** The handshake automaton lies first; it is the same in every plan. */
function writeStratum(tables: Tables): number {
  const states = stratumAutomaton(stratumLimit)
  for (const [index, state] of states.entries())
    tables.automaton.set(
      { value: index + 1 },
      { next: [...state.next].map((to) => to + 1), accept: state.accepts[0] ?? 0 },
    )
  return states.length
}

const stratumLimit = 2500
const halfStart = (stratumStates: number, half: 0 | 1) =>
  stratumStates + 1 + half * maxPatternStates

function halfInUse(tables: Tables, stratumStates: number): 0 | 1 {
  const start = tables.control.get({ value: 0 })?.cgroupStart ?? 0
  return start >= halfStart(stratumStates, 1) ? 1 : 0
}

export function hashKeyOf(tables: Tables): HashKey {
  const [a = 0n, b = 0n] = tables.control.get({ value: 0 })?.key ?? []
  return [a, b]
}

/** Everything up to the point where kernel decisions change. Throws with the previous plan still in force. */
export function prepare(
  tables: Tables,
  applied: Applied,
  plan: Plan,
): { next: Applied; steps: Steps } {
  const steps = diff(applied.plan === emptyPlan ? null : applied.plan, plan)
  const next: Applied = {
    ...applied,
    plan,
    policies: new Map(applied.policies),
    rulesets: new Map(applied.rulesets),
    bindings: new Map(applied.bindings),
    retired: { rulesets: [...applied.retired.rulesets], bindings: [...applied.retired.bindings] },
  }
  const written: number[] = []
  try {
    for (const { key, mode } of plan.policies) {
      const id = next.policies.get(key) ?? next.nextPolicy++
      next.policies.set(key, id)
      tables.policies.set({ value: id }, { key, enforce: mode === 'enforce' ? 1 : 0, gone: 0 })
    }
    const key = hashKeyOf(tables)
    for (const digest of steps.write) {
      const id = next.nextRuleset++
      written.push(id)
      writeRuleset(tables, key, id, plan.rulesets.get(digest) as Ruleset, next.policies)
      next.rulesets.set(digest, id)
    }
    return { next, steps }
  } catch (error) {
    deleteRulesets(tables, new Set(written))
    throw error
  }
}

/** Switches to what `prepare` wrote. Only array writes and replacements: nothing here can run out of room, but pods. */
export function commit(tables: Tables, next: Applied, steps: Steps): void {
  const plan = next.plan
  const rulesetId = (digest: string) => next.rulesets.get(digest) ?? 0
  for (const binding of steps.bind) {
    const { scope, ruleset } = plan.bindings.get(binding) as { scope: 'pod'; ruleset: string }
    const id = freeBinding(next)
    next.bindings.set(binding, id)
    tables.bindings.set({ value: id }, { ruleset: rulesetId(ruleset), scope: scopeNumber[scope] })
  }
  for (const { binding, ruleset } of steps.switch) {
    const scope = plan.bindings.get(binding)?.scope ?? 'pod'
    tables.bindings.set(
      { value: next.bindings.get(binding) ?? 0 },
      { ruleset: rulesetId(ruleset), scope: scopeNumber[scope] },
    )
  }
  for (const [uid, binding] of steps.pods.set)
    tables.pods.set({ uid: Buffer.from(uid, 'hex') }, { binding: next.bindings.get(binding) ?? 0 })
  for (const uid of steps.pods.delete) tables.pods.delete({ uid: Buffer.from(uid, 'hex') })
  let start = tables.control.get({ value: 0 })?.cgroupStart ?? 0
  if (steps.patterns) start = writePatterns(tables, next)
  const stratum = [...plan.rulesets.values()].some((r) => r.masks.stratum !== 0n) ? 1 : 0
  setControl(tables, { cgroupStart: start, stratumStart: stratum })
  for (const binding of steps.retire.bindings) {
    next.retired.bindings.push(next.bindings.get(binding) ?? 0)
    next.bindings.delete(binding)
  }
  for (const digest of steps.retire.rulesets) {
    next.retired.rulesets.push(next.rulesets.get(digest) ?? 0)
    next.rulesets.delete(digest)
  }
  const loaded = new Set(plan.policies.map((p) => p.key))
  for (const [key, id] of next.policies)
    if (!loaded.has(key)) tables.policies.set({ value: id }, { key, gone: 1 })
}

function freeBinding(applied: Applied): number {
  const taken = new Set([...applied.bindings.values(), ...applied.retired.bindings])
  for (let id = 1; id < 8192; id++) if (!taken.has(id)) return id
  throw new Error('no free binding: more than 8191 kinds of subjects')
}

/** Into the half of the table that is not in use; the switch is one number in the control row. */
function writePatterns(tables: Tables, next: Applied): number {
  const { automaton, accepts } = next.plan
  next.half = next.half === 0 ? 1 : 0
  if (automaton.length === 0) return 0
  const start = halfStart(next.stratumStates, next.half)
  for (const [index, state] of automaton.entries()) {
    const binding = accepts.get(state.accepts.join())
    tables.automaton.set(
      { value: start + index },
      {
        next: [...state.next].map((to) => (to < 0 ? 0 : start + to)),
        accept: binding === undefined ? 0 : (next.bindings.get(binding) ?? 0),
      },
    )
  }
  return start
}

/** A newer generation makes every kept socket verdict stale. Always after the pointers were switched. */
export function bumpGeneration(tables: Tables): number {
  const generation = (tables.control.get({ value: 0 })?.generation ?? 0) + 1
  setControl(tables, { generation })
  return generation
}

export function setControl(
  tables: Tables,
  change: Partial<{ generation: number; cgroupStart: number; stratumStart: number }>,
): void {
  const control = tables.control.get({ value: 0 })
  if (control) tables.control.set({ value: 0 }, { ...control, ...change })
}

/** Deletes what nothing has pointed to for a while: `retired`, or all that is. */
export function sweep(tables: Tables, applied: Applied, retired = applied.retired): void {
  for (const id of retired.bindings) tables.bindings.set({ value: id }, {})
  deleteRulesets(tables, new Set(retired.rulesets))
  const later = (ids: number[], gone: number[]) => ids.filter((id) => !gone.includes(id))
  applied.retired = {
    rulesets: later(applied.retired.rulesets, retired.rulesets),
    bindings: later(applied.retired.bindings, retired.bindings),
  }
}

export function writeRuleset(
  tables: Tables,
  key: HashKey,
  id: number,
  ruleset: Ruleset,
  policies: ReadonlyMap<string, number>,
): void {
  const policyId = (name: string | null) => (name === null ? 0 : (policies.get(name) ?? 0))
  for (const { rule, policy, path } of ruleset.blame)
    tables.rules.set({ ruleset: id, rule }, { policy: policyId(policy), path: path.slice(0, 59) })
  for (const { kind, path, exe, from } of ruleset.paths) {
    const hash = hashPath(key, path).hash
    tables.exes.set(
      { ruleset: id, kind: kind === 'exact' ? 0 : 1, hash },
      { exe: words(exe), from: words(from) },
    )
  }
  for (const { family, address, bits, rules } of ruleset.addresses)
    tables.addresses.set({ prefix: 64 + bits, ruleset: id, family, address }, words(rules))
  for (const { protocol, port, bits, rules } of ruleset.ports)
    tables.ports.set(
      { prefix: 48 + bits, ruleset: id, protocol, port: Uint8Array.of(port >> 8, port & 0xff) },
      words(rules),
    )
  const row: Partial<RulesetRow> = {
    restrictsEnforced: policyId(ruleset.restrictsEnforced),
    restrictsAudited: policyId(ruleset.restrictsAudited),
    exeBelow: ruleset.paths.some((p) => p.kind === 'below') ? 1 : 0,
  }
  for (const name of maskNames) row[name] = words(ruleset.masks[name])
  tables.rulesets.set({ value: id }, row)
}

/** Row by row, since a ruleset's rows are spread over maps that other rulesets share. */
function deleteRulesets(tables: Tables, ids: ReadonlySet<number>): void {
  if (ids.size === 0) return
  for (const id of ids) tables.rulesets.delete({ value: id })
  for (const table of [tables.rules, tables.exes, tables.addresses, tables.ports] as const)
    for (const [key] of table.entries()) if (ids.has(key.ruleset)) table.delete(key)
}
