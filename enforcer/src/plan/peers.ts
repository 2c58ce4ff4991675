// SPDX-License-Identifier: Apache-2.0
// What is known of the cluster → who is at which address, as numbers of identities: one row for an address, one for a
// port where a Service is. An identity is what rules can tell of its bearer, so its number says the same in every plan
// and to every agent: a pod that comes or goes changes a row, and none of a ruleset.
import { createHash } from 'node:crypto'
import {
  addressKey,
  contains,
  formatNetwork,
  identityFrom,
  identityHits,
  identityTo,
  nobody,
  placeKey,
  type Address,
  type ClusterIndex,
  type Identity,
  type PeerNetwork,
  type PeerSelector,
  type Place,
  type Rule,
} from '../../../policies/src/index.ts'
import { PeerLimit } from '../kernel/abi.gen.ts'
import type { Bits } from './prefixes.ts'

/** What one rule asks of the other end. */
export interface Asking {
  rule: number
  effect: Rule['effect']
  selectors: PeerSelector[]
  /** Of a rail: it is about what leads there as well. */
  networks: PeerNetwork[]
}

export interface AddressPeer {
  address: Address
  to: bigint
  from: bigint
}
export interface PlacePeer {
  place: Place
  identity: bigint
  /** null: too many kinds of places to tell. */
  behind: { identity: bigint; port: number }[] | null
}
/** `networks`: those of rails that cover a place behind a Service. */
export interface KnownIdentity extends Identity {
  networks: string[]
}
export interface Peers {
  addresses: Map<string, AddressPeer>
  places: Map<string, PlacePeer>
  /** By number. */
  identities: Map<bigint, KnownIdentity>
}
export const noPeers: Peers = { addresses: new Map(), places: new Map(), identities: new Map() }

export function askingOf(rules: readonly (Rule & { number: number })[]): Asking[] {
  return rules
    .filter(({ about }) => about === 'egress' || about === 'ingress')
    .map(({ number, about, effect, selectors, peers }) => ({
      rule: number,
      effect,
      selectors,
      networks: effect === 'deny' && about === 'egress' ? (peers ?? []) : [],
    }))
    .filter(({ selectors, networks }) => selectors.length > 0 || networks.length > 0)
}

export function peersOf(
  rulesets: Iterable<{ asking: readonly Asking[]; railsAbout: boolean }>,
  index: ClusterIndex,
): Peers {
  const selectors = new Map<string, PeerSelector>()
  const networks = new Map<string, PeerNetwork>()
  let rails = false
  for (const { asking, railsAbout } of rulesets) {
    rails ||= railsAbout
    for (const one of asking) {
      for (const selector of one.selectors) selectors.set(selector.key, selector)
      for (const network of one.networks) networks.set(networkKey(network), network)
    }
  }
  if (selectors.size === 0 && !rails) return noPeers
  const peers: Peers = { addresses: new Map(), places: new Map(), identities: new Map() }
  const asked = [...selectors.values()]
  const number = (identity: KnownIdentity) => numberOf(identity, peers.identities)
  const to = (place: Place) => ({ ...identityTo(index, place, asked), networks: [] })

  const services = [...index.backs, ...index.fronts.map(({ place }) => place)]
  for (const address of [...index.addresses, ...services.map((place) => place.address)]) {
    const key = addressKey(address)
    if (peers.addresses.has(key)) continue
    const row = {
      address,
      to: number(to({ address, protocol: 0, port: 0 })),
      from: number({ ...identityFrom(index, address, asked), networks: [] }),
    }
    if (row.to !== 0n || row.from !== 0n) peers.addresses.set(key, row)
  }
  for (const place of services) {
    const key = placeKey(place)
    if (peers.places.has(key)) continue
    const identity = number(to(place))
    const led = index.front(place)?.behind ?? []
    const behind = leading(led, (one) => ({
      ...identityTo(index, one, asked),
      networks: [...networks].flatMap(([text, network]) =>
        covers(network, one.address) ? [text] : [],
      ),
    }))
    const kinds = behind?.map((one) => ({ identity: number(one.identity), port: one.port })) ?? null
    const matters =
      identity !== (peers.addresses.get(addressKey(place.address))?.to ?? 0n) ||
      kinds === null ||
      kinds.some((one) => one.identity !== 0n || rails)
    if (matters) peers.places.set(key, { place, identity, behind: kinds })
  }
  return peers
}

/** The kinds of places, each once; where they are too many, those of one port together; null: too many ports. */
function leading(
  places: readonly Place[],
  identify: (place: Place) => KnownIdentity,
): { identity: KnownIdentity; port: number }[] | null {
  const kinds = new Map<string, { identity: KnownIdentity; port: number }>()
  for (const place of places) {
    const identity = identify(place)
    kinds.set(`${place.port} ${textOf(identity)}`, { identity, port: place.port })
  }
  if (kinds.size <= PeerLimit.LIMIT_BEHIND) return [...kinds.values()]
  const ports = new Map<number, KnownIdentity[]>()
  for (const { identity, port } of kinds.values())
    ports.set(port, [...(ports.get(port) ?? []), identity])
  const alike = (all: KnownIdentity[]) =>
    all.every((one) => one.services.join() === all[0]?.services.join())
  // fail closed: then no rule allows it for where it leads, and every rail is about it.
  if (ports.size > PeerLimit.LIMIT_BEHIND || ![...ports.values()].every(alike)) return null
  return [...ports].map(([port, all]) => ({
    port,
    identity: {
      pods: all.flatMap((one) => (one.pods.length > 0 ? one.pods : [{ sure: [], possible: [] }])),
      services: all[0]?.services ?? [],
      networks: [...new Set(all.flatMap((one) => one.networks))],
    },
  }))
}

/** The rules of a ruleset that are about an identity. */
export function rulesAbout(asking: readonly Asking[], identity: KnownIdentity): Bits {
  let bits = 0n
  for (const one of asking)
    if (
      identityHits(identity, one) ||
      one.networks.some((network) => identity.networks.includes(networkKey(network)))
    )
      bits |= 1n << BigInt(one.rule)
  return bits
}

const covers = (network: PeerNetwork, address: Address) =>
  contains(network, address) && !network.except.some((hole) => contains(hole, address))

const networkKey = (network: PeerNetwork) =>
  [network, ...network.except].map(formatNetwork).join(' except ')

/** The same for the same identity, whatever order it was found in. */
function textOf({ pods, services, networks }: KnownIdentity): string {
  const kinds = pods.map(({ sure, possible }) =>
    JSON.stringify([sure.toSorted(), possible.toSorted()]),
  )
  return JSON.stringify([[...new Set(kinds)].sort(), services.toSorted(), networks.toSorted()])
}

const nothing = textOf({ ...nobody, networks: [] })

/** 0: nobody whom any rule could tell. */
function numberOf(identity: KnownIdentity, known: Map<bigint, KnownIdentity>): bigint {
  const { pods, services, networks } = identity
  const text = textOf(identity)
  if (text === nothing || ![services, networks, ...pods.map((p) => p.possible)].some((l) => l[0]))
    return 0n
  const number = createHash('sha256').update(text).digest().readBigUInt64LE()
  known.set(number, identity)
  return number
}
