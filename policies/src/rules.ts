// SPDX-License-Identifier: Apache-2.0
// The one expansion of a policy into flat rules. evaluate() and the enforcer's compiler both start from these rows,
// so what a policy means is decided here and nowhere else.
import { parseCidr, type Network } from './address.ts'
import { parsePathPattern, type PathPattern } from './path-pattern.ts'
import type { RuntimeLike } from './policy-key.ts'
import type { Access, StartedBy } from './decision.ts'
import type {
  DenyRule,
  EgressRule,
  FileRule,
  IngressRule,
  Peer,
  Privilege,
  Process,
  RuntimeSpec,
} from './policy.gen.ts'
import { portRanges, type PortRange } from './port.ts'

export type PeerNetwork = Network & { except: Network[] }

export type Rule = {
  /** Key of the policy. */
  policy: string
  /** Where in the policy, for example spec.processes[0].egress[1]. */
  path: string
  mode: 'audit' | 'enforce'
  effect: 'allow' | 'deny'
  about: 'exec' | 'code' | 'egress' | 'ingress' | 'protocol' | 'file' | 'privilege'
  /** null: any process, also one whose executable could not be resolved. A list never matches an unresolved one. */
  exe: PathPattern[] | null
  /** null: started by anything. */
  from: PathPattern[] | null
  /** Only processes that came into their container this way; null: any. */
  startedBy: StartedBy | null
  /** null: any address. An empty list: none. */
  peers: PeerNetwork[] | null
  /** null: any port and protocol. */
  ports: PortRange[] | null
  stratum?: true
  /** About code: other files than the image's, or memory. */
  code?: 'other' | 'memory'
  /** About files; null: any. An empty list: none. */
  files?: FilePattern[] | null
  /** About privileges; null: any. An empty list: none. */
  privileges?: Privilege[] | null
}

/** Which ways of opening the path a rule is about: an allow for these and no others, a guard rail against any of these. */
export type FilePattern = PathPattern & { access: readonly Access[] }

type Whom = Pick<Rule, 'policy' | 'mode' | 'effect' | 'exe' | 'from' | 'startedBy'>

/**
 * A policy that restricts denies what no policy allows; one without `processes` consists of guard rails only. Files and
 * privileges are restricted by policies that speak of them: those where some entry lists any.
 */
export function restricts({ policy: { spec } }: RuntimeLike, about: Rule['about']): boolean {
  const { processes } = spec
  if (processes === undefined) return false
  switch (about) {
    // An application protocol, and where code comes from, are things only a guard rail can object to.
    case 'protocol':
    case 'code':
      return false
    case 'file':
      return processes.some(({ files }) => files !== undefined)
    case 'privilege':
      return processes.some(({ privileges }) => privileges !== undefined)
    default:
      return true
  }
}

/** In document order: code, processes, then guard rails. */
export function flattenRules(loaded: RuntimeLike): Rule[] {
  const { spec } = loaded.policy
  const common = { policy: loaded.key, mode: spec.mode ?? 'audit' } as const
  return [
    ...codeRules(common, spec),
    ...(spec.processes ?? []).flatMap((process, i) =>
      allowRules(common, process, `spec.processes[${i}]`).filter(
        // A policy that says nothing of files for any process opens none to a process that another policy limits.
        ({ about }) => restricts(loaded, about),
      ),
    ),
    ...(spec.deny ?? []).flatMap((deny, i) => denyRules(common, deny, `spec.deny[${i}]`)),
  ]
}

/** Where code may come from is a limit on every process, so it is a guard rail. */
function codeRules(
  common: Pick<Rule, 'policy' | 'mode'>,
  { code, anonymousCode }: Pick<RuntimeSpec, 'code' | 'anonymousCode'>,
): Rule[] {
  const rail = { ...common, effect: 'deny', about: 'code', ...anybody, ...anywhere } as const
  return [
    ...(code === 'image' ? [{ ...rail, path: 'spec.code', code: 'other' as const }] : []),
    ...(anonymousCode === 'deny'
      ? [{ ...rail, path: 'spec.anonymousCode', code: 'memory' as const }]
      : []),
  ]
}

