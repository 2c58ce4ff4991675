// SPDX-License-Identifier: Apache-2.0
// What follows from a plan's peers, in words: the Services that an allowed pod brings with it, what a pod's policies
// imply for its kubelet and its sidecar, and selectors that nothing matches.
import type { KnownPod } from '../../enforcer/src/identity/pods.ts'
import type { Plan, Ruleset } from '../../enforcer/src/plan/compile.ts'
import { peersOf, rulesAbout } from '../../enforcer/src/plan/peers.ts'
import {
  formatAddress,
  placeKey,
  type ClusterIndex,
  type LabelSelector,
  type PeerSelector,
} from '../../policies/src/index.ts'

const mostServices = 10

export function impliedLines(
  plan: Plan,
  ruleset: Ruleset,
  cluster: ClusterIndex,
  pods: readonly KnownPod[],
): string[] {
  const services = ledOnlyTo(plan, ruleset, cluster)
  const [facts] = pods.flatMap((pod) => pod.facts ?? [])
  const lines = [
    ...services.slice(0, mostServices),
    ...(services.length > mostServices ? [`${services.length - mostServices} more Services`] : []),
  ].map((one) => `${one} is allowed: it leads only to what is`)
  if (facts && ruleset.restricts.process.audited !== null) {
    const { probes, node, sidecar } = facts
    if (probes.length > 0)
      lines.push(
        node.length > 0
          ? `the kubelet, at ${node.join(', ')}, may ask port ${probes.join(', ')} of its probes`
          : `the kubelet may ask port ${probes.join(', ')} of its probes, from the addresses of the node that the agent is on`,
      )
    if (sidecar)
      lines.push(
        `${sidecar.name} is redirected to: port ${sidecar.inbound.join(', ')} hears whom any port may hear, ` +
          `port ${[...new Set(sidecar.outbound.map(({ port }) => port))].join(', ')} the pod itself, which hears it in turn`,
      )
  }
  return lines.map((line) => `  implied  ${line}`)
}

/** Addresses of Services, where each place behind them is allowed by some rule about pods or Services. */
function ledOnlyTo(plan: Plan, ruleset: Ruleset, cluster: ClusterIndex): string[] {
  const { egress, deny } = ruleset.masks
  const allowed = egress & ~deny
  return cluster.fronts.flatMap(({ place, services }) => {
    const row = plan.peers.places.get(placeKey(place))
    if (!row?.behind || row.behind.length === 0) return []
    const every = row.behind.every(({ identity, port }) => {
      const known = plan.peers.identities.get(identity)
      const rules = known ? rulesAbout(ruleset.asking, known) : 0n
      return (rules & allowed & rulesOfPort(ruleset, place.protocol, port)) !== 0n
    })
    if (!every) return []
    const names = services.map(({ namespace, name }) => `${namespace}/${name}`).join(', ')
    const protocol = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' }[place.protocol] ?? place.protocol
    return [`Service ${names} at ${formatAddress(place.address)} ${place.port}/${protocol}`]
  })
}

function rulesOfPort({ ports, masks }: Ruleset, protocol: number, port: number): bigint {
  let longest = { bits: -1, rules: 0n }
  for (const row of ports)
    if (
      row.protocol === protocol &&
      row.bits > longest.bits &&
      row.port >> (16 - row.bits) === port >> (16 - row.bits)
    )
      longest = row
  return longest.rules | masks.anyPort
}

/** Selectors of peers that no known pod and no known Service fits: rules about them match nothing. */
export function unmatchedLines(rulesets: readonly Ruleset[], cluster: ClusterIndex): string[] {
  const known = [...peersOf(rulesets, cluster).identities.values()]
  const found = new Set(
    known.flatMap(({ pods, services }) => [...services, ...pods.flatMap(({ sure }) => sure)]),
  )
  const possible = new Set(known.flatMap(({ pods }) => pods.flatMap((one) => one.possible)))
  const asked = new Map<string, string>()
  for (const { asking, policies } of rulesets)
    for (const { selectors } of asking)
      for (const one of selectors)
        if (!found.has(one.key))
          asked.set(
            one.key,
            `${describe(one)}, in ${policies.join(' or ')}` +
              (possible.has(one.key)
                ? ' (not told of: the Namespaces of pods that it may mean)'
                : ''),
          )
  return [...asked.values()].map((text) => `matches nothing: ${text}`)
}

function describe(selector: PeerSelector): string {
  if (selector.kind === 'service') return `Service ${selector.namespace}/${selector.name}`
  const { pods, namespaces, namespace } = selector
  const where = namespaces
    ? ` of namespaces ${labels(namespaces)}`
    : namespace
      ? ` of ${namespace}`
      : ''
  return `pods ${pods ? labels(pods) : '(all)'}${where}`
}

function labels({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const parts = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values }) =>
      [key, operator, ...(values ? [values.join('|')] : [])].join(' '),
    ),
  ]
  return parts.length > 0 ? parts.join(', ') : '(all)'
}
