// SPDX-License-Identifier: Apache-2.0
// Rows for longest-prefix matches against the slow reading of the rules: which rule covers this address, this port?
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contains,
  covers,
  normaliseAddress,
  parseCidr,
  type Address,
  type PeerNetwork,
} from '../../../policies/src/index.ts'
import { addressRows, portPrefixes, portRows, type AddressRow, type PortRow } from './prefixes.ts'

const bitsOf = (bytes: Uint8Array, bits: number) =>
  [...bytes]
    .map((b) => b.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, bits)

/** What the kernel's trie answers. */
function longest(rows: readonly AddressRow[], { family, bytes }: Address): bigint {
  const own = family === 4 ? bytes.subarray(12) : bytes
  const hits = rows.filter(
    (row) => row.family === family && bitsOf(row.address, row.bits) === bitsOf(own, row.bits),
  )
  return hits.sort((a, b) => b.bits - a.bits)[0]?.rules ?? 0n
}
function longestPort(rows: readonly PortRow[], protocol: number, port: number): bigint {
  const hits = rows.filter(
    (row) => row.protocol === protocol && row.port >> (16 - row.bits) === port >> (16 - row.bits),
  )
  return hits.sort((a, b) => b.bits - a.bits)[0]?.rules ?? 0n
}
const numbers = (bits: bigint, count: number) =>
  Array.from({ length: count }, (_, i) => i).filter((i) => (bits >> BigInt(i)) & 1n)

const four = fc
  .tuple(fc.constantFrom(10, 11, 192), fc.constantFrom(0, 1, 128), fc.constantFrom(0, 7), fc.nat(3))
  .map((bytes) => bytes.join('.'))
const six = fc
  .tuple(fc.constantFrom('fd00', 'fd01'), fc.constantFrom('0', '8000'), fc.nat(3))
  .map(([a, b, c]) => `${a}:${b}::${c}`)
const network = fc.oneof(
  fc.tuple(four, fc.nat(32)).map(([text, bits]) => ({ text, bits, width: 32 })),
  fc.tuple(six, fc.nat(128)).map(([text, bits]) => ({ text, bits, width: 128 })),
)
const cleared = network.map(({ text, bits, width }) => {
  const { family, bytes } = parseCidr(`${text}/${width}`)
  const prefix = bits + (family === 4 ? 96 : 0)
  const kept = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8))))
  return { family, bytes: kept, bits }
})
const peer: fc.Arbitrary<PeerNetwork> = fc
  .tuple(cleared, fc.array(cleared, { maxLength: 3 }))
  .map(([outer, except]) => ({ ...outer, except }))

describe('addresses', () => {
  it('answer what the rules say, for any networks and exceptions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(peer, { minLength: 1, maxLength: 3 }), { maxLength: 5 }),
        fc.array(fc.oneof(four, six), { minLength: 10, maxLength: 10 }),
        (rules, asked) => {
          const rows = addressRows(rules.map((peers, rule) => ({ rule, peers })))
          for (const text of asked) {
            const address = normaliseAddress(text)
            const expected = rules.flatMap((peers, rule) =>
              peers.some((p) => contains(p, address) && !p.except.some((e) => contains(e, address)))
                ? [rule]
                : [],
            )
            expect(numbers(longest(rows, address), rules.length)).toEqual(expected)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('lie in the first bytes for IPv4', () => {
    const [row] = addressRows([{ rule: 3, peers: [{ ...parseCidr('10.0.0.0/8'), except: [] }] }])
    expect(row).toMatchObject({ family: 4, bits: 8, rules: 8n })
    expect([...(row?.address ?? [])]).toEqual([10, ...new Array<number>(15).fill(0)])
  })
})

describe('ports', () => {
  it('a range is few prefixes that cover it exactly', () => {
    fc.assert(
      fc.property(fc.nat(65535), fc.nat(65535), (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const prefixes = portPrefixes(low, high)
        expect(prefixes.length).toBeLessThanOrEqual(30)
        let next = low
        for (const { port, bits } of prefixes) {
          expect(port).toBe(next)
          expect(port % 2 ** (16 - bits)).toBe(0)
          next += 2 ** (16 - bits)
        }
        expect(next).toBe(high + 1)
      }),
    )
  })

  it('answer what the rules say', () => {
    const edges = fc.oneof(
      fc.constantFrom(0, 1, 79, 80, 81, 1023, 1024, 65534, 65535),
      fc.nat(65535),
    )
    const range = fc
      .tuple(fc.constantFrom(6, 17, 1), edges, edges)
      .map(([protocol, a, b]) => ({ protocol, low: Math.min(a, b), high: Math.max(a, b) }))
    fc.assert(
      fc.property(
        fc.array(fc.array(range, { minLength: 1, maxLength: 3 }), { maxLength: 5 }),
        fc.array(fc.tuple(fc.constantFrom(6, 17, 132), edges), { minLength: 10, maxLength: 10 }),
        (rules, asked) => {
          const rows = portRows(rules.map((ports, rule) => ({ rule, ports })))
          for (const [protocol, port] of asked) {
            const expected = rules.flatMap((ports, rule) =>
              ports.some((p) => covers(p, protocol, port)) ? [rule] : [],
            )
            expect(numbers(longestPort(rows, protocol, port), rules.length)).toEqual(expected)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})
