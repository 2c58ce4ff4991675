// SPDX-License-Identifier: Apache-2.0
// What a policy allows to a pod without saying so: its node's kubelet asks the ports of its probes, and the hops that a
// sidecar adds inside of it. Only for processes that the policy lists, and `deny` wins as over every allow.
import { normaliseAddress } from './address.ts'
import { protocols } from './port.ts'
import type { PeerNetwork, Rule } from './rules.ts'

export type PodFacts = {
  /** Addresses from which its node's kubelet may ask. */
  node: readonly string[]
  /** TCP ports that its probes name. */
  probes: readonly number[]
  /** Ports to which its own network namespace redirects. */
  sidecar: {
    name: string
    inbound: readonly number[]
    outbound: readonly { protocol: 'TCP' | 'UDP'; port: number }[]
  } | null
}

const tcp = (port: number) => ({ protocol: protocols.TCP, low: port, high: port })

/** `rules` of one policy → the same, and what follows from them. */
export function withImplied(rules: readonly Rule[], pod: PodFacts | undefined): Rule[] {
  if (!pod) return [...rules]
  const listed = rules.filter(({ about, effect }) => about === 'exec' && effect === 'allow')
  const each = (rule: Pick<Rule, 'peers' | 'selectors' | 'ports' | 'looped'>, why: string) =>
    listed.map((process): Rule => ({
      ...process,
      ...rule,
      about: 'ingress',
      path: `${process.path} (${why})`,
    }))
  const probes =
    pod.node.length > 0 && pod.probes.length > 0
      ? each({ peers: pod.node.map(one), selectors: [], ports: pod.probes.map(tcp) }, 'probes')
      : []
  const { sidecar } = pod
  if (!sidecar) return [...rules, ...probes]
  const inbound = rules
    .filter(({ about, effect }) => about === 'ingress' && effect === 'allow')
    .filter(({ ports }) => ports === null || ports.some(({ protocol }) => protocol === 6))
  return [
    // Whoever may be heard is heard through the sidecar, which speaks from inside of the pod.
    ...rules.map((rule) => (inbound.includes(rule) ? { ...rule, looped: true as const } : rule)),
    ...probes,
    ...inbound.flatMap(({ peers, selectors }) =>
      each({ peers, selectors, ports: sidecar.inbound.map(tcp) }, 'sidecar'),
    ),
    ...each(
      {
        peers: [],
        selectors: [],
        looped: true,
        ports: sidecar.outbound.map(({ protocol, port }) => ({
          protocol: protocols[protocol],
          low: port,
          high: port,
        })),
      },
      'sidecar',
    ),
  ]
}

function one(address: string): PeerNetwork {
  const { family, bytes } = normaliseAddress(address)
  return { family, bytes, bits: family === 4 ? 32 : 128, except: [] }
}
