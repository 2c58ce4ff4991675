// SPDX-License-Identifier: Apache-2.0
// What policy says about one decision: the specification that the kernel's decision functions must agree with.
// Any matching guard rail denies; else any matching rule allows; else a policy that lists processes denies; else it is allowed.
import { contains, normaliseAddress, type Address } from './address.ts'
import { indexCluster, noCluster, type ClusterIndex, type Place } from './cluster.ts'
import type { Access, Decision, Verdict, Verdicts } from './decision.ts'
import { dnsMatches } from './dns-pattern.ts'
import type { PodFacts } from './implied.ts'
import { directoriesOf, pathMatches, type PathPattern } from './path-pattern.ts'
import { identityFrom, identityHits, identityTo } from './peer-selector.ts'
import { byKey, type RuntimeLike } from './policy-key.ts'
import { covers, icmpForIpv6, protocols, type ProtocolName } from './port.ts'
import type { Resolvers } from './resolvers.ts'
import { flattenRules, restricts, type PeerNetwork, type Rule } from './rules.ts'

/** What is known besides the policies. Left out: nothing. */
export type Surroundings = {
  cluster?: ClusterIndex
  /** The subject's own pod. */
  pod?: PodFacts
  resolvers?: Resolvers
}

const unknown = indexCluster(noCluster)

/** `policies` are those that select the subject, in any order. */
export function evaluate(
  policies: readonly RuntimeLike[],
  decision: Decision,
  around: Surroundings = {},
): Verdicts {
  const ordered = policies.toSorted(byKey)
  const enforced = ordered.filter(({ policy }) => policy.spec.mode === 'enforce')
  return {
    enforced: verdictOf(enforced, decision, around),
    audited: verdictOf(ordered, decision, around),
  }
}

function verdictOf(
  policies: readonly RuntimeLike[],
  decision: Decision,
  { cluster = unknown, pod, resolvers }: Surroundings,
): Verdict {
  const rules = policies.flatMap((one) => flattenRules(one, pod, resolvers))
  if (decision.kind === 'egress') return egress(policies, rules, decision, cluster)
  if (decision.kind !== 'exec' || decision.script === undefined)
    return decide(policies, rules, decision, cluster)
  // Script and interpreter must both be allowed; the script is asked about first, as the kernel does.
  const { script, scriptOrigin = 'image', ...interpreter } = decision
  const first = decide(
    policies,
    rules,
    { ...interpreter, exe: script, origin: scriptOrigin },
    cluster,
  )
  return first.verdict === 'deny' ? first : decide(policies, rules, interpreter, cluster)
}

/** The address of a Service is what it leads to as well: each place must be allowed, by what allows it or the Service. */
function egress(
  policies: readonly RuntimeLike[],
  rules: readonly Rule[],
  decision: Decision & { kind: 'egress' },
  cluster: ClusterIndex,
): Verdict {
  const asked = rules.filter((rule) => matches(rule, decision, cluster))
  const behind = cluster.front(placeOf(decision))?.behind ?? []
  if (behind.length === 0) return judge(policies, asked, 'egress')
  const verdicts = behind.map((place) =>
    judge(
      policies,
      rules.filter((rule) => asked.includes(rule) || leadsTo(rule, decision, place, cluster)),
      'egress',
    ),
  )
  return verdicts.find(({ verdict }) => verdict === 'deny') ?? (verdicts[0] as Verdict)
}

/** Addresses in a rule that allows are those asked for; a rail about an address counts for what leads there, too. */
function leadsTo(
  rule: Rule,
  decision: Decision & { kind: 'egress' },
  place: Place,
  cluster: ClusterIndex,
): boolean {
  if (rule.about !== 'egress' || !isFor(rule, decision)) return false
  if (!anyPort(rule, place.protocol, place.port)) return false
  const selected = identityHits(identityTo(cluster, place, rule.selectors), rule)
  return selected || (rule.effect === 'deny' && anyPeer(rule.peers, place.address))
}

const placeOf = ({ address, protocol, port }: Decision & { kind: 'egress' }): Place => {
  const asked = normaliseAddress(address)
  return { address: asked, protocol: numberOf(protocol, asked.family), port }
}

function decide(
  policies: readonly RuntimeLike[],
  rules: readonly Rule[],
  decision: Decision,
  cluster: ClusterIndex,
): Verdict {
  // Port 0 asks the kernel for any free port; the port it gives is judged when a connection arrives.
  if (decision.kind === 'bind' && decision.port === 0) return { verdict: 'allow' }
  const about = decision.kind === 'bind' ? 'ingress' : decision.kind
  return judge(
    policies,
    rules.filter((rule) => matches(rule, decision, cluster)),
    about,
  )
}

