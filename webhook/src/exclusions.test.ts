// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { admit } from './admit.ts'
import { policiesOf, shop } from './calling.ts'
import { exclusionsOf, exclusionTable, rowsFor } from './exclusions.ts'
import { unknownNamespace } from './namespace.ts'
import { readReview } from './review.ts'
import { coveragePolicy, podOf, reviewOf } from './specimens.ts'

const options = { ownNamespaces: ['underpin'], further: ['legacy', 'kube-system'] }
const policies = policiesOf(
  coveragePolicy('deny', {
    exemptions: [
      {
        owner: 'a',
        reason: 'moves',
        expires: '2026-11-20',
        namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'old' } },
      },
      {
        owner: 'b',
        reason: 'nodes',
        expires: '2026-12-31',
        workloads: { kinds: ['DaemonSet'], names: ['exporter'] },
        findings: ['host-network'],
      },
    ],
  }),
)

test('one table has every namespace and every exemption, each once, with its reason', () => {
  const rows = exclusionTable(options, policies, '2026-11-21')
  expect(rows.map(({ what, source }) => [what, source])).toEqual([
    ['namespace kube-system', 'built in'],
    ['namespace kube-node-lease', 'built in'],
    ['namespace underpin', 'built in'],
    ['namespace legacy', '--exclude-namespace'],
    [
      'all workloads in namespaces {"matchLabels":{"kubernetes.io/metadata.name":"old"}}',
      'CoveragePolicy/mesh',
    ],
    ['DaemonSet exporter in every namespace, only host-network', 'CoveragePolicy/mesh'],
  ])
  expect(rows.slice(4).map(({ owner, expires, expired }) => [owner, expires, expired])).toEqual([
    ['a', '2026-11-20', true],
    ['b', '2026-12-31', false],
  ])
  expect(rows.every(({ why }) => why.length > 4)).toBe(true)
})

test('and the rows of one namespace', () => {
  const of = (name: string) =>
    rowsFor(unknownNamespace(name), options, policies, '2026-11-21').map(
      ({ what }) => what.split(' ')[0],
    )
  expect(of('underpin')).toEqual(['namespace', 'DaemonSet'])
  expect(of('old')).toEqual(['all', 'DaemonSet'])
  expect(of('shop')).toEqual(['DaemonSet'])
})

describe('what is excluded', () => {
  const act = (namespace: string, more = {}) => {
    const review = readReview(JSON.stringify(reviewOf({ namespace, object: podOf(), ...more })))
    if ('why' in review) throw new Error(review.why)
    const known = { ...shop({ policies }).current(), expected: [], today: '2026-11-21' }
    const house = { exclusions: exclusionsOf(options), controllers: new Map() }
    return admit(review, known, house)
  }
  test.each(['kube-system', 'kube-node-lease', 'underpin', 'legacy'])(
    '%s is reported and let in',
    (name) => {
      const { action, findings } = act(name)
      expect(action).toBe('audit')
      expect(findings.length).toBeGreaterThan(0)
    },
  )
  test('nothing else is', () => {
    expect(act('shop').action).toBe('deny')
    expect(act('kube-system2').action).toBe('deny')
  })
  test('a check of the author is no way around it', () => {
    const checks = [{ name: 'never', expression: 'false', message: 'm', mode: 'deny' }]
    const known = {
      ...shop({ policies: policiesOf(coveragePolicy('deny', { checks })) }).current(),
      expected: [],
      today: '2026-11-21',
    }
    const review = readReview(
      JSON.stringify(reviewOf({ namespace: 'kube-system', object: podOf() })),
    )
    if ('why' in review) throw new Error(review.why)
    expect(
      admit(review, known, { exclusions: exclusionsOf({}), controllers: new Map() }).action,
    ).toBe('audit')
  })
})
