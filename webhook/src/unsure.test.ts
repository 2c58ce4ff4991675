// SPDX-License-Identifier: Apache-2.0
// A namespace that nobody knows: over the real server, because only the whole shows that nothing passes without a word.
import { expect, test } from 'vitest'
import { policiesOf, shop, startCalled } from './calling.ts'
import { coveragePolicy, podOf, reviewOf } from './specimens.ts'

const byTier = (mode: string) => ({
  name: 'prod',
  mode,
  select: { namespaces: { matchLabels: { tier: 'prod' } } },
})
const asked = reviewOf({ namespace: 'new', object: podOf() })

test.each([
  ['policy', 'deny', true, true],
  ['allow', 'deny', true, true],
  ['deny', 'deny', false, false],
  ['policy', 'audit', true, false],
  ['deny', 'audit', true, false],
] as const)(
  'mode %s, class %s: allowed %s, warned %s',
  async (onFailure, mode, allowed, warned) => {
    const policies = policiesOf(coveragePolicy('audit', { namespaces: [byTier(mode)] }))
    const called = await startCalled({ knowledge: shop({ policies }), onFailure })
    const { response } = await called.ask(asked)
    expect(response.allowed).toBe(allowed)
    const words = 'the labels of namespace new are not known to underpin'
    expect(response.warnings?.some((one) => one.startsWith(words)) ?? false).toBe(warned)
    if (allowed) expect(response.auditAnnotations?.assumed).toContain(words)
    else expect(response.status?.message).toContain(words)
    await called.stop()
  },
)

test('a policy that selects by name only can be told, and what is excluded need not be', async () => {
  const names = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['x'] }],
  }
  const all = { name: 'all', mode: 'warn', select: { namespaces: names } }
  const policies = policiesOf(coveragePolicy('audit', { namespaces: [all] }))
  const called = await startCalled({ knowledge: shop({ policies }) })
  const { response } = await called.ask(asked)
  expect(response.warnings).toHaveLength(1)
  expect(response.warnings?.[0]).not.toContain('not known')
  const system = await called.ask(reviewOf({ namespace: 'kube-system', object: podOf() }))
  expect(system.response.warnings).toBeUndefined()
  await called.stop()
})

test('every pod template of a kind that has several is judged, also of one that only the user knows', async () => {
  const policies = policiesOf(coveragePolicy('warn'))
  const templates = new Map([['Duo.example.com', ['spec.first', 'spec.second']]])
  const called = await startCalled({ knowledge: shop({ policies }), templates })
  const good = { spec: { containers: [{ name: 'app', image: 'app' }] } }
  const bad = { spec: { ...good.spec, hostNetwork: true } }
  const duo = (first: object, second: object) =>
    reviewOf({
      kind: { group: 'example.com', version: 'v1', kind: 'Duo' },
      resource: { group: 'example.com', version: 'v1', resource: 'duos' },
      object: { metadata: { name: 'd', namespace: 'shop' }, spec: { first, second } },
    })
  const warned = async (first: object, second: object) =>
    (await called.ask(duo(first, second))).response.warnings?.join() ?? ''
  expect(await warned(good, good)).toBe('')
  expect(await warned(good, bad)).toContain('[host-network]')
  expect(await warned(bad, good)).toContain('[host-network]')
  await called.stop()
})