function judge(
  policies: readonly RuntimeLike[],
  matching: readonly Rule[],
  about: Rule['about'],
): Verdict {
  const rule = matching.find(({ effect }) => effect === 'deny') ?? matching[0]
  if (rule) return { verdict: rule.effect, policy: rule.policy, path: rule.path }
  const restricting = policies.find((policy) => restricts(policy, about))
  // fail closed: where any policy lists processes, what nobody lists is denied.
  if (restricting) return { verdict: 'deny', policy: restricting.key, path: 'spec.processes' }
  // fail open: the default posture, no policy that restricts selects the subject.
  return { verdict: 'allow' }
}

/** About this process at all. */
function isFor(rule: Rule, { exe, from, startedBy }: Decision): boolean {
  if (!anyPath(rule.exe, exe) || !anyPath(rule.from, from)) return false
  // fail closed: where it is not known how a process was started, no entry that asks for it applies.
  if (rule.startedBy === null || rule.startedBy === startedBy) return true
  return startedBy === 'first' && rule.startedBy === 'entrypoint'
}

function matches(rule: Rule, decision: Decision, cluster: ClusterIndex): boolean {
  if (!isFor(rule, decision)) return false
  switch (decision.kind) {
    case 'exec':
      if (rule.about === 'code') return rule.code === 'other' && decision.origin === 'other'
      return rule.about === 'exec'
    case 'code':
      return rule.about === 'code' && rule.code === decision.origin
    case 'file':
      return rule.about === 'file' && opens(rule, decision)
    case 'privilege':
      return rule.about === 'privilege' && (rule.privileges?.includes(decision.privilege) ?? true)
    case 'socket':
      return rule.about === 'socket' && (rule.sockets?.includes(decision.use) ?? false)
    case 'protocol':
      return rule.about === 'protocol'
    case 'bind':
      // Listening is allowed by any rule for the port; it is denied only by one that denies the port to everybody.
      if (rule.about !== 'ingress' || (rule.effect === 'deny' && rule.peers !== null)) return false
      return anyPort(rule, numberOf(decision.protocol, 4), decision.port)
    case 'egress': {
      if (rule.about !== 'egress') return false
      const place = placeOf(decision)
      const hit =
        anyPeer(rule.peers, place.address) ||
        anyName(rule, decision.names) ||
        identityHits(identityTo(cluster, place, rule.selectors), rule)
      return hit && anyPort(rule, place.protocol, place.port)
    }
    case 'ingress': {
      if (rule.about !== 'ingress') return false
      const address = normaliseAddress(decision.address)
      const hit =
        anyPeer(rule.peers, address) ||
        (rule.looped && decision.looped) ||
        identityHits(identityFrom(cluster, address, rule.selectors), rule)
      return hit && anyPort(rule, numberOf(decision.protocol, address.family), decision.port)
    }
  }
}

function anyPath(patterns: readonly PathPattern[] | null, path: string | null): boolean {
  if (patterns === null) return true
  // A path that could not be resolved matches no pattern, not even /**: no rule that names executables can allow it.
  return path !== null && patterns.some((pattern) => pathMatches(pattern, path))
}

/** An allow must cover every access that is asked for; a guard rail denies any of its own. */
function opens({ files, effect }: Rule, decision: Decision & { kind: 'file' }): boolean {
  const { path, access, moves } = decision
  if (!files) return true
  const covers = (one: Access) =>
    path !== null && files.some((file) => file.access.includes(one) && pathMatches(file, path))
  if (effect === 'allow') return access.every(covers)
  // fail closed: what cannot be resolved may be another name of what the guard rail protects.
  if (path === null) return true
  // Nor must that get another name by its directory's.
  const takesAlong = moves && files.some((file) => directoriesOf(file).includes(path))
  return takesAlong === true || access.some(covers)
}

function anyPeer(peers: readonly PeerNetwork[] | null, address: Address): boolean {
  if (peers === null) return true
  return peers.some(
    (peer) => contains(peer, address) && !peer.except.some((hole) => contains(hole, address)),
  )
}

function anyName({ names = [] }: Rule, known: readonly string[] = []): boolean {
  return names.some((pattern) => known.some((name) => dnsMatches(pattern, name)))
}

function anyPort({ ports }: Rule, protocol: number, port: number): boolean {
  return ports === null || ports.some((range) => covers(range, protocol, port))
}

function numberOf(protocol: ProtocolName | number, family: 4 | 6): number {
  if (typeof protocol === 'number') return protocol
  return protocol === 'ICMP' && family === 6 ? icmpForIpv6 : protocols[protocol]
}
