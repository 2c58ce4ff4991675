// SPDX-License-Identifier: Apache-2.0
// Addresses and networks, against arithmetic on big integers.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contains,
  formatAddress,
  formatNetwork,
  normaliseAddress,
  parseCidr,
  readCidr,
  strictlyInside,
} from './address.ts'

const groups = (value: bigint) =>
  Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - i * 16)) & 0xffffn).toString(16),
  ).join(':')
const number = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
const address6 = fc
  .bigInt({ min: 2n, max: (1n << 128n) - 1n })
  .filter((value) => value >> 32n !== 0xffffn)
const complaint = (text: string) => {
  const result = readCidr(text)
  return 'remedy' in result ? `${result.found} (${result.remedy})` : 'fine'
}

describe('addresses', () => {
  it('reads every IPv6 address and writes it back', () => {
    fc.assert(
      fc.property(address6, (value) => {
        const address = normaliseAddress(groups(value))
        expect(number(address.bytes)).toBe(value)
        expect(normaliseAddress(formatAddress(address))).toEqual(address)
      }),
    )
  })
  it('reads what the generators of addresses make', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(() => normaliseAddress(text)).not.toThrow()
      }),
    )
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(normaliseAddress(text).family).toBe(4)
      }),
    )
  })
  it('writes the short form', () => {
    expect(formatAddress(normaliseAddress('2001:db8:0:0:1:0:0:0'))).toBe('2001:db8:0:0:1::')
    expect(formatAddress(normaliseAddress('::1'))).toBe('::1')
    expect(formatAddress(normaliseAddress('fe80:0:0:0:0:0:0:0'))).toBe('fe80::')
    expect(formatAddress(normaliseAddress('1:2:3:4:5:6:7:8'))).toBe('1:2:3:4:5:6:7:8')
  })
  it.each(['::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1', '10.0.0.1'])(
    '%s is IPv4',
    (text) => {
      expect(normaliseAddress(text)).toEqual(normaliseAddress('10.0.0.1'))
      expect(normaliseAddress(text).family).toBe(4)
    },
  )
  it('takes the unspecified address for the loopback', () => {
    expect(formatAddress(normaliseAddress('0.0.0.0'))).toBe('127.0.0.1')
    expect(formatAddress(normaliseAddress('::'))).toBe('::1')
    expect(formatAddress(normaliseAddress('::ffff:0.0.0.0'))).toBe('127.0.0.1')
  })
  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1:2:3',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'fe80::1%eth0',
    '::10.0.0',
    '1:2:3:4:5:6:7::8',
    ':1:2:3:4:5:6:7',
    '10.0.0.1 ',
    'a.b.c.d',
  ])('refuses %j', (text) => {
    expect(() => normaliseAddress(text)).toThrow('expected an IPv4 or IPv6 address')
  })
})

describe('networks', () => {
  it('contain what arithmetic says they contain', () => {
    fc.assert(
      fc.property(address6, address6, fc.integer({ min: 0, max: 128 }), (base, other, bits) => {
        const shift = BigInt(128 - bits)
        const network = readCidr(`${groups((base >> shift) << shift)}/${bits}`)
        if ('remedy' in network || network.family === 4) return
        const near =
          bits === 0 ? other : ((base >> shift) << shift) | (other & ((1n << shift) - 1n))
        for (const value of [other, near])
          if (value >> 32n !== 0xffffn && value > 1n)
            expect(contains(network, normaliseAddress(groups(value)))).toBe(
              value >> shift === base >> shift,
            )
      }),
    )
  })
  it('keep to their family', () => {
    expect(contains(parseCidr('::/0'), normaliseAddress('10.0.0.1'))).toBe(false)
    expect(contains(parseCidr('0.0.0.0/0'), normaliseAddress('fd00::1'))).toBe(false)
    expect(contains(parseCidr('0.0.0.0/0'), normaliseAddress('::ffff:10.0.0.1'))).toBe(true)
  })
  it('in IPv6 form are IPv4', () => {
    expect(parseCidr('::ffff:10.0.0.0/104')).toEqual(parseCidr('10.0.0.0/8'))
    expect(formatNetwork(parseCidr('::ffff:0:0/96'))).toBe('0.0.0.0/0')
  })
  it('lie inside each other', () => {
    expect(strictlyInside(parseCidr('10.9.0.0/16'), parseCidr('10.0.0.0/8'))).toBe(true)
    expect(strictlyInside(parseCidr('10.0.0.0/8'), parseCidr('10.0.0.0/8'))).toBe(false)
    expect(strictlyInside(parseCidr('11.0.0.0/16'), parseCidr('10.0.0.0/8'))).toBe(false)
  })
  it.each([
    ['10.0.0.1/8', 'write 10.0.0.0/8, or 10.0.0.1/32'],
    ['2001:db8::1/64', 'write 2001:db8::/64, or 2001:db8::1/128'],
    ['10.0.0.1', 'write 10.0.0.1/32'],
    ['fd00::1', 'write fd00::1/128'],
    ['10.0.0.0/33', 'prefix length "33"'],
    ['10.0.0.0/08', 'prefix length "08"'],
    ['10.0.0.0/8/8', 'write an IPv4 or IPv6 address'],
    ['10.0.0.0/', 'prefix length ""'],
    ['example.com/8', 'write an IPv4 or IPv6 address'],
  ])('%s: %s', (text, said) => {
    expect(complaint(text)).toContain(said)
  })
})
