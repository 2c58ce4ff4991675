// SPDX-License-Identifier: Apache-2.0
// Policies and pods → Plan: everything that will be in kernel maps, as plain data without numbers of the kernel's.
// The same input gives the same plan. What a policy means comes from policies/ (flattenRules, selects) alone.
import { createHash } from 'node:crypto'
import {
  indexCluster,
  noCluster,
  type ClusterIndex,
  flattenRules,
  noResolvers,
  restricts,
  type PodFacts,
  type Resolvers,
  type Rule,
  type RuntimeLike,
} from '../../../policies/src/index.ts'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { Limit } from '../kernel/abi.gen.ts'
import { buildAutomaton, type State } from './automaton.ts'
import { cgroupPart } from './cgroup-automaton.ts'
import { addressRows, portRows, type AddressRow, type Bits, type PortRow } from './prefixes.ts'
import { askingOf, noPeers, peersOf, type Asking, type Peers } from './peers.ts'
import {
  lines,
  pathRows,
  nameRows,
  fileRows,
  privilegeRows,
  socketRows,
  plain,
  type NumberedRule,
} from './ruleset-parts.ts'
import { selecting as selectingPods, type SelectionMemory } from './selecting.ts'
import { claims, type KnownPod } from '../identity/pods.ts'
import { defaultPosture, pendingPolicies, type Posture } from './pending.ts'

export type SubjectScope = 'pod' | 'unmanaged' | 'host'

export interface PathRow {
  kind: 'exact' | 'below'
  path: string
  exe: Bits
  from: Bits
}

export interface Restricting {
  enforced: string | null
  audited: string | null
}

export interface FileRow {
  kind: PathRow['kind'] | 'above'
  path: string
  read: Bits
  write: Bits
}

export interface Ruleset {
  /** Of everything below: two rulesets with one digest decide alike. */
  digest: string
  /** Keys of the policies, in order. */
  policies: string[]
  /** Bit sets over rules; the names are those of struct ruleset_row. */
  masks: Record<(typeof maskNames)[number], Bits>
  /** The first policy that denies what no rule allows, by what it is about. */
  restricts: Record<'process' | 'file' | 'privilege', Restricting>
  paths: PathRow[]
  addresses: AddressRow[]
  ports: PortRow[]
  /** Names of hosts. */
  names: NameRow[]
  /** What rules ask of pods and Services. */
  asking: Asking[]
  /** Some rail denies egress, also to where a Service leads. */
  railsAbout: boolean
  files: FileRow[]
  /** By number. */
  privileges: { privilege: number; rules: Bits }[]
  /** By number, as enum socket_use. */
  sockets: { use: number; rules: Bits }[]
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
  'anyFile',
  'file',
  'anyPrivilege',
  'privilege',
  'codeFile',
  'codeMemory',
  'entrypoint',
  'startedExec',
  'socket',
  'resolver',
  'looped',
] as const

export interface NameRow {
  kind: 'exact' | 'below'
  name: string
  rules: Bits
}

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
  /** Accepting set of patterns, joined by commas → binding; `container`: of what is a container by its cgroup's name. */
  accepts: Map<string, { binding: string; container: string }>
  /** Binding of a container that no pattern selects. */
  container: string
  /** Binding of a pod whose UID nobody knows. */
  pending: string
  /** What decides for these while one agent follows another; '': the same. */
  handover: string
  /** Who is at which address. */
  peers: Peers
}

/** The kernel's table holds this twice: the old automaton stays in place while the new one is written. */
export const maxPatternStates = 1800
const maxRules = Limit.RULE_WORDS * 64

/** Kept by the caller, so that a change compiles only what it changes. */
export interface CompileMemory extends SelectionMemory {
  /** Of the plan before, by the policies they were made of. */
  rulesets: Map<string, { of: readonly RuntimeLike[]; node: string; ruleset: Ruleset }>
  /** With which they were made: the same object, or they are made again. */
  resolvers: Resolvers
}
export const noCompileMemory = (): CompileMemory => ({
  rulesets: new Map(),
  resolvers: noResolvers,
  policies: new Set(),
  pods: new Map(),
})

export function compile(
  policies: readonly RuntimeLike[],
  pods: readonly KnownPod[],
  memory: CompileMemory = noCompileMemory(),
  posture: Posture = defaultPosture,
  resolvers: Resolvers = noResolvers,
  cluster: ClusterIndex = indexCluster(noCluster),
): Plan {
  const earlier = memory.resolvers === resolvers ? memory.rulesets : new Map<string, never>()
  memory.resolvers = resolvers
  memory.rulesets = new Map()
  const ordered = [...policies].sort((a, b) => (a.key < b.key ? -1 : 1))
  const pending = pendingPolicies[posture]
  const plan: Plan = {
    policies: [...ordered, ...pending].map(({ key, policy }) => ({
      key,
      mode: policy.spec.mode ?? 'audit',
    })),
    rulesets: new Map(),
    bindings: new Map(),
    pods: new Map(),
    automaton: [],
    accepts: new Map(),
    container: '',
    pending: '',
    handover: '',
    peers: noPeers,
  }
  const bind = (
    scope: SubjectScope,
    selecting: readonly RuntimeLike[],
    facts?: PodFacts,
  ): string => {
    // What is implied depends on the pod: pods of one kind share a binding all the same.
    const pod = facts && selecting.some((one) => restricts(one, 'ingress')) ? facts : undefined
    const kind = pod ? describeFacts(pod) : ''
    const key = `${scope}:${selecting.map((p) => p.key).join(',')}${kind && `;${kind}`}`
    if (selecting.length === 0) plan.bindings.set(key, { scope, ruleset: '' })
    if (!plan.bindings.has(key)) {
      const before = earlier.get(key)
      const node = pod?.node.join() ?? ''
      const same =
        before?.of.length === selecting.length &&
        before.node === node &&
        before.of.every((p, i) => p.policy === selecting[i]?.policy)
      const ruleset = same ? before.ruleset : compileRuleset(selecting, pod, resolvers)
      memory.rulesets.set(key, { of: selecting, node, ruleset })
      plan.rulesets.set(ruleset.digest, ruleset)
      plan.bindings.set(key, { scope, ruleset: ruleset.digest })
    }
    return key
  }
  // A pod that no policy selects is known all the same, so it is not pending. The surest claim of a UID counts.
  for (const [pod, selecting] of [...selectingPods(ordered, pods, memory)].sort(
    ([a], [b]) => claims.indexOf(a.claim ?? 'uid') - claims.indexOf(b.claim ?? 'uid'),
  ))
    plan.pods.set(pod.uid, bind('pod', selecting, pod.facts))
  const everywhere = ordered.filter(selectsEveryContainer)
  plan.pending = bind('pod', pending)
  if (posture === 'deny') {
    const ruleset = compileRuleset(pendingPolicies.audit)
    plan.rulesets.set(ruleset.digest, ruleset)
    plan.handover = 'pod:Pending;handover'
    plan.bindings.set(plan.handover, { scope: 'pod', ruleset: ruleset.digest })
  }
  plan.container = bind('unmanaged', everywhere.length > 0 ? everywhere : pending)
  bindPatterns(plan, ordered, everywhere, bind)
  plan.peers = peersOf(plan.rulesets.values(), cluster)
  return plan
}

