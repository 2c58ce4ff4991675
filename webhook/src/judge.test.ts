// SPDX-License-Identifier: Apache-2.0
// What several meshes together make of one workload.
import { expect, test } from 'vitest'
import { judge } from './judge.ts'
import { deploymentOf } from './specimens.ts'
import { subjectsOf } from './subject.ts'

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
