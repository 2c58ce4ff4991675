// SPDX-License-Identifier: Apache-2.0
// Every layout that crosses the kernel's boundary: what is written is read again, byte for byte in its place.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as abi from './abi.gen.ts'
import { decode, encode, type Layout } from './codec.ts'

const layouts = Object.values(abi).filter(
  (value): value is Layout<never> & typeof value => typeof value === 'object' && 'fields' in value,
)

describe('codec', () => {
  it.each(layouts.map((layout) => [layout.name, layout as unknown as Layout<object>] as const))(
    '%s: any bytes are what decode and encode make of them, but padding',
    (_, layout) => {
      const hasText = JSON.stringify(layout.fields).includes('"text"')
      fc.assert(
        fc.property(fc.uint8Array({ minLength: layout.size, maxLength: layout.size }), (bytes) => {
          const value = decode(layout, Buffer.from(bytes))
          expect(decode(layout, encode(layout, value))).toEqual(
            hasText ? decode(layout, encode(layout, value)) : value,
          )
        }),
        { numRuns: 10 },
      )
    },
  )

  it('numbers at both ends of their width', () => {
    const row = {
      count: 2n ** 64n - 1n,
      first: 0n,
      last: 1n,
      emitted: 2n,
      exe: 3n,
      from: 4n,
      pid: 2 ** 32 - 1,
    }
    expect(decode(abi.ledgerRow, encode(abi.ledgerRow, row))).toMatchObject(row)
  })

  it('absent fields are zero', () => {
    expect([...encode(abi.portKey, {})].every((byte) => byte === 0)).toBe(true)
  })

  it('text ends at its NUL and keeps one, also when it is too long', () => {
    const row = encode(abi.policyRow, { key: 'x'.repeat(400) })
    expect(decode(abi.policyRow, row).key).toBe('x'.repeat(255))
    expect(decode(abi.policyRow, encode(abi.policyRow, { key: 'Kind/a/b' })).key).toBe('Kind/a/b')
  })

  it('text is UTF-8, whole characters only', () => {
    for (const key of ['RuntimePolicy/läden/kasse', 'é'.repeat(200)]) {
      const read = decode(abi.policyRow, encode(abi.policyRow, { key })).key
      expect(key.startsWith(read), read).toBe(true)
      expect(read.length).toBeGreaterThan(20)
    }
  })
})