/** All but its node's addresses, which are the same for every pod here. */
function describeFacts({ probes, sidecar }: PodFacts): string {
  const ports = sidecar ? [...sidecar.inbound, ...sidecar.outbound.map(({ port }) => port)] : []
  return [
    ...(probes.length > 0 ? [`probes ${probes.join(' ')}`] : []),
    ...(sidecar ? [`${sidecar.name} ${ports.join(' ')}`] : []),
  ].join('; ')
}

/** Policies about cgroups select by pattern, so that the kernel can bind a new cgroup by itself. */
function bindPatterns(
  plan: Plan,
  policies: readonly RuntimeLike[],
  everywhere: readonly RuntimeLike[],
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
    const byPattern = selecting.filter((p) => scopeOf(p) === 'unmanaged')
    const unmanaged = policies.filter((p) => byPattern.includes(p) || everywhere.includes(p))
    plan.accepts.set(accepts.join(), {
      binding: byPattern.length > 0 ? bind('unmanaged', unmanaged) : bind('host', selecting),
      container: unmanaged.length > 0 ? bind('unmanaged', unmanaged) : plan.container,
    })
  }
}

export function scopeOf({ policy }: RuntimeLike): SubjectScope {
  return policy.kind === 'ClusterRuntimePolicy' ? policy.spec.scope : 'pod'
}

/** A unit is its cgroup, wherever systemd puts it. */
export function patternsOf(loaded: RuntimeLike): string[] {
  const { policy } = loaded
  if (policy.kind !== 'ClusterRuntimePolicy' || policy.spec.scope === 'pod') return []
  if (selectsEveryContainer(loaded)) return []
  const select = policy.spec.select ?? {}
  const patterns = [...(select.cgroups ?? []), ...(select.units ?? []).map((unit) => `/**/${unit}`)]
  return patterns.length > 0 ? patterns : ['/**']
}

/** Of scope unmanaged and without a selector: whatever is a container, but not every cgroup. */
export function selectsEveryContainer({ policy }: RuntimeLike): boolean {
  return (
    policy.kind === 'ClusterRuntimePolicy' &&
    policy.spec.scope === 'unmanaged' &&
    !policy.spec.select?.cgroups
  )
}

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

export function compileRuleset(
  policies: readonly RuntimeLike[],
  pod?: PodFacts,
  resolvers: Resolvers = noResolvers,
): Ruleset {
  const rules = number(policies.flatMap((policy) => flattenRules(policy, pod, resolvers)))
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
  const restricting = (about: Rule['about']): Restricting => {
    const all = policies.filter((policy) => restricts(policy, about))
    return {
      enforced: all.find(({ policy }) => policy.spec.mode === 'enforce')?.key ?? null,
      audited: all[0]?.key ?? null,
    }
  }
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
      anyFile: bits((r) => r.about === 'file' && !r.files),
      file: bits((r) => r.about === 'file'),
      anyPrivilege: bits((r) => r.about === 'privilege' && !r.privileges),
      privilege: bits((r) => r.about === 'privilege'),
      codeFile: bits((r) => r.code === 'other'),
      codeMemory: bits((r) => r.code === 'memory'),
      // Of a first program itself are those in both.
      entrypoint: bits((r) => r.startedBy === 'entrypoint' || r.startedBy === 'first'),
      startedExec: bits((r) => r.startedBy === 'exec' || r.startedBy === 'first'),
      socket: bits((r) => r.about === 'socket'),
      looped: bits((r) => r.looped === true),
      resolver: bits((r) => r.resolver === true),
    },
    restricts: {
      process: restricting('exec'),
      file: restricting('file'),
      privilege: restricting('privilege'),
    },
    paths: pathRows(rules),
    addresses: addressRows(
      rules.flatMap((r) => (r.peers ? [{ rule: r.number, peers: r.peers }] : [])),
    ),
    ports: portRows(rules.flatMap((r) => (r.ports ? [{ rule: r.number, ports: r.ports }] : []))),
    names: nameRows(rules),
    asking: askingOf(rules),
    railsAbout: rules.some((r) => r.about === 'egress' && r.effect === 'deny'),
    files: fileRows(rules),
    privileges: privilegeRows(rules),
    sockets: socketRows(rules),
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
