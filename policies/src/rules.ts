// SPDX-License-Identifier: Apache-2.0
// The one expansion of a policy into flat rules. evaluate() and the enforcer's compiler both start from these rows,
// so what a policy means is decided here and nowhere else.
import { parseCidr, type Network } from './address.ts'
import { parsePathPattern, type PathPattern } from './path-pattern.ts'
import type { RuntimeLike } from './policy-key.ts'
import type { DenyRule, EgressRule, IngressRule, Peer, Process } from './policy.gen.ts'
import { portRanges, type PortRange } from './port.ts'

export type PeerNetwork = Network & { except: Network[] }

export type Rule = {
  /** Key of the policy. */
  policy: string
  /** Where in the policy, for example spec.processes[0].egress[1]. */
  path: string
  mode: 'audit' | 'enforce'
  effect: 'allow' | 'deny'
  about: 'exec' | 'egress' | 'ingress' | 'protocol'
  /** null: any process, also one whose executable could not be resolved. A list never matches an unresolved one. */
  exe: PathPattern[] | null
  /** null: started by anything. */
  from: PathPattern[] | null
  /** null: any address. An empty list: none. */
  peers: PeerNetwork[] | null
  /** null: any port and protocol. */
  ports: PortRange[] | null
  stratum?: true
}

type Whom = Pick<Rule, 'policy' | 'mode' | 'effect' | 'exe' | 'from'>

/** A policy that restricts denies what no policy allows; one without `processes` consists of guard rails only. */
export function restricts(loaded: RuntimeLike): boolean {
  return loaded.policy.spec.processes !== undefined
}

/** In document order: processes first, then guard rails. */
export function flattenRules(loaded: RuntimeLike): Rule[] {
  const { spec } = loaded.policy
  const common = { policy: loaded.key, mode: spec.mode ?? 'audit' } as const
  return [
    ...(spec.processes ?? []).flatMap((process, i) =>
      allowRules(common, process, `spec.processes[${i}]`),
    ),
    ...(spec.deny ?? []).flatMap((deny, i) => denyRules(common, deny, `spec.deny[${i}]`)),
  ]
}

function allowRules(common: Pick<Rule, 'policy' | 'mode'>, process: Process, path: string): Rule[] {
  // fail closed: how a process was started is not known yet, so an entry that asks for it allows nothing.
  if (process.startedBy !== undefined) return []
  const whom: Whom = {
    ...common,
    effect: 'allow',
    exe: patterns(process.exe),
    from: patterns(process.from),
  }
  return [
    { ...whom, path, about: 'exec', peers: null, ports: null },
    ...(process.egress ?? []).map((rule, i) => egressRule(whom, rule, `${path}.egress[${i}]`)),
    ...(process.ingress ?? []).map((rule, i) => ingressRule(whom, rule, `${path}.ingress[${i}]`)),
  ]
}

function denyRules(common: Pick<Rule, 'policy' | 'mode'>, deny: DenyRule, path: string): Rule[] {
  const whom: Whom = {
    ...common,
    effect: 'deny',
    exe: patterns(deny.exe),
    from: patterns(deny.from),
  }
  const rules: Rule[] = []
  if (deny.egress) rules.push(egressRule(whom, deny.egress, path))
  if (deny.ingress) rules.push(ingressRule(whom, deny.ingress, path))
  if (deny.protocol)
    rules.push({ ...whom, path, about: 'protocol', peers: null, ports: null, stratum: true })
  if (rules.length === 0) rules.push({ ...whom, path, about: 'exec', peers: null, ports: null })
  return rules
}

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