const anybody = { exe: null, from: null, startedBy: null }
const anywhere = { peers: null, ports: null }

function allowRules(common: Pick<Rule, 'policy' | 'mode'>, process: Process, path: string): Rule[] {
  const whom: Whom = {
    ...common,
    effect: 'allow',
    exe: patterns(process.exe),
    from: patterns(process.from),
    startedBy: process.startedBy ?? null,
  }
  const { files, privileges } = process
  return [
    { ...whom, path, about: 'exec', ...anywhere },
    ...(process.egress ?? []).map((rule, i) => egressRule(whom, rule, `${path}.egress[${i}]`)),
    ...(process.ingress ?? []).map((rule, i) => ingressRule(whom, rule, `${path}.ingress[${i}]`)),
    {
      ...whom,
      path: files ? `${path}.files` : path,
      about: 'file',
      ...anywhere,
      files: files?.map(allowedFile) ?? null,
    },
    {
      ...whom,
      path: privileges ? `${path}.privileges` : path,
      about: 'privilege',
      ...anywhere,
      privileges: privileges ?? null,
    },
  ]
}

function denyRules(common: Pick<Rule, 'policy' | 'mode'>, deny: DenyRule, path: string): Rule[] {
  const whom: Whom = {
    ...common,
    effect: 'deny',
    exe: patterns(deny.exe),
    from: patterns(deny.from),
    startedBy: null,
  }
  const rules: Rule[] = []
  if (deny.egress) rules.push(egressRule(whom, deny.egress, path))
  if (deny.ingress) rules.push(ingressRule(whom, deny.ingress, path))
  if (deny.protocol) rules.push({ ...whom, path, about: 'protocol', ...anywhere, stratum: true })
  if (deny.file)
    rules.push({ ...whom, path, about: 'file', ...anywhere, files: [deniedFile(deny.file)] })
  if (deny.privilege)
    rules.push({ ...whom, path, about: 'privilege', ...anywhere, privileges: [deny.privilege] })
  if (rules.length === 0) rules.push({ ...whom, path, about: 'exec', ...anywhere })
  return rules
}

const allowedFile = ({ path, access }: FileRule): FilePattern => ({
  ...parsePathPattern(path),
  access: access === 'write' ? ['read', 'write'] : ['read'],
})

/** Whoever may not even read a file may not write it either. */
const deniedFile = ({ path, access }: FileRule): FilePattern => ({
  ...parsePathPattern(path),
  access: access === 'read' ? ['read', 'write'] : ['write'],
})

function egressRule(whom: Whom, rule: EgressRule, path: string): Rule {
  return {
    ...whom,
    path,
    about: 'egress',
    peers: networks(rule.to, whom.effect),
    ports: ranges(rule),
  }
}

function ingressRule(whom: Whom, rule: IngressRule, path: string): Rule {
  return {
    ...whom,
    path,
    about: 'ingress',
    peers: networks(rule.from, whom.effect),
    ports: ranges(rule),
  }
}

function networks(
  peers: readonly Peer[] | undefined,
  effect: Rule['effect'],
): PeerNetwork[] | null {
  if (peers === undefined) return null
  // fail closed: the addresses of names, pods and services are not known here. A guard rail about them covers every address …
  if (effect === 'deny' && peers.some((peer) => peer.cidr === undefined)) return null
  // fail closed: … and an allow for them covers none.
  return peers.flatMap((peer) =>
    peer.cidr === undefined
      ? []
      : [{ ...parseCidr(peer.cidr), except: (peer.except ?? []).map(parseCidr) }],
  )
}

const ranges = (rule: EgressRule | IngressRule) => (rule.ports ? portRanges(rule.ports) : null)

function patterns(text: string | readonly string[] | undefined): PathPattern[] | null {
  if (text === undefined) return null
  return (typeof text === 'string' ? [text] : text).map(parsePathPattern)
}
