// SPDX-License-Identifier: Apache-2.0
// Policies and pods → plan, and plan × plan → steps. That rows decide as policies say is shown against the kernel.
import { describe, expect, it } from 'vitest'
import { isRuntime, load, type RuntimeLike } from '../../../policies/src/index.ts'
import { normaliseUid, type KnownPod } from '../identity/pods.ts'
import { compile, compileRuleset, noCompileMemory } from './compile.ts'

const cluster = (name: string, spec: object) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'ClusterRuntimePolicy',
  metadata: { name },
  spec: { scope: 'unmanaged', select: { cgroups: [`/${name}/*`] }, ...spec },
})
const policies = (...documents: object[]): RuntimeLike[] => {
  const text = documents.map((d) => JSON.stringify(d)).join('\n---\n')
  const { policies: found, problems } = load([{ file: 'a.yaml', text }], { enforceable: true })
  expect(problems).toEqual([])
  return found.filter(isRuntime)
}
const pod = (name: string, labels: Record<string, string>): KnownPod => ({
  uid: normaliseUid(name.repeat(32)) ?? '',
  name,
  namespace: { name: 'shop' },
  manifest: { metadata: { name, namespace: 'shop', labels } } as KnownPod['manifest'],
})
const runtime = (name: string, app: string, spec: object = {}) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name, namespace: 'shop' },
  spec: { select: { pods: { matchLabels: { app } } }, processes: [{ exe: '/bin/a' }], ...spec },
})

describe('compile', () => {
  it('the same input gives the same plan, in whatever order it comes', () => {
    const all = policies(
      cluster('a', { deny: [{ protocol: 'stratum' }] }),
      cluster('b', { processes: [] }),
    )
    expect(compile(all, [])).toEqual(compile(all.toReversed(), []))
  })

  it('pods that the same policies select share a binding; others have one without policies', () => {
    const plan = compile(policies(runtime('web', 'web')), [
      pod('a', { app: 'web' }),
      pod('b', { app: 'web' }),
      pod('c', {}),
    ])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => plan.pods.get(name.repeat(32)))
    expect(a).toBeDefined()
    expect(a).toBe(b)
    expect(plan.bindings.get(c ?? '')).toEqual({ scope: 'pod', ruleset: '' })
  })

  it('a container that nothing selects gets what selects every container, else it is pending', () => {
    const everywhere = cluster('all', { select: undefined, processes: [] })
    const here = cluster('here', { select: { cgroups: ['/docker/*'] }, processes: [] })
    const some = compile(policies(here), [])
    expect(some.container).toBe('unmanaged:Pending')
    expect(some.pending).toBe('pod:Pending')
    expect(some.policies.at(-1)).toEqual({ key: 'Pending', mode: 'audit' })
    const both = compile(policies(here, everywhere), [], noCompileMemory(), 'deny')
    expect(both.container).toBe('unmanaged:ClusterRuntimePolicy/all')
    expect(both.policies.at(-1)).toEqual({ key: 'Pending', mode: 'enforce' })
    // A pattern adds to what selects every container; it is no pattern itself.
    expect([...both.accepts.values()]).toEqual([
      {
        binding: 'unmanaged:ClusterRuntimePolicy/all,ClusterRuntimePolicy/here',
        container: 'unmanaged:ClusterRuntimePolicy/all,ClusterRuntimePolicy/here',
      },
    ])
    const open = compile([], [], noCompileMemory(), 'allow')
    expect(open.bindings.get(open.container)?.ruleset).toBe('')
    expect(open.policies).toEqual([])
  })

  it('tools without network share one rule; rules of different policies stay apart', () => {
    const exes = Array.from({ length: 400 }, (_, i) => ({ exe: `/bin/tool${i}` }))
    const ruleset = compileRuleset(policies(cluster('a', { processes: exes, mode: 'enforce' })))
    expect(ruleset.masks.exec).toBe(1n)
    expect(ruleset.paths).toHaveLength(400)
    const two = compileRuleset(policies(runtime('x', 'w'), runtime('y', 'w', { mode: 'enforce' })))
    // Of x, the sandbox by x; the same of y, which enforces.
    expect(two.masks.exec).toBe(0b1111n)
    expect(two.masks.enforced).toBe(0b1100n)
    expect([two.masks.entrypoint, two.masks.startedExec]).toEqual([0b1010n, 0b1010n])
    const many = ['x', 'y', 'z'].map((name) => runtime(name, 'w'))
    expect(compileRuleset(policies(...many)).masks.exec).toBe(0b11n)
    expect(two.restricts.process).toEqual({
      enforced: 'RuntimePolicy/shop/y',
      audited: 'RuntimePolicy/shop/x',
    })
  })

  it('refuses more rules for a subject than the kernel looks at, with the number', () => {
    const processes = Array.from({ length: 130 }, (_, i) => ({
      exe: `/bin/${i}`,
      egress: [{ ports: [i + 1] }, { ports: [i + 1000] }],
    }))
    expect(() => compileRuleset(policies(cluster('a', { processes })))).toThrow(
      /261 distinct rules/,
    )
  })

  it('a rail about certain peers does not forbid taking the port', () => {
    const ruleset = compileRuleset(
      policies(
        cluster('a', {
          deny: [{ ingress: { from: [{ cidr: '10.0.0.0/8' }] } }, { ingress: { ports: [80] } }],
        }),
      ),
    )
    expect(ruleset.masks.ingress).toBe(3n)
    expect(ruleset.masks.bind).toBe(2n)
    expect(ruleset.blame.map(({ path }) => path)).toEqual(['spec.deny[0]', 'spec.deny[1]'])
  })
})
