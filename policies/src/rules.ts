// SPDX-License-Identifier: Apache-2.0
// The one expansion of a policy into flat rules. evaluate() and the enforcer's compiler both start from these rows,
// so what a policy means is decided here and nowhere else.
import { parseCidr, type Network } from './address.ts'
import { parseDnsPattern, type DnsPattern } from './dns-pattern.ts'
import { withImplied, type PodFacts } from './implied.ts'
import { parsePathPattern, type PathPattern } from './path-pattern.ts'
import { peerSelector, type PeerSelector } from './peer-selector.ts'
import { namespaceOf, type RuntimeLike } from './policy-key.ts'
import type { Access, Asked } from './decision.ts'
import type {
  DenyRule,
  EgressRule,
  FileRule,
  IngressRule,
  Peer,
  Privilege,
  Process,
  RuntimeSpec,
  SocketUse,
} from './policy.gen.ts'
import { portRanges, type PortRange } from './port.ts'
import { noResolvers, withResolvers, type Resolvers } from './resolvers.ts'

export type PeerNetwork = Network & { except: Network[] }

export type Rule = {
  /** Key of the policy. */
  policy: string
  /** Where in the policy, for example spec.processes[0].egress[1]. */
  path: string
  mode: 'audit' | 'enforce'
  effect: 'allow' | 'deny'
  about: 'exec' | 'code' | 'egress' | 'ingress' | 'protocol' | 'file' | 'privilege' | 'socket'
  /** null: any process, also one whose executable could not be resolved. A list never matches an unresolved one. */
  exe: PathPattern[] | null
  /** null: started by anything. */
  from: PathPattern[] | null
  /** Only processes that came into their container this way; null: any. */
  startedBy: Asked | null
  /** null: any address. An empty list: none. */
  peers: PeerNetwork[] | null
  /** Peers by what they are, beside those by address. */
  selectors: PeerSelector[]
  /** Peers by name, beside those by address: what the subject's resolvers told it. Left out: none. */
  names?: DnsPattern[]
  /** Whoever may be asked by this rule is believed. */
  resolver?: true
  /** About ingress: what comes over the subject's own loopback device, beside `peers`. */
  looped?: true
  /** null: any port and protocol. */
  ports: PortRange[] | null
  stratum?: true
  /** About code: other files than the image's, or memory. */
  code?: 'other' | 'memory'
  /** About files; null: any. An empty list: none. */
  files?: FilePattern[] | null
  /** About privileges; null: any. An empty list: none. */
  privileges?: Privilege[] | null
  /** About sockets; an empty list: none. */
  sockets?: SocketUse[]
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

/** In document order: code, processes, then guard rails. `pod`, `resolvers`: what is known besides, for what is implied. */
export function flattenRules(
  loaded: RuntimeLike,
  pod?: PodFacts,
  resolvers: Resolvers = noResolvers,
): Rule[] {
  const { spec } = loaded.policy
  const common = { policy: loaded.key, mode: spec.mode ?? 'audit' } as const
  const own = loaded.policy.kind === 'RuntimePolicy' ? namespaceOf(loaded.policy) : null
  const rules = [
    ...codeRules(common, spec),
    ...(spec.processes ?? []).flatMap((process, i) =>
      allowRules(common, own, process, `spec.processes[${i}]`).filter(
        // A policy that says nothing of files for any process opens none to a process that another policy limits.
        ({ about }) => restricts(loaded, about),
      ),
    ),
    ...(spec.deny ?? []).flatMap((deny, i) => denyRules(common, own, deny, `spec.deny[${i}]`)),
  ]
  const { policy } = loaded
  const host = policy.kind === 'ClusterRuntimePolicy' && policy.spec.scope === 'host'
  const all = [...withImplied(rules, pod), ...sandbox(common, loaded)]
  return withResolvers(all, host ? resolvers.host : resolvers.containers)
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

/**
 * What holds a pod's namespaces is part of the pod, and nobody's who writes its policy: without it no pod could start. Only
 * as the first program of a container, which no process of the pod can become, and it may talk to nobody.
 */
function sandbox(common: Pick<Rule, 'policy' | 'mode'>, { policy }: RuntimeLike): Rule[] {
  const { spec } = policy
  const isOfPods = policy.kind === 'RuntimePolicy' || policy.spec.scope === 'pod'
  if (spec.processes === undefined || !isOfPods) return []
  const whom = { effect: 'allow', exe: patterns('/pause'), from: null, startedBy: 'first' } as const
  return [{ ...common, ...whom, path: 'spec.processes (sandbox)', about: 'exec', ...anywhere }]
}

const anybody = { exe: null, from: null, startedBy: null }
const anywhere = { peers: null, selectors: [], ports: null }

function allowRules(
  common: Pick<Rule, 'policy' | 'mode'>,
  own: string | null,
  process: Process,
  path: string,
): Rule[] {
  const whom: Whom = {
    ...common,
    effect: 'allow',
    exe: patterns(process.exe),
    from: patterns(process.from),
    startedBy: process.startedBy ?? null,
  }
  const { files, privileges, sockets } = process
  return [
    { ...whom, path, about: 'exec', ...anywhere },
    ...(process.egress ?? []).map((rule, i) => egressRule(whom, own, rule, `${path}.egress[${i}]`)),
    ...(process.ingress ?? []).map((rule, i) =>
      ingressRule(whom, own, rule, `${path}.ingress[${i}]`),
    ),
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
    ...(sockets?.length
      ? [{ ...whom, path: `${path}.sockets`, about: 'socket' as const, ...anywhere, sockets }]
      : []),
  ]
}

function denyRules(
  common: Pick<Rule, 'policy' | 'mode'>,
  own: string | null,
  deny: DenyRule,
  path: string,
): Rule[] {
  const whom: Whom = {
    ...common,
    effect: 'deny',
    exe: patterns(deny.exe),
    from: patterns(deny.from),
    startedBy: null,
  }
  const rules: Rule[] = []
  if (deny.egress) rules.push(egressRule(whom, own, deny.egress, path))
  if (deny.ingress) rules.push(ingressRule(whom, own, deny.ingress, path))
  if (deny.protocol) rules.push({ ...whom, path, about: 'protocol', ...anywhere, stratum: true })
  if (deny.file)
    rules.push({ ...whom, path, about: 'file', ...anywhere, files: [deniedFile(deny.file)] })
  if (deny.privilege)
    rules.push({ ...whom, path, about: 'privilege', ...anywhere, privileges: [deny.privilege] })
  if (deny.socket)
    rules.push({ ...whom, path, about: 'socket', ...anywhere, sockets: [deny.socket] })
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

function egressRule(whom: Whom, own: string | null, rule: EgressRule, path: string): Rule {
  return {
    ...whom,
    path,
    about: 'egress',
    ...peersOf(rule.to, own),
    ports: ranges(rule),
  }
}

function ingressRule(whom: Whom, own: string | null, rule: IngressRule, path: string): Rule {
  return {
    ...whom,
    path,
    about: 'ingress',
    ...peersOf(rule.from, own),
    ports: ranges(rule),
  }
}

function peersOf(
  peers: readonly Peer[] | undefined,
  own: string | null,
): Pick<Rule, 'peers' | 'selectors' | 'names'> {
  if (!peers) return { peers: null, selectors: [] }
  const names = peers.flatMap(({ dns }) => (dns === undefined ? [] : [parseDnsPattern(dns)]))
  return {
    peers: peers.flatMap(({ cidr, except = [] }) =>
      cidr === undefined ? [] : [{ ...parseCidr(cidr), except: except.map(parseCidr) }],
    ),
    selectors: peers.flatMap((peer) => peerSelector(peer, own) ?? []),
    ...(names.length > 0 && { names }),
  }
}

const ranges = (rule: EgressRule | IngressRule) => (rule.ports ? portRanges(rule.ports) : null)

function patterns(text: string | readonly string[] | undefined): PathPattern[] | null {
  if (text === undefined) return null
  return (typeof text === 'string' ? [text] : text).map(parsePathPattern)
}
