// SPDX-License-Identifier: Apache-2.0
// Whose answers are believed. A process that a rule allows to talk to names may ask its node's resolvers, which no policy
// has to say. A rule about port 53 of certain addresses makes those resolvers as well; any other way to talk to port 53
// teaches nothing, or whoever may talk to a server of their own could make it answer anything.
import { normaliseAddress } from './address.ts'
import { protocols, type PortRange } from './port.ts'
import type { PeerNetwork, Rule } from './rules.ts'

export type Resolvers = {
  /** For pods and bare containers. */
  containers: readonly string[]
  /** For services of the host, whose resolvers may be on its loopback device. */
  host: readonly string[]
}
export const noResolvers: Resolvers = { containers: [], host: [] }

const dns = 53
const ports: PortRange[] = [protocols.UDP, protocols.TCP].map((protocol) => ({
  protocol,
  low: dns,
  high: dns,
}))

/** Whether the answers of those that this rule allows to ask are believed. */
export function isResolverRule(
  rule: Pick<Rule, 'about' | 'effect' | 'peers' | 'selectors' | 'ports'>,
): boolean {
  const { about, effect, peers, selectors } = rule
  if (about !== 'egress' || effect !== 'allow' || peers === null) return false
  if (peers.length + selectors.length === 0 || peers.some(({ bits }) => bits === 0)) return false
  return rule.ports?.some(({ low, high }) => low === dns && high === dns) ?? false
}

/** `rules` of one policy → the same, and what follows from those that name hosts. */
export function withResolvers(rules: readonly Rule[], resolvers: readonly string[]): Rule[] {
  const peers = resolvers.map(one)
  const implied = new Map<string, Rule>()
  for (const rule of rules) {
    if (rule.about !== 'egress' || rule.effect !== 'allow' || !rule.names) continue
    const process = rule.path.replace(/\.egress\[\d+\]$/, '')
    const { names, ...rest } = rule
    void names
    const path = `${process} (resolvers)`
    implied.set(process, { ...rest, path, peers, selectors: [], ports, resolver: true })
  }
  const told = rules.map((rule) =>
    isResolverRule(rule) ? { ...rule, resolver: true as const } : rule,
  )
  return peers.length === 0 ? told : [...told, ...implied.values()]
}

function one(address: string): PeerNetwork {
  const { family, bytes } = normaliseAddress(address)
  return { family, bytes, bits: family === 4 ? 32 : 128, except: [] }
}
