// SPDX-License-Identifier: Apache-2.0
// What was learned of names goes with its subject, and expired rows go when there is no room.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectNames } from '../../enforcer/src/dns/collect.ts'
import { Oracle } from '../harness/ask.ts'

let oracle: Oracle
beforeAll(() => {
  oracle = new Oracle()
})
afterAll(() => oracle.close())

const now = 1000n
const address = (n: number) => Uint8Array.of(10, 0, n >> 8, n & 255, ...new Uint8Array(12))
function learn(subject: bigint, n: number, expires: bigint): void {
  const { tables } = oracle
  const key = { subject, family: 4, address: address(n) }
  tables.dns_turns.set({ value: subject }, { next: n + 1 })
  tables.dns_places.set({ subject, place: n }, key)
  tables.dns_addresses.set(key, { belief: [{ expires, name: { hash: 1n, above: [] } }] })
}
const left = () =>
  [...oracle.tables.dns_addresses.keys()].map(({ subject, address: a }) => `${subject}/${a[3]}`)

test('rows of subjects that are gone; expired ones of others only when it is half full', () => {
  const { tables } = oracle
  tables.subjects.set({ value: 7n }, { binding: 1 })
  for (const n of [0, 1, 2]) learn(7n, n, n === 0 ? now - 1n : now + 1n)
  for (const n of [3, 4]) learn(8n, n, now + 1n)
  expect(collectNames(tables, now)).toBe(2)
  expect(left().sort()).toEqual(['7/0', '7/1', '7/2'])
  expect([...tables.dns_places.keys()].every(({ subject }) => subject === 7n)).toBe(true)
  expect([...tables.dns_turns.keys()]).toEqual([{ value: 7n }])
  expect(collectNames(tables, now, 3)).toBe(0)
  expect(collectNames(tables, now, 2)).toBe(1)
  expect(left().sort()).toEqual(['7/1', '7/2'])
})
