// SPDX-License-Identifier: Apache-2.0
// Policies and pods → Plan: everything that will be in kernel maps, as plain data without numbers of the kernel's.
// The same input gives the same plan. What a policy means comes from policies/ (flattenRules, selects) alone.
import { createHash } from 'node:crypto'
import {
  flattenRules,
  restricts,
  type Rule,
  type RuntimeLike,
} from '../../../policies/src/index.ts'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { Limit } from '../kernel/abi.gen.ts'
import { buildAutomaton, type State } from './automaton.ts'
import { cgroupPart } from './cgroup-automaton.ts'
import { addressRows, portRows, type AddressRow, type Bits, type PortRow } from './prefixes.ts'
import { selecting as selectingPods, type SelectionMemory } from './selecting.ts'
import type { KnownPod } from '../identity/pods.ts'

export type SubjectScope = 'pod' | 'unmanaged' | 'host'

export interface PathRow {
  kind: 'exact' | 'below'
  path: string
  exe: Bits
  from: Bits
}

export interface Ruleset {
  /** Of everything below: two rulesets with one digest decide alike. */
  digest: string
  /** Keys of the policies, in order. */
  policies: string[]
  /** Bit sets over rules; the names are those of struct ruleset_row. */
  masks: Record<(typeof maskNames)[number], Bits>
  restrictsEnforced: string | null
  restrictsAudited: string | null
  paths: PathRow[]
  addresses: AddressRow[]
  ports: PortRow[]
  /** What policies in enforce allow and deny, a line each, to tell a plan that tightens from one that loosens. */
  allows: string[]
  denies: string[]
  /** Rules that can be blamed. */
  blame: { rule: number; policy: string; path: string }[]
}

export const maskNames = [
  'enforced',
  'deny',
  'anyExe',
  'anyFrom',
  'anyPeer',
  'anyPort',
  'exec',
  'egress',
  'ingress',
  'bind',
  'stratum',
] as const

export interface Plan {
  policies: { key: string; mode: 'audit' | 'enforce' }[]
  /** By digest. */
  rulesets: Map<string, Ruleset>
  /** By key: which policies select a kind of subject. */
  bindings: Map<string, { scope: SubjectScope; ruleset: string }>
  /** UID (32 hexadecimal digits) → binding. */
  pods: Map<string, string>
  /** The start first; `accepts` are indices into `accepts` below. */
  automaton: State[]
  /** Accepting set of patterns, joined by commas → binding. */
  accepts: Map<string, string>
}

/** The kernel's table holds this twice: the old automaton stays in place while the new one is written. */
export const maxPatternStates = 1800
const maxRules = Limit.RULE_WORDS * 64

/** Kept by the caller, so that a change compiles only what it changes. */
export interface CompileMemory extends SelectionMemory {
  /** Of the plan before, by the policies they were made of. */
  rulesets: Map<string, { of: readonly RuntimeLike[]; ruleset: Ruleset }>
}
export const noCompileMemory = (): CompileMemory => ({
  rulesets: new Map(),
  policies: new Set(),
  pods: new Map(),
})

export function compile(
  policies: readonly RuntimeLike[],
  pods: readonly KnownPod[],
  memory: CompileMemory = noCompileMemory(),
): Plan {
  const earlier = memory.rulesets
  memory.rulesets = new Map()
  const ordered = [...policies].sort((a, b) => (a.key < b.key ? -1 : 1))
  const plan: Plan = {
    policies: ordered.map(({ key, policy }) => ({ key, mode: policy.spec.mode ?? 'audit' })),
    rulesets: new Map(),
    bindings: new Map(),
    pods: new Map(),
    automaton: [],
    accepts: new Map(),
  }
  const bind = (scope: SubjectScope, selecting: readonly RuntimeLike[]): string => {
    const key = `${scope}:${selecting.map((p) => p.key).join(',')}`
    if (!plan.bindings.has(key)) {
      const before = earlier.get(key)
      const same =
        before?.of.length === selecting.length &&
        before.of.every((p, i) => p.policy === selecting[i]?.policy)
      const ruleset = same ? before.ruleset : compileRuleset(selecting)
      memory.rulesets.set(key, { of: selecting, ruleset })
      plan.rulesets.set(ruleset.digest, ruleset)
      plan.bindings.set(key, { scope, ruleset: ruleset.digest })
    }
    return key
  }
  for (const [pod, selecting] of selectingPods(ordered, pods, memory))
    if (selecting.length > 0) plan.pods.set(pod.uid, bind('pod', selecting))
  bindPatterns(plan, ordered, bind)
  return plan
}

/** Policies about cgroups select by pattern, so that the kernel can bind a new cgroup by itself. */
function bindPatterns(
  plan: Plan,
  policies: readonly RuntimeLike[],
  bind: (scope: SubjectScope, selecting: readonly RuntimeLike[]) => string,
): void {
  const patterns = policies.flatMap((loaded, index) =>
    patternsOf(loaded).map((pattern) => ({ part: cgroupPart(pattern), means: index })),
  )
  if (patterns.length === 0) return
  plan.automaton = buildAutomaton(patterns, {
    search: false,
    limit: maxPatternStates,
    what: 'cgroup patterns',
  })
  for (const { accepts } of plan.automaton) {
    if (accepts.length === 0) continue
    const selecting = accepts.map((index) => policies[index] as RuntimeLike)
    const unmanaged = selecting.some((p) => scopeOf(p) === 'unmanaged')
    plan.accepts.set(accepts.join(), bind(unmanaged ? 'unmanaged' : 'host', selecting))
  }
}

