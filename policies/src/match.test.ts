// SPDX-License-Identifier: Apache-2.0
// Which subjects a policy selects, for every scope.
import { describe, expect, it } from 'vitest'
import { keyOf, type RuntimeLike } from './policy-key.ts'
import type { ClusterRuntimeSpec, LabelSelector, RuntimeSpec } from './policy.gen.ts'
import { selectorMatches } from './labels.ts'
import { selection, selects, type Subject } from './match.ts'

const apiVersion = 'underpin.dev/v1alpha1'
const like = (policy: RuntimeLike['policy']): RuntimeLike => ({
  policy,
  file: 'a',
  line: 1,
  key: keyOf(policy),
})
const runtime = (select: NonNullable<RuntimeSpec['select']>) =>
  like({
    apiVersion,
    kind: 'RuntimePolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { select },
  })
const cluster = (spec: ClusterRuntimeSpec) =>
  like({ apiVersion, kind: 'ClusterRuntimePolicy', metadata: { name: 'p' }, spec })

const pod: Subject & { scope: 'pod' } = {
  scope: 'pod',
  pod: { metadata: { name: 'web-1', labels: { app: 'web' } }, spec: { serviceAccountName: 'web' } },
  namespace: { name: 'shop', labels: { team: 'a' } },
}

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front' }
  it.each<[LabelSelector, boolean]>([
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'db' } }, false],
    [{ matchLabels: { toString: 'x' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] }, true],
    [{ matchExpressions: [{ key: 'none', operator: 'In', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'none', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'none', operator: 'Exists' }] },
      false,
    ],
  ])('%j: %s', (selector, expected) => {
    expect(selectorMatches(selector, labels)).toBe(expected)
  })
})

describe('pods', () => {
  it('of the policy namespace', () => {
    expect(selects(runtime({}), pod)).toBe(true)
    expect(selects(runtime({}), { ...pod, namespace: { name: 'other' } })).toBe(false)
    expect(selects(runtime({}), { scope: 'host', cgroup: '/a' })).toBe(false)
  })
  it('by labels, container and expression, all of them', () => {
    const select = {
      pods: { matchLabels: { app: 'web' } },
      containers: ['api'],
      expression: "pod.spec.serviceAccountName == 'web'",
    }
    expect(selects(runtime(select), { ...pod, container: 'api' })).toBe(true)
    expect(selects(runtime(select), pod)).toBe(true)
    expect(selects(runtime(select), { ...pod, container: 'other' })).toBe(false)
    expect(selects(runtime({ ...select, expression: 'false' }), pod)).toBe(false)
    expect(selects(runtime({ ...select, pods: { matchLabels: { app: 'db' } } }), pod)).toBe(false)
  })
  it('whose expression fails are selected, and it is told', () => {
    expect(selection(runtime({ expression: 'pod.spec.missing == 1' }), pod)).toMatchObject({
      selected: true,
      fault: { line: 1, column: 10 },
    })
  })
  it('by namespace, whose name is a label', () => {
    const named = (name: string) =>
      cluster({
        scope: 'pod',
        select: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': name } } },
      })
    expect(selects(named('shop'), pod)).toBe(true)
    expect(selects(named('other'), pod)).toBe(false)
    expect(
      selects(named('shop'), {
        ...pod,
        namespace: { name: 'x', labels: { 'kubernetes.io/metadata.name': 'shop' } },
      }),
    ).toBe(false)
    expect(selects(cluster({ scope: 'pod' }), pod)).toBe(true)
    expect(selects(cluster({ scope: 'unmanaged' }), pod)).toBe(false)
  })
})

describe('bare containers', () => {
  const subject: Subject = {
    scope: 'unmanaged',
    name: 'cache-1',
    image: 'registry.example.com/redis:7',
    cgroup: '/docker/abc',
  }
  it.each<[ClusterRuntimeSpec['select'], boolean]>([
    [undefined, true],
    [{ names: ['cache-*'] }, true],
    [{ names: ['web'] }, false],
    [{ images: ['registry.example.com/redis:*'] }, true],
    [{ images: ['**/redis:7'] }, true],
    [{ images: ['*/other:*'] }, false],
    [{ cgroups: ['/docker/*'] }, true],
    [{ cgroups: ['/docker/*'], names: ['web'] }, false],
  ])('%j: %s', (select, expected) => {
    expect(selects(cluster({ scope: 'unmanaged', ...(select && { select }) }), subject)).toBe(
      expected,
    )
  })
  it('of which nothing but the cgroup is known are not let off', () => {
    expect(
      selects(cluster({ scope: 'unmanaged', select: { names: ['x'] } }), {
        scope: 'unmanaged',
        cgroup: '/a',
      }),
    ).toBe(true)
  })
})

describe('host services', () => {
  const host = (select: NonNullable<ClusterRuntimeSpec['select']>) =>
    cluster({ scope: 'host', select })
  const cgroup = '/system.slice/nginx.service'
  it('by unit or by cgroup', () => {
    expect(
      selects(host({ units: ['nginx.service'] }), { scope: 'host', unit: 'nginx.service', cgroup }),
    ).toBe(true)
    expect(
      selects(host({ units: ['nginx.service'] }), { scope: 'host', cgroup: `${cgroup}/worker` }),
    ).toBe(true)
    expect(selects(host({ units: ['n*.service'] }), { scope: 'host', cgroup })).toBe(true)
    expect(
      selects(host({ units: ['ssh.service'], cgroups: [cgroup] }), { scope: 'host', cgroup }),
    ).toBe(true)
    expect(selects(host({ units: ['ssh.service'] }), { scope: 'host', cgroup })).toBe(false)
  })
})
