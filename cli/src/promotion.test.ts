// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { decisionsOf, inseparable, stoppedBy } from './promotion.ts'
import { planOf, specimen } from './specimen.ts'

const key = 'RuntimePolicy/shop/a'
const only = new Set([key])
const lists = (...exe: string[]) => ({ processes: [{ exe }] })

test('a row counts while the files would still deny it', () => {
  const row = specimen({})
  expect(stoppedBy(only, [row], planOf({ a: lists('/bin/web') }))).toEqual([row])
  expect(stoppedBy(only, [row], planOf({ a: lists('/bin/web', '/opt/miner') }))).toEqual([])
})

test('what is stopped already, or not by these policies, does not count', () => {
  const plan = planOf({ a: { deny: [{ exe: '/opt/other' }] }, b: lists('/bin/web') })
  expect(stoppedBy(only, [specimen({}), specimen({ outcome: 'denied' })], plan)).toEqual([])
  expect(stoppedBy(new Set(['RuntimePolicy/shop/b']), [specimen({})], plan)).toHaveLength(1)
})

test('a row that an enforcing policy denies anyway is no change', () => {
  const plan = planOf({ a: lists('/bin/web'), b: { mode: 'enforce', ...lists('/bin/web') } })
  expect(stoppedBy(only, [specimen({})], plan)).toEqual([])
})

test('a mining handshake counts when its guard rail, or the connection itself, is denied', () => {
  const row = specimen({
    decision: 'protocol',
    hook: 'packet',
    target: { protocol: 'TCP', address: '10.0.0.9', port: 4444 },
  })
  expect(stoppedBy(only, [row], planOf({ a: { deny: [{ protocol: 'stratum' }] } }))).toHaveLength(1)
  expect(stoppedBy(only, [row], planOf({ a: lists('/opt/miner') }))).toHaveLength(1)
  expect(stoppedBy(only, [row], planOf({ a: { deny: [{ exe: '/opt/miner' }] } }))).toEqual([])
})

test('what is not known in full counts: a lost name, a cut name, the row for the rest, a pod that is gone', () => {
  const plan = planOf({ a: lists('/opt/miner') })
  const gone = { ...specimen({}).subject, pod: 'f'.repeat(32) }
  expect(stoppedBy(only, [specimen({ executable: null })], plan)).toHaveLength(1)
  expect(stoppedBy(only, [specimen({ executable: '…/miner' })], plan)).toHaveLength(1)
  expect(stoppedBy(only, [specimen({ other: true })], plan)).toHaveLength(1)
  expect(stoppedBy(only, [specimen({ subject: gone, executable: '/x' })], plan)).toHaveLength(1)
  // … unless the policy says the same about whoever it selects.
  expect(stoppedBy(only, [specimen({ subject: gone })], plan)).toEqual([])
  expect(
    stoppedBy(only, [specimen({ executable: null, policy: 'RuntimePolicy/shop/b' })], plan),
  ).toEqual([])
})

test('an executable that could not be resolved is asked about as such', () => {
  expect(decisionsOf(specimen({ executable: '/x (deleted)' }))).toEqual([
    { kind: 'exec', exe: null, from: '/bin/sh' },
  ])
})

test('policies that list processes for the same subject are promoted together; guard rails may stay', () => {
  const rail = { deny: [{ protocol: 'stratum' }] }
  const b = 'RuntimePolicy/shop/b'
  expect(inseparable(only, planOf({ a: lists('/x'), b: lists('/y') }))).toEqual([b])
  expect(inseparable(new Set([key, b]), planOf({ a: lists('/x'), b: lists('/y') }))).toEqual([])
  expect(inseparable(only, planOf({ a: lists('/x'), b: rail }))).toEqual([])
  expect(inseparable(only, planOf({ a: rail, b: lists('/y') }))).toEqual([])
  expect(
    inseparable(only, planOf({ a: lists('/x'), b: { mode: 'enforce', ...lists('/y') } })),
  ).toEqual([])
})
