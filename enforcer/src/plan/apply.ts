// SPDX-License-Identifier: Apache-2.0
// Steps → maps. New rulesets are written under new numbers; then one write per binding switches everything that is
// bound by it. When something cannot be written, what was written is taken back and the previous plan stays in force.
import { UnderpinError } from '../../../runtime/src/index.ts'
import { Decides, Scope, type Control } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { scopeNumber } from '../identity/scope.ts'
import { diff, emptyPlan, type Steps } from './diff.ts'
import { maxPatternStates, type Plan, type Ruleset } from './compile.ts'
import type { HashKey } from './path-hash.ts'
import {
  forgetIdentities,
  requireRoomForPeers,
  writeIdentities,
  writePeers,
  type Told,
} from './peer-rows.ts'
import type { Peers } from './peers.ts'
import { deleteRulesets, ruleTables, writeRuleset } from './ruleset-rows.ts'
import { handshakeEnd, handshakeRows } from './stratum.ts'

export interface Applied {
  plan: Plan
  /** Whom the rows of addresses tell of; null: an agent before us wrote them. */
  peers: Peers | null
  policies: Map<string, number>
  rulesets: Map<string, number>
  bindings: Map<string, number>
  nextRuleset: number
  nextPolicy: number
  /** UIDs with a row that an agent before us wrote. */
  strayPods: string[]
  /** Half of the kernel's table in which the automaton of cgroup patterns lies. */
  half: 0 | 1
  /** Rulesets and bindings that nothing points to any more; deleted when no program can still be using them. */
  retired: { rulesets: number[]; bindings: number[] }
  /** What our rows in the kernel say by now, whichever plan they were for: policies by key, rulesets by number. */
  rows: {
    policies: Map<string, 'audit' | 'enforce' | 'gone'>
    rulesets: Map<number, Ruleset>
    identities: Told
  }
}

/**
 * What an agent before us left: its numbers stay taken, its bindings are replaced as ours come. It may have been killed
 * between two rows, so a ruleset's number is taken as long as any row has it, or an answer is cached for it.
 */
export function adopt(tables: Tables): Applied {
  const policies = new Map(
    [...tables.policies.entries()].map(([{ value }, row]) => [row.key, value]),
  )
  const rulesets = new Set([...tables.rulesets.keys()].map(({ value }) => value))
  for (const table of ruleTables(tables))
    for (const { ruleset } of table.keys()) rulesets.add(ruleset)
  let last = 0
  for (const id of rulesets) last = Math.max(last, id)
  for (const { ruleset } of tables.grants.keys()) last = Math.max(last, ruleset)
  const bindings: number[] = []
  for (const [{ value }, row] of tables.bindings.entries())
    if (row.scope !== Scope.NONE) bindings.push(value)
  writeStratum(tables)
  return {
    plan: emptyPlan,
    peers: null,
    policies,
    rulesets: new Map(),
    bindings: new Map(),
    nextRuleset: last + 1,
    nextPolicy: Math.max(0, ...policies.values()) + 1,
    strayPods: [...tables.pods.keys()].map(({ uid }) => Buffer.from(uid).toString('hex')),
    half: halfInUse(tables),
    retired: { rulesets: [...rulesets], bindings },
    rows: { policies: new Map(), rulesets: new Map(), identities: new Map() },
  }
}

function writeStratum(tables: Tables): void {
  for (const { index, next, accept } of handshakeRows())
    tables.automaton.set({ value: index }, { next: [...next], accept })
}

const halfStart = (half: 0 | 1) => handshakeEnd + half * maxPatternStates

function halfInUse(tables: Tables): 0 | 1 {
  const start = tables.control.get({ value: 0 })?.cgroupStart ?? 0
  return start >= halfStart(1) ? 1 : 0
}

/** Rows of `pods` and `bindings` in bpf/maps.bpf.h. */
const maxPods = 4096
const maxBindings = 8191

/** While a plan is switched to, both plans' rows are there. */
function requireRoom(applied: Applied, plan: Plan, steps: Steps): void {
  const pods = new Set([...applied.strayPods, ...applied.plan.pods.keys(), ...plan.pods.keys()])
  const bindings = applied.bindings.size + applied.retired.bindings.length + steps.bind.length
  for (const { what, count, most } of [
    { what: 'pods that policies select', count: pods.size, most: maxPods },
    { what: 'kinds of subjects', count: bindings, most: maxBindings },
  ])
    if (count > most)
      throw new UnderpinError('input-too-large', {
        operation: 'apply policies',
        found: `${count} ${what}, old and new ones`,
        expected: `at most ${most}`,
        remedy: 'nothing was changed; select fewer, or change fewer at once',
      })
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
  steps.pods.delete.push(...applied.strayPods.filter((uid) => !plan.pods.has(uid)))
  const next: Applied = {
    ...applied,
    plan,
    policies: new Map(applied.policies),
    rulesets: new Map(applied.rulesets),
    bindings: new Map(applied.bindings),
    strayPods: [],
    retired: { rulesets: [...applied.retired.rulesets], bindings: [...applied.retired.bindings] },
  }
  requireRoom(applied, plan, steps)
  requireRoomForPeers(plan.peers, applied.plan.peers)
  const { rows } = next
  const written: number[] = []
  try {
    for (const { key, mode } of plan.policies) {
      const id = next.policies.get(key) ?? next.nextPolicy++
      next.policies.set(key, id)
      if (rows.policies.get(key) === mode) continue
      tables.policies.set({ value: id }, { key, enforce: mode === 'enforce' ? 1 : 0, gone: 0 })
      rows.policies.set(key, mode)
    }
    const key = hashKeyOf(tables)
    for (const digest of steps.write) {
      const id = next.nextRuleset++
      const ruleset = plan.rulesets.get(digest) as Ruleset
      written.push(id)
      rows.rulesets.set(id, ruleset)
      writeRuleset(tables, key, id, ruleset, next.policies)
      next.rulesets.set(digest, id)
    }
    writeIdentities(tables, rows.identities, rows.rulesets, plan.peers)
    return { next, steps }
  } catch (error) {
    deleteRulesets(tables, hashKeyOf(tables), rows.rulesets, written)
    throw error
  }
}

