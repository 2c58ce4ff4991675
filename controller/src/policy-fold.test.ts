// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import type { NodePolicy } from '../../policies/src/index.ts'
import { happenings } from './events.ts'
import { factsOf, Pool, type NodeFacts } from './node-facts.ts'
import { foldPolicies, statusOf } from './policy-fold.ts'
import { rowOf, stateOf } from './specimens.ts'

const key = 'RuntimePolicy/shop/checkout'
const now = '2026-11-21T12:00:00Z'
const inForce = (generation: number, more: Partial<NodePolicy> = {}): NodePolicy => ({
  ...{ policy: key, generation, state: 'inForce', mode: 'audit', containers: 2 },
  ...more,
})
const nodeOf = (name: string, policy: NodePolicy, more = {}): NodeFacts =>
  factsOf(stateOf(name, { policies: [policy], ...more }), new Pool()) as NodeFacts
const policy = { generation: 2, mode: 'audit', conditions: [] }

it('is ready when every node has its newest generation in force', () => {
  const nodes = [nodeOf('a', inForce(2)), nodeOf('b', inForce(2, { containers: 0 }))]
  const status = statusOf(policy, foldPolicies(nodes).get(key), now)
  expect(status.nodes).toEqual({ total: 2, selected: 1, ready: 2, degraded: 0, failed: 0 })
  expect(status.conditions[0]).toMatchObject({ type: 'Ready', status: 'True', reason: 'InForce' })
  expect(status.mechanisms).toEqual([{ mechanism: 'lsm', nodes: 2 }])
})

it('says where it failed and why, of 5,000 nodes the first few', () => {
  const failing = Array.from({ length: 5000 }, (_, at) =>
    nodeOf(
      `n${String(at).padStart(4, '0')}`,
      inForce(2, { state: 'failed', inForce: 1, reason: 'no room '.repeat(200) }),
    ),
  )
  const status = statusOf(
    policy,
    foldPolicies([...failing.reverse(), nodeOf('z', inForce(2))]).get(key),
    now,
  )
  expect(status.nodes).toMatchObject({ total: 5001, ready: 1, failed: 5000 })
  expect(status.failures.map(({ node }) => node).slice(0, 2)).toEqual(['n0000', 'n0001'])
  expect(status.failures).toHaveLength(10)
  expect(status.conditions[0]).toMatchObject({ status: 'False', reason: 'Failed' })
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(8000)
})

it('says what enforcing would stop', () => {
  const nodes = [
    nodeOf('a', inForce(2), { ledger: [rowOf('x'), rowOf('y', { exe: '/bin/sh', count: 90 })] }),
    nodeOf('b', inForce(2), { ledger: [rowOf('z'), rowOf('w', { verdict: 'denied', count: 5 })] }),
  ]
  const status = statusOf(policy, foldPolicies(nodes).get(key), now)
  expect(status).toMatchObject({ wouldDeny: 96, denied: 5 })
  expect(status.wouldStop).toBe('start of /bin/sh and 1 more')
})

it('keeps the time of a condition that stays', () => {
  const folds = foldPolicies([nodeOf('a', inForce(2))])
  const first = statusOf(policy, folds.get(key), now)
  const later = statusOf({ ...policy, conditions: first.conditions }, folds.get(key), 'later')
  expect(later).toEqual(first)
  const gone = statusOf({ ...policy, conditions: first.conditions }, undefined, 'later')
  expect(gone.conditions[0]).toMatchObject({ status: 'Unknown', lastTransitionTime: 'later' })
})

it('tells what begins and what ends, and nothing that stays', () => {
  const reasons = (before: string[], after: string[]) =>
    happenings(before, after, () => 'x').map(({ type, reason }) => `${type} ${reason}`)
  expect(reasons([], ['uncovered', 'would-deny'])).toEqual([
    'Warning SidecarBypassed',
    'Warning WouldDeny',
  ])
  expect(reasons(['uncovered'], ['uncovered'])).toEqual([])
  expect(reasons(['uncovered', 'denied'], [])).toEqual(['Normal SidecarRestored'])
})
