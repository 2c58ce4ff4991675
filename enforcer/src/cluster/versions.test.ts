// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import type { PolicyObject } from './slim.ts'
import { PolicyVersions } from './versions.ts'

const policy = (name: string, generation = 1, more: object = {}): PolicyObject => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, generation },
  spec: { select: { pods: {} }, processes: [{ exe: `/bin/v${generation}` }], ...more },
})
/** This build does not carry it out. */
const wrong = (name: string, generation: number) =>
  policy(name, generation, { select: { pods: {}, containers: ['api'] } })

const offered = (versions: PolicyVersions) =>
  versions
    .offer()
    .map(({ policy: { metadata, spec } }) => `${metadata.name} ${String(spec.processes?.[0]?.exe)}`)
    .sort()
const told = (versions: PolicyVersions) =>
  versions
    .told(new Map())
    .map(({ policy: key, state, generation, inForce }) => [key, state, generation, inForce ?? null])

test('a policy that does not load leaves its version before, and all others, in force', () => {
  const versions = new PolicyVersions()
  versions.update([policy('a'), policy('b')])
  expect(offered(versions)).toEqual(['a /bin/v1', 'b /bin/v1'])
  expect(versions.accepted()).toBe(false)
  expect(versions.update([wrong('a', 2), policy('b', 2)])).toBe(true)
  expect(offered(versions)).toEqual(['a /bin/v1', 'b /bin/v2'])
  versions.accepted()
  expect(told(versions)).toEqual([
    ['RuntimePolicy/shop/a', 'failed', 2, 1],
    ['RuntimePolicy/shop/b', 'inForce', 2, null],
  ])
  expect(versions.problems().join()).toContain('spec.select.containers')
  expect(versions.objects()).toEqual([policy('a'), policy('b', 2)])
  versions.update([policy('a', 3), policy('b', 2)])
  expect(offered(versions)).toEqual(['a /bin/v3', 'b /bin/v2'])
  expect(versions.problems()).toEqual([])
})

test('of many changes the one is found with which no plan can be made, and the others come in force', () => {
  const versions = new PolicyVersions()
  const names = Array.from({ length: 40 }, (_, i) => `p${i}`)
  versions.update(names.map((name) => policy(name)))
  versions.offer()
  versions.accepted()
  versions.update(names.map((name) => policy(name, 2)))
  const bad = new Set(['p7', 'p31'])
  let plans = 0
  for (let again = true; again;) {
    expect(++plans).toBeLessThan(60)
    const some = versions.offer()
    const refused = some.some(
      ({ policy: { metadata, spec } }) =>
        bad.has(metadata.name) && spec.processes?.[0]?.exe === '/bin/v2',
    )
    again = refused ? versions.refused('too many rules', 1000) : versions.accepted()
  }
  const failed = versions.told(new Map()).filter(({ state }) => state === 'failed')
  expect(failed.map(({ policy: key }) => key)).toEqual([
    'RuntimePolicy/shop/p7',
    'RuntimePolicy/shop/p31',
  ])
  expect(offered(versions)).toContain('p8 /bin/v2')
  expect(offered(versions)).toContain('p7 /bin/v1')
  // What else is there may be another by then.
  expect(versions.retry(1000)).toBe(false)
  expect(versions.retry(100_000)).toBe(true)
  expect(offered(versions)).toContain('p7 /bin/v2')
})

test('when nothing of the policies is new they are not to blame', () => {
  const versions = new PolicyVersions()
  versions.update([policy('a')])
  versions.offer()
  versions.accepted()
  versions.offer()
  expect(versions.refused('no room for pods', 0)).toBe(false)
  expect(told(versions)).toEqual([['RuntimePolicy/shop/a', 'inForce', 1, null]])
})

test('what waits for something keeps its version before; what is deleted goes at once', () => {
  const versions = new PolicyVersions()
  versions.update([policy('a'), policy('b')])
  versions.offer()
  versions.accepted()
  versions.update([policy('a', 2)])
  const waiting = versions.offer(({ policy: { spec } }) => spec.processes?.[0]?.exe !== '/bin/v2')
  expect(waiting.map(({ policy: { spec } }) => spec.processes?.[0]?.exe)).toEqual(['/bin/v1'])
})

test('a policy that was deleted and made again is another one', () => {
  const versions = new PolicyVersions()
  versions.update([policy('a')])
  versions.offer()
  versions.accepted()
  const again = wrong('a', 1)
  versions.update([{ ...again, metadata: { ...again.metadata, uid: 'another' } }])
  expect(offered(versions)).toEqual([])
  expect(told(versions)).toEqual([['RuntimePolicy/shop/a', 'failed', 1, null]])
})