/** Switches to what `prepare` wrote. Nothing here can run out of room: `prepare` has looked. */
export function commit(tables: Tables, next: Applied, steps: Steps): void {
  const plan = next.plan
  const decides = decidesOf(plan)
  // Before anything is switched, so that no new ruleset goes unasked; what none asks for any more goes at the end.
  setControl(tables, { decides: decides | (tables.control.get({ value: 0 })?.decides ?? 0) })
  writePeers(tables, next.peers, plan.peers)
  next.peers = plan.peers
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
  setControl(tables, {
    cgroupStart: start,
    stratumStart: stratum,
    decides,
    container: next.bindings.get(plan.container) ?? 0,
    pending: next.bindings.get(plan.pending) ?? 0,
    handover: next.bindings.get(plan.handover) ?? 0,
  })
  for (const binding of steps.retire.bindings) {
    next.retired.bindings.push(next.bindings.get(binding) ?? 0)
    next.bindings.delete(binding)
  }
  for (const digest of steps.retire.rulesets) {
    const id = next.rulesets.get(digest) ?? 0
    next.retired.rulesets.push(id)
    next.rulesets.delete(digest)
  }
  const loaded = new Set(plan.policies.map((p) => p.key))
  for (const [key, id] of next.policies) {
    if (loaded.has(key) || next.rows.policies.get(key) === 'gone') continue
    tables.policies.set({ value: id }, { key, gone: 1 })
    next.rows.policies.set(key, 'gone')
  }
}

/** Which decisions about running processes a plan asks for, as in `control`. */
export function decidesOf({ rulesets }: Plan): number {
  let decides = 0
  for (const { masks, restricts } of rulesets.values()) {
    if (masks.file !== 0n) decides |= Decides.FILES
    if (masks.privilege !== 0n) decides |= Decides.PRIVILEGES
    if (masks.codeFile !== 0n || masks.codeMemory !== 0n) decides |= Decides.CODE
    if (masks.socket !== 0n || restricts.process.audited !== null) decides |= Decides.SOCKETS
  }
  return decides
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
  const start = halfStart(next.half)
  for (const [index, state] of automaton.entries()) {
    const found = accepts.get(state.accepts.join())
    const number = (binding?: string) =>
      binding === undefined ? 0 : (next.bindings.get(binding) ?? 0)
    tables.automaton.set(
      { value: start + index },
      {
        next: [...state.next].map((to) => (to < 0 ? 0 : start + to)),
        accept: number(found?.binding),
        container: number(found?.container),
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

/** As bpf/guard.bpf.c does it where an agent could not: until the next plan, `handover` decides for `pending`. */
export function restPending(tables: Tables): void {
  const { pending = 0, handover = 0 } = tables.control.get({ value: 0 }) ?? {}
  const [row, instead] = [pending, handover].map((value) => tables.bindings.get({ value }))
  if (handover === 0 || pending === 0 || !row || !instead) return
  tables.bindings.set({ value: pending }, { ...row, ruleset: instead.ruleset })
  bumpGeneration(tables)
}

export function setControl(
  tables: Tables,
  change: Partial<Omit<Control, 'key' | 'abi' | 'object'>>,
): void {
  const control = tables.control.get({ value: 0 })
  if (control) tables.control.set({ value: 0 }, { ...control, ...change })
}

/** Of these bindings, those that a subject still has. */
export function stillBound(tables: Tables, bindings: readonly number[]): Set<number> {
  const asked = new Set(bindings)
  const bound = new Set<number>()
  if (asked.size === 0) return bound
  for (const [, { binding }] of tables.subjects.entries())
    if (asked.has(binding)) bound.add(binding)
  return bound
}

/** Deletes what nothing has pointed to for a while: `retired`, or all that is. */
export function sweep(tables: Tables, applied: Applied, retired = applied.retired): void {
  // fail closed: a subject that has such a binding after all keeps what it says.
  const kept = stillBound(tables, retired.bindings)
  const keptRulesets = new Set([...kept].map((value) => tables.bindings.get({ value })?.ruleset))
  const bindings = new Set(retired.bindings.filter((id) => !kept.has(id)))
  const rulesets = new Set(retired.rulesets.filter((id) => !keptRulesets.has(id)))
  for (const id of bindings) tables.bindings.set({ value: id }, {})
  deleteRulesets(tables, hashKeyOf(tables), applied.rows.rulesets, [...rulesets])
  forgetIdentities(tables, applied.rows.identities, applied.rows.rulesets, applied.plan.peers)
  applied.retired = {
    rulesets: applied.retired.rulesets.filter((id) => !rulesets.has(id)),
    bindings: applied.retired.bindings.filter((id) => !bindings.has(id)),
  }
}
