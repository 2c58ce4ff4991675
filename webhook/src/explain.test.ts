// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { explain } from './explain.ts'
import { scan } from './scan.ts'
import { coveragePolicy, deploymentOf, istioPod, namespaceObject, podOf } from './specimens.ts'

const options = { today: '2026-11-21' }
const shop = namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } })
const files = (...objects: object[]) => [
  { file: 'm.yaml', text: objects.map((one) => JSON.stringify(one)).join('\n---\n') },
]

test('the step that decides is the one that has the reason', () => {
  const documents = files(shop, deploymentOf({ spec: { hostNetwork: true } }))
  const [one] = explain(documents, options).subjects
  const [mesh] = one?.meshes ?? []
  expect(mesh).toMatchObject({ mesh: 'istio', verdict: 'not-injected', reason: 'host-network' })
  const deciding = mesh?.steps.filter(({ id }) => id === 'host-network')
  expect(deciding).toMatchObject([{ gate: 'injector', answer: 'yes', decides: true }])
  expect(deciding?.[0]?.source).toContain('inject.go')
  // First decided, first served: nothing of the injector is asked after it.
  expect(mesh?.steps.at(-1)).toBe(deciding?.[0])
})

test('it says what the scan says', () => {
  const documents = files(
    shop,
    ...[deploymentOf(), deploymentOf({ spec: { hostPID: true } }), podOf(), istioPod()],
  )
  const explained = explain(documents, options).subjects.flatMap(({ object, meshes }) =>
    meshes.map(({ mesh, verdict, reason, findings }) => {
      return { object, mesh, verdict, reason, ids: findings.map(({ id }) => id) }
    }),
  )
  const result = scan(documents, options)
  expect(
    explained.map(({ object, mesh, verdict, reason }) => ({ object, mesh, verdict, reason })),
  ).toEqual(
    result.subjects.map(({ object, mesh, verdict, reason }) => ({ object, mesh, verdict, reason })),
  )
  expect(explained.flatMap(({ ids }) => ids)).toEqual(result.findings.map(({ id }) => id))
})

test('every verdict against a workload has a step that led to it', () => {
  const pods = [{ hostNetwork: true }, { hostPID: true }, { os: { name: 'windows' } }]
  const documents = files(shop, ...pods.map((spec) => deploymentOf({ spec })))
  for (const { meshes } of explain(documents, { ...options, meshes: ['istio', 'linkerd'] })
    .subjects)
    for (const { reason, steps } of meshes)
      if (reason !== null) expect(steps.map(({ id }) => id)).toContain(reason)
})

test('policies, and the one list of what is left alone', () => {
  const exemption = {
    owner: 'team-a',
    reason: 'a proxy of its own',
    findings: ['host-network'],
    workloads: { kinds: ['Deployment'] },
  }
  const policy = coveragePolicy('deny', {
    exemptions: [
      { ...exemption, expires: '2026-12-31' },
      { ...exemption, expires: '2026-01-01' },
    ],
  })
  const documents = files(shop, policy, deploymentOf({ spec: { hostNetwork: true } }))
  const [one] = explain(documents, options).subjects
  expect(one?.required).toMatchObject([{ class: 'all', mode: 'deny', meshes: ['istio'] }])
  expect(one?.exclusions.map(({ owner, expires, expired }) => [owner, expires, expired])).toEqual([
    ['team-a', '2026-12-31', false],
    ['team-a', '2026-01-01', true],
  ])
  expect(one?.meshes[0]?.verdict).toBe('exempted')
})

test('only what is asked for', () => {
  const documents = files(shop, deploymentOf(), podOf())
  const { subjects } = explain(documents, options, ({ subject }) => subject.kind === 'Pod')
  expect(subjects.map(({ object }) => object)).toEqual(['Pod/shop/cart'])
})

test('an unknown namespace is said to be one', () => {
  const [one] = explain(files(deploymentOf()), { ...options, meshes: ['istio'] }).subjects
  expect(one?.namespace).toMatchObject({ name: 'shop', known: false })
  expect(one?.meshes[0]?.assumed.join()).toContain('no Namespace object was given')
})
