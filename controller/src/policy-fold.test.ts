// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { markOf, writeMarks, type NodePolicy } from '../../policies/src/index.ts'
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
const uid = '0f9b1c2d-1111-2222-3333-444455556666'
const pool = new Pool()
/** Of a node whose agent lists the policy only where it failed or selects something there. */
const nodeOf = (name: string, { ...told }: NodePolicy, more = {}): NodeFacts => {
  const { generation = 0, state, containers } = told
  const marks = writeMarks(state === 'inForce' ? [markOf(uid, generation), 1, 2] : [1, 2], 9)
  const policies = state === 'failed' || containers > 0 ? [told] : []
  return factsOf(
    stateOf(name, { inForce: { count: 3, marks }, policies, ...more }),
    pool,
  ) as NodeFacts
}
const policy = { generation: 2, mode: 'audit', conditions: [] }
const fold = (nodes: NodeFacts[]) => foldPolicies(nodes, [{ key, uid, generation: 2 }]).get(key)

it('is ready when every node has its newest generation in force', () => {
  const nodes = [nodeOf('a', inForce(2)), nodeOf('b', inForce(2, { containers: 0 }))]
  const status = statusOf(policy, fold(nodes), now)
  expect(status.nodes).toEqual({ total: 2, selected: 1, ready: 2, degraded: 0, failed: 0 })
  expect(status.conditions[0]).toMatchObject({ type: 'Ready', status: 'True', reason: 'InForce' })
  expect(status.mechanisms).toEqual([{ mechanism: 'lsm', nodes: 2 }])
})

it('is on its way where an older version is in force, or none', () => {
  const nodes = ['a', 'b', 'c'].map((name) => nodeOf(name, inForce(2, { containers: 0 })))
  const behind = nodeOf('d', inForce(1, { containers: 0 }))
  const status = statusOf(policy, fold([...nodes, behind]), now)
  expect(status.nodes).toMatchObject({ total: 4, ready: 3, failed: 0 })
  expect(status.conditions[0]).toMatchObject({ status: 'False', reason: 'Progressing' })
  expect(fold([behind])).toMatchObject({ total: 1, ready: 0 })
})

it('says where it failed and why, of 5,000 nodes the first few', () => {
  const failing = Array.from({ length: 5000 }, (_, at) =>
    nodeOf(
      `n${String(at).padStart(4, '0')}`,
      inForce(2, { state: 'failed', inForce: 1, reason: 'no room '.repeat(200) }),
    ),
  )
  const status = statusOf(policy, fold([...failing.reverse(), nodeOf('z', inForce(2))]), now)
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
  const status = statusOf(policy, fold(nodes), now)
  expect(status).toMatchObject({ wouldDeny: 96, denied: 5 })
  expect(status.wouldStop).toBe('start of /bin/sh and 1 more')
})

it('keeps the time of a condition that stays', () => {
  const known = fold([nodeOf('a', inForce(2))])
  const first = statusOf(policy, known, now)
  const later = statusOf({ ...policy, conditions: first.conditions }, known, 'later')
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
