// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { withoutExchange } from './exchange.ts'

const instruction = (hex: string) => Buffer.from(hex, 'hex')

/** An ELF file with one section of these bytes. */
function elf(body: Buffer, type: number, flags: bigint): Buffer {
  const header = Buffer.alloc(64)
  header.writeBigUInt64LE(BigInt(64 + body.length), 0x28)
  header.writeUInt16LE(64, 0x3a)
  header.writeUInt16LE(1, 0x3c)
  const section = Buffer.alloc(64)
  section.writeUInt32LE(type, 4)
  section.writeBigUInt64LE(flags, 8)
  section.writeBigUInt64LE(64n, 0x18)
  section.writeBigUInt64LE(BigInt(body.length), 0x20)
  return Buffer.concat([header, body, section])
}
const code = (...parts: string[]) => Buffer.concat(parts.map(instruction))
const rewritten = (body: Buffer, type = 1, flags = 6n) =>
  withoutExchange(elf(body, type, flags)).subarray(64, 64 + body.length)

test('an exchange becomes a load of the same place into the same register', () => {
  // w3 = xchg32(*(u32 *)(r2 + 4), w3)  →  w3 = *(u32 *)(r2 + 4)
  expect(rewritten(code('c3320400e1000000'))).toEqual(code('6123040000000000'))
  // r1 = xchg64(*(u64 *)(r10 - 8), r1)  →  r1 = *(u64 *)(r10 - 8)
  expect(rewritten(code('db1af8ffe1000000'))).toEqual(code('79a1f8ff00000000'))
})

test('everything else stays: an addition, a store, the second half of a wide constant', () => {
  const body = code('c332040000000000', 'db1af8ff00000000', '6323040001000000', '1801000000000000')
  expect(rewritten(body)).toEqual(body)
})

test('only program sections are looked at', () => {
  const body = code('c3320400e1000000')
  expect(rewritten(body, 1, 2n)).toEqual(body)
  expect(rewritten(body, 8, 6n)).toEqual(body)
})
