// SPDX-License-Identifier: Apache-2.0
// A longest-prefix match answers one row only, so each row must already say everything that shorter prefixes say.
// Here rules over networks and port ranges become such rows.
import {
  contains,
  type Network,
  type PeerNetwork,
  type PortRange,
} from '../../../policies/src/index.ts'

/** Bits of rules; bit n of the number is rule n. */
export type Bits = bigint

export interface AddressRow {
  family: 4 | 6
  /** Network order; IPv4 in the first four bytes. */
  address: Uint8Array
  /** Prefix length in the family's own bits. */
  bits: number
  rules: Bits
}

export interface PortRow {
  protocol: number
  port: number
  /** Leading bits of the port that count. */
  bits: number
  rules: Bits
}

const textOf = ({ family, bytes, bits }: Network) =>
  `${family}/${bits}/${Buffer.from(bytes).toString('hex')}`

const covers = (outer: Network, inner: Network) =>
  outer.bits <= inner.bits && contains(outer, inner)

export function addressRows(
  rules: readonly { rule: number; peers: PeerNetwork[] }[],
): AddressRow[] {
  const nodes = new Map<string, Network>()
  for (const { peers } of rules)
    for (const peer of peers)
      for (const network of [peer, ...peer.except]) nodes.set(textOf(network), network)
  return [...nodes.values()].map((node) => {
    let bits = 0n
    for (const { rule, peers } of rules)
      if (
        peers.some(
          (peer) => covers(peer, node) && !peer.except.some((except) => covers(except, node)),
        )
      )
        bits |= 1n << BigInt(rule)
    const address = new Uint8Array(16)
    address.set(node.family === 4 ? node.bytes.subarray(12) : node.bytes)
    return { family: node.family, address, bits: node.bits, rules: bits }
  })
}

/** low..high as prefixes: at most 30. */
export function portPrefixes(low: number, high: number): { port: number; bits: number }[] {
  const out: { port: number; bits: number }[] = []
  for (let at = low; at <= high;) {
    let size = at === 0 ? 65536 : at & -at
    while (size > high - at + 1) size /= 2
    out.push({ port: at, bits: 16 - Math.log2(size) })
    at += size
  }
  return out
}

export function portRows(rules: readonly { rule: number; ports: PortRange[] }[]): PortRow[] {
  const nodes = new Map<string, Omit<PortRow, 'rules'>>()
  const ranges = rules.flatMap(({ rule, ports }) => ports.map((range) => ({ rule, ...range })))
  for (const { protocol, low, high } of ranges)
    if (protocol !== null)
      for (const prefix of portPrefixes(low, high))
        nodes.set(`${protocol}/${prefix.bits}/${prefix.port}`, { protocol, ...prefix })
  return [...nodes.values()].map((node) => {
    const last = node.port + 2 ** (16 - node.bits) - 1
    let bits = 0n
    for (const { rule, protocol, low, high } of ranges)
      if ((protocol === null || protocol === node.protocol) && low <= node.port && last <= high)
        bits |= 1n << BigInt(rule)
    return { ...node, rules: bits }
  })
}
