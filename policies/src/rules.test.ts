// SPDX-License-Identifier: Apache-2.0
// The expansion of a policy: one row for everything it says, in order.
import { expect, it } from 'vitest'
import { loaded } from './arbitrary.ts'
import { flattenRules, restricts } from './rules.ts'

it('expands processes and guard rails in the order they are written', () => {
  const rules = flattenRules(
    loaded({
      processes: [
        {
          exe: ['/a', '/b/**'],
          from: ['/c'],
          egress: [{}, { ports: ['ICMP'] }],
          ingress: [{ ports: [80] }],
        },
        { exe: '/d', startedBy: 'exec', egress: [{}] },
      ],
      deny: [{ exe: '/e' }, { egress: {}, ingress: {}, protocol: 'stratum' }, { from: ['/f'] }],
    }),
  )
  expect(
    rules.map(({ path, effect, about, stratum }) => [path, effect, about, stratum ?? false]),
  ).toEqual([
    ['spec.processes[0]', 'allow', 'exec', false],
    ['spec.processes[0].egress[0]', 'allow', 'egress', false],
    ['spec.processes[0].egress[1]', 'allow', 'egress', false],
    ['spec.processes[0].ingress[0]', 'allow', 'ingress', false],
    ['spec.deny[0]', 'deny', 'exec', false],
    ['spec.deny[1]', 'deny', 'egress', false],
    ['spec.deny[1]', 'deny', 'ingress', false],
    ['spec.deny[1]', 'deny', 'protocol', true],
    ['spec.deny[2]', 'deny', 'exec', false],
  ])
  expect(rules[0]).toMatchObject({
    policy: 'RuntimePolicy/shop/p',
    mode: 'audit',
    exe: [
      { kind: 'exact', path: '/a' },
      { kind: 'below', path: '/b' },
    ],
    from: [{ kind: 'exact', path: '/c' }],
    peers: null,
    ports: null,
  })
  expect(rules[2]?.ports).toEqual([
    { protocol: 1, low: 0, high: 65535 },
    { protocol: 58, low: 0, high: 65535 },
  ])
  expect(rules.at(-1)).toMatchObject({ exe: null, from: [{ kind: 'exact', path: '/f' }] })
})

it('restricts only where processes are listed, be it none', () => {
  expect(restricts(loaded({ processes: [] }))).toBe(true)
  expect(restricts(loaded({ deny: [] }))).toBe(false)
})

it('does not widen an allow, nor narrow a guard rail, by peers it cannot resolve', () => {
  const [, allow, deny] = flattenRules(
    loaded({
      processes: [
        { exe: '/a', egress: [{ to: [{ cidr: '10.0.0.0/8' }, { dns: 'a.example.com' }] }] },
      ],
      deny: [{ egress: { to: [{ cidr: '10.0.0.0/8' }, { pods: {} }] } }],
    }),
  )
  expect(allow?.peers).toHaveLength(1)
  expect(deny?.peers).toBeNull()
})
