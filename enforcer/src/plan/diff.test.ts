// SPDX-License-Identifier: Apache-2.0
// What changes between two plans, what tightens first.
import { describe, expect, it } from 'vitest'
import { isRuntime, load } from '../../../policies/src/index.ts'
import type { KnownPod } from '../identity/pods.ts'
import { compile, type Plan, type Ruleset } from './compile.ts'
import { diff, tightens } from './diff.ts'
import { pendingKey } from './pending.ts'

const plan = (specs: Record<string, object>, pods: KnownPod[] = []): Plan => {
  const text = Object.entries(specs)
    .map(([name, spec]) =>
      JSON.stringify({
        apiVersion: 'underpin.dev/v1alpha1',
        kind: 'ClusterRuntimePolicy',
        metadata: { name },
        spec: { scope: 'unmanaged', select: { cgroups: [`/${name}/*`] }, ...spec },
      }),
    )
    .join('\n---\n')
  const { policies, problems } = load([{ file: 'a.yaml', text }])
  expect(problems).toEqual([])
  return compile(policies.filter(isRuntime), pods)
}
const only = (spec: object) =>
  [...plan({ a: spec }).rulesets.values()].find((one) => one.policies[0] !== pendingKey) as Ruleset
const allow = (...ports: number[]) => ({
  mode: 'enforce',
  processes: [{ exe: '/bin/a', egress: [{ ports }] }],
})

describe('diff', () => {
  it('nothing for the same plan', () => {
    const steps = diff(plan({ a: allow(1) }), plan({ a: allow(1) }))
    expect(steps).toMatchObject({ write: [], bind: [], switch: [], patterns: false, rebind: false })
  })
  it('a changed policy is one ruleset and one switch; the old one is retired', () => {
    const steps = diff(plan({ a: allow(1), b: allow(5) }), plan({ a: allow(2), b: allow(5) }))
    expect(steps.write).toHaveLength(1)
    expect(steps.switch).toHaveLength(1)
    expect(steps.retire.rulesets).toHaveLength(1)
    expect(steps.rebind).toBe(false)
  })
  it('what tightens comes before what loosens', () => {
    const before = plan({ a: allow(1), b: { mode: 'audit', processes: [] } })
    const after = plan({
      a: { mode: 'audit', processes: [] },
      b: { mode: 'enforce', processes: [] },
    })
    expect(diff(before, after).switch.map((s) => [s.binding.includes('/b'), s.tightens])).toEqual([
      [true, true],
      [false, false],
    ])
  })
  it('the first plan of an agent looks at every cgroup', () => {
    expect(diff(null, plan({ a: allow(1) }))).toMatchObject({ rebind: true, patterns: true })
  })
  it('pods that come, change and go need no look at every cgroup', () => {
    const pod = (name: string, labels: Record<string, string>): KnownPod => ({
      ...{ uid: name.repeat(32), name, namespace: { name: 'shop' } },
      manifest: { metadata: { name, namespace: 'shop', labels } } as KnownPod['manifest'],
    })
    const spec = { scope: 'pod', select: { pods: { matchLabels: { app: 'web' } } } }
    const before = plan({ a: { ...allow(1), ...spec } }, [pod('a', {}), pod('b', {})])
    const after = plan({ a: { ...allow(1), ...spec } }, [pod('b', { app: 'web' }), pod('c', {})])
    const { pods, rebind } = diff(before, after)
    expect(pods.set.map(([uid]) => uid)).toEqual(['b', 'c'].map((name) => name.repeat(32)))
    expect(pods.delete).toEqual(['a'.repeat(32)])
    expect(rebind).toBe(false)
  })
  it('a policy that goes takes its pattern along', () => {
    const steps = diff(plan({ a: allow(1), b: allow(1) }), plan({ a: allow(1) }))
    expect(steps).toMatchObject({ patterns: true, rebind: true })
    expect(steps.retire.bindings).toHaveLength(1)
  })
})

describe('tightens', () => {
  it.each<[string, object, object, boolean]>([
    ['audit to enforce', { processes: [] }, { mode: 'enforce', processes: [] }, true],
    ['enforce to audit', { mode: 'enforce', processes: [] }, { processes: [] }, false],
    ['a port less', allow(1, 2), allow(1), true],
    ['a rail more', allow(1), { ...allow(1), deny: [{ protocol: 'stratum' }] }, true],
    ['a rail less', { ...allow(1), deny: [{ protocol: 'stratum' }] }, allow(1), false],
    [
      'a process more',
      allow(1),
      { mode: 'enforce', processes: [...allow(1).processes, { exe: '/bin/b' }] },
      false,
    ],
  ])('%s: as said', (_, before, after, expected) => {
    expect(tightens(only(before), only(after))).toBe(expected)
  })
  it('what is not known tightens', () => {
    expect(tightens(undefined, only(allow(1)))).toBe(true)
  })
})