export function scopeOf({ policy }: RuntimeLike): SubjectScope {
  return policy.kind === 'ClusterRuntimePolicy' ? policy.spec.scope : 'pod'
}

/** A unit is its cgroup, wherever systemd puts it. */
export function patternsOf({ policy }: RuntimeLike): string[] {
  if (policy.kind !== 'ClusterRuntimePolicy' || policy.spec.scope === 'pod') return []
  const select = policy.spec.select ?? {}
  const patterns = [...(select.cgroups ?? []), ...(select.units ?? []).map((unit) => `/**/${unit}`)]
  return patterns.length > 0 ? patterns : ['/**']
}

type NumberedRule = Rule & { number: number }

/** Allow rules that differ only in executables are one rule: 300 tools without network need one bit, not 300. */
function number(rules: readonly Rule[]): NumberedRule[] {
  const merged = new Map<string, NumberedRule>()
  const out: NumberedRule[] = []
  for (const rule of rules) {
    const { exe, policy, path, ...rest } = rule
    const same =
      rule.effect === 'allow' && exe
        ? JSON.stringify(rest, plain)
        : `${policy} ${path} ${rule.about}`
    const earlier = rule.effect === 'allow' && exe ? merged.get(same) : undefined
    if (earlier) {
      earlier.exe = [...(earlier.exe ?? []), ...(exe ?? [])]
      continue
    }
    const numbered = { ...rule, number: out.length }
    out.push(numbered)
    merged.set(same, numbered)
  }
  return out
}

const plain = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? [...value] : value

export function compileRuleset(policies: readonly RuntimeLike[]): Ruleset {
  const rules = number(policies.flatMap(flattenRules))
  if (rules.length > maxRules)
    throw new UnderpinError('policy-invalid', {
      operation: 'compile policies',
      object: policies.map((p) => p.key).join(', '),
      found: `${rules.length} distinct rules for one subject`,
      expected: `at most ${maxRules}`,
      remedy: 'select fewer subjects per policy, or give processes the same network rules',
    })
  const bits = (test: (rule: NumberedRule) => boolean): Bits =>
    rules.reduce((all, rule) => (test(rule) ? all | (1n << BigInt(rule.number)) : all), 0n)
  const restricting = policies.filter(restricts)
  const content: Omit<Ruleset, 'digest'> = {
    policies: policies.map((p) => p.key),
    masks: {
      enforced: bits((r) => r.mode === 'enforce'),
      deny: bits((r) => r.effect === 'deny'),
      anyExe: bits((r) => r.exe === null),
      anyFrom: bits((r) => r.from === null),
      anyPeer: bits((r) => r.peers === null),
      anyPort: bits((r) => r.ports === null),
      exec: bits((r) => r.about === 'exec'),
      egress: bits((r) => r.about === 'egress'),
      ingress: bits((r) => r.about === 'ingress'),
      // Whoever may hear somebody on a port may take it; a rail about certain peers does not forbid taking it.
      bind: bits((r) => r.about === 'ingress' && (r.effect === 'allow' || r.peers === null)),
      stratum: bits((r) => r.about === 'protocol'),
    },
    restrictsEnforced: restricting.find((p) => p.policy.spec.mode === 'enforce')?.key ?? null,
    restrictsAudited: restricting[0]?.key ?? null,
    paths: pathRows(rules),
    addresses: addressRows(
      rules.flatMap((r) => (r.peers ? [{ rule: r.number, peers: r.peers }] : [])),
    ),
    ports: portRows(rules.flatMap((r) => (r.ports ? [{ rule: r.number, ports: r.ports }] : []))),
    allows: lines(rules, 'allow'),
    denies: lines(rules, 'deny'),
    blame: rules
      .filter((r) => r.effect === 'deny')
      .map((r) => ({ rule: r.number, policy: r.policy, path: r.path })),
  }
  const text = JSON.stringify(content, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : plain('', value),
  )
  return { digest: createHash('sha256').update(text).digest('hex'), ...content }
}

function lines(rules: readonly NumberedRule[], effect: Rule['effect']): string[] {
  return rules
    .filter((rule) => rule.effect === effect && rule.mode === 'enforce')
    .flatMap(({ about, exe, from, peers, ports }) =>
      (exe ?? [null]).map((one) => JSON.stringify([about, one, from, peers, ports], plain)),
    )
}

function pathRows(rules: readonly NumberedRule[]): PathRow[] {
  const rows = new Map<string, PathRow>()
  const add = (dimension: 'exe' | 'from', rule: NumberedRule) => {
    for (const { kind, path } of rule[dimension] ?? []) {
      const row = rows.get(`${kind} ${path}`) ?? { kind, path, exe: 0n, from: 0n }
      row[dimension] |= 1n << BigInt(rule.number)
      rows.set(`${kind} ${path}`, row)
    }
  }
  for (const rule of rules) {
    add('exe', rule)
    add('from', rule)
  }
  return [...rows.values()]
}
