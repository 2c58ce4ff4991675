// SPDX-License-Identifier: Apache-2.0
// The status of a CoveragePolicy: whether it is in force as written, and who goes around what it asks for.
import { describe, expect, test } from 'vitest'
import { isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import { namespaceOf, type LiveRecord } from '../../webhook/src/index.ts'
import { coverageStatuses, foldCoverage, type CoverageStatus } from './coverage-fold.ts'
import { covered, deployment, recordOf, slipped } from './specimens.ts'
import type { Policy } from './status-writer.ts'

const policyNamed = (name: string, spec: object): LoadedCoverage[] =>
  load([
    {
      file: 'policy.yaml',
      text: JSON.stringify({
        ...{
          apiVersion: 'underpin.dev/v1alpha1',
          kind: 'CoveragePolicy',
          metadata: { name },
          spec,
        },
      }),
    },
  ]).policies.filter(isCoverage)
const classOf = (labels: object, more: object = {}) => ({
  ...{ name: 'all', select: { namespaces: { matchLabels: labels } }, mode: 'audit', ...more },
})
const namespaces = new Map(
  [
    ['shop', { tier: 'prod' }],
    ['lab', { tier: 'test' }],
  ].map(([name, labels]) => [name as string, namespaceOf({ metadata: { name, labels } })]),
)
const records: LiveRecord[] = [
  ...deployment('cart', 2, covered),
  ...deployment('old', 3, slipped),
  recordOf({ name: 'waiting', node: '', admission: slipped }),
  recordOf({ name: 'lab-1', namespace: 'lab', admission: slipped }),
]

describe('counts', () => {
  test('pods that run in the namespaces it governs, and those that go around its mesh', () => {
    const mesh = policyNamed('mesh', { meshes: ['istio'], namespaces: [classOf({ tier: 'prod' })] })
    expect(foldCoverage(mesh, namespaces, records)).toEqual(
      new Map([['CoveragePolicy/mesh', { pods: 5, uncovered: 3 }]]),
    )
  })
  test('another mesh than the one that is asked for counts for nobody', () => {
    const other = policyNamed('l5d', { meshes: ['linkerd'], namespaces: [classOf({})] })
    expect([...foldCoverage(other, namespaces, records).values()]).toEqual([
      { pods: 6, uncovered: 0 },
    ])
  })
  test('a namespace that nobody knows is governed by what asks for every namespace', () => {
    const every = policyNamed('mesh', { meshes: ['istio'], namespaces: [classOf({})] })
    const lost = [recordOf({ name: 'x', namespace: 'lost', admission: slipped })]
    expect([...foldCoverage(every, new Map(), lost).values()]).toEqual([{ pods: 1, uncovered: 1 }])
  })
})

describe('the status', () => {
  const mesh = policyNamed('mesh', { meshes: ['istio'], namespaces: [classOf({ tier: 'prod' })] })
  const statusesOf = (refused: [string, string[]][], policies = mesh) =>
    coverageStatuses({
      around: () => ({ knowledge: { policies, namespaces } }) as never,
      records: new Map(records.map((one) => [one.uid, one])),
      refusedPolicies: () => new Map(refused),
    })
  const written: Policy<CoverageStatus> = {
    ...{ key: 'CoveragePolicy/mesh', kind: 'CoveragePolicy', namespace: undefined, name: 'mesh' },
    ...{ uid: 'u', generation: 3, mode: 'audit', status: null },
  }
  const now = '2026-11-21T12:00:00Z'

  test('says that it is in force, and what it finds', () => {
    expect(statusesOf([])([written], now).get('u')).toMatchObject({
      ...{ observedGeneration: 3, pods: 5, uncovered: 3 },
      conditions: [{ type: 'Accepted', status: 'True', lastTransitionTime: now }],
    })
  })
  test('says what is wrong, and whether anything of it is in force', () => {
    const wrong: [string, string[]] = ['mesh', ['spec.wrong: found a key nobody knows']]
    const [kept] = statusesOf([wrong])([written], now).get('u')?.conditions ?? []
    expect(kept).toMatchObject({ status: 'False', reason: 'Refused' })
    expect(kept?.message).toBe(
      'spec.wrong: found a key nobody knows; what it said before stays in force',
    )
    const [lost] = statusesOf([wrong], [])([written], now).get('u')?.conditions ?? []
    expect(lost?.message).toContain('nothing of it is in force')
  })
  test('waits until what it says is known', () => {
    expect(statusesOf([], [])([written], now)).toEqual(new Map())
  })
})
