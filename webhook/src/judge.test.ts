// SPDX-License-Identifier: Apache-2.0
// What several meshes together make of one workload.
import { expect, test } from 'vitest'
import { isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import { judge } from './judge.ts'
import { namespaceOf } from './namespace.ts'
import { coveragePolicy, deploymentOf, namespaceObject } from './specimens.ts'
import { subjectOf, subjectsOf } from './subject.ts'

function found(...expected: string[]) {
  const known = {
    policies: [],
    namespaces: new Map(),
    injectors: [],
    settings: {},
    expected,
    today: '2030-01-01',
  }
  return subjectsOf(deploymentOf()).flatMap((subject) => {
    const { coverages, findings } = judge(subject, known)
    return [
      ...coverages.map(({ mesh, verdict }) => `${mesh} ${verdict}`),
      ...findings.map(({ id, mesh }) => `${id} ${mesh}`),
    ]
  })
}

test('two meshes would both redirect the traffic of one pod', () => {
  expect(found('istio', 'linkerd')).toEqual([
    'istio covered',
    'linkerd covered',
    'cross-mesh-collision istio',
    'cross-mesh-collision linkerd',
  ])
  expect(found('istio')).toEqual(['istio covered'])
})

test('a mesh that this build does not know', () => {
  expect(found('meshless')).toEqual(['meshless unknown', 'mesh-not-known meshless'])
})

test('two meshes that redirect one pod are both told, also when only one was expected', () => {
  const both = namespaceOf(
    namespaceObject('shop', {
      labels: { 'istio-injection': 'enabled', 'kuma.io/sidecar-injection': 'enabled' },
    }),
  )
  const subject = subjectOf(deploymentOf())
  if (subject === null) throw new Error('no workload')
  const found = (expected: string[], policies: LoadedCoverage[] = []) =>
    judge(subject, {
      policies,
      namespaces: new Map([['shop', both]]),
      injectors: [],
      settings: {},
      expected,
      today: '2026-11-21',
    }).findings.map(({ id, mesh }) => `${id} ${mesh}`)
  expect(found([])).toEqual(['cross-mesh-collision istio', 'cross-mesh-collision kuma'])
  const { policies } = load([{ file: 'p', text: JSON.stringify(coveragePolicy('deny')) }], {})
  expect(found([], policies.filter(isCoverage))).toEqual(['cross-mesh-collision istio'])
})
