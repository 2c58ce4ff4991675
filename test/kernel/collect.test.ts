// SPDX-License-Identifier: Apache-2.0
// What the kernel interned is taken out when nothing refers to it any more, and never what something refers to.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, noneIdle } from '../../enforcer/src/identity/collect.ts'
import { Oracle } from '../harness/ask.ts'

let oracle: Oracle
beforeAll(() => {
  oracle = new Oracle()
})
afterAll(() => oracle.close())

const limits = { images: 10, names: 10, subjectNames: 10, subjectSets: 10 }
const numbers = Array.from({ length: 40 }, (_, i) => BigInt(i + 100))

test('images, names and subject names that nothing refers to go after two looks', () => {
  const { tables } = oracle
  for (const value of numbers) {
    tables.images.set({ value }, { exe: { hash: value, dirs: [], dirCount: 0, state: 1 } })
    tables.names.set({ value }, { text: `/bin/${value}` })
    tables.subject_names.set({ value }, { cgroup: `/c${value}` })
  }
  tables.processes.set({ value: 7 }, { image: 105n, subject: 0n })
  tables.subjects.set({ value: 106n }, { binding: 0 })
  tables.ledger.set({ subject: 107n, image: 9n }, { count: 1n, exe: 108n, from: 109n })
  const first = collect(tables, noneIdle, limits)
  expect([...tables.images.keys()]).toHaveLength(40)
  const second = collect(tables, first, limits)
  expect([...tables.images.keys()]).toEqual([{ value: 105n }])
  expect([...tables.subject_names.keys()].map((k) => k.value).sort()).toEqual([106n, 107n])
  collect(tables, second, limits)
  expect([...tables.names.keys()].map((k) => k.value).sort()).toEqual([105n, 108n, 109n])
})

test('sets of subjects and containers without a cgroup go when no process carries them', () => {
  const { tables } = oracle
  const set = (i: number) => (1n << 62n) + BigInt(i)
  const container = (i: number) => (1n << 63n) + BigInt(i)
  for (let i = 0; i < 20; i++) {
    tables.subject_sets.set({ value: set(i) }, { subject: [300n, container(i), 0n, 0n] })
    tables.subjects.set({ value: container(i) }, { binding: 1 })
  }
  tables.processes.set({ value: 8 }, { subject: set(3) })
  tables.processes.set({ value: 9 }, { subject: container(4) })
  collect(tables, collect(tables, noneIdle, limits), limits)
  expect([...tables.subject_sets.keys()]).toEqual([{ value: set(3) }])
  const left = [...tables.subjects.keys()].map(({ value }) => value).filter((id) => id >> 63n)
  expect(left.sort()).toEqual([container(3), container(4)])
})

test('below the limit nothing is taken out', () => {
  const { tables } = oracle
  tables.images.set({ value: 500n }, {})
  let idle = noneIdle
  for (let look = 0; look < 3; look++) idle = collect(tables, idle, limits)
  expect(tables.images.get({ value: 500n })).toBeDefined()
})
