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
    ['spec.processes[1]', 'allow', 'exec', false],
    ['spec.processes[1].egress[0]', 'allow', 'egress', false],
    ['spec.deny[0]', 'deny', 'exec', false],
    ['spec.deny[1]', 'deny', 'egress', false],
    ['spec.deny[1]', 'deny', 'ingress', false],
    ['spec.deny[1]', 'deny', 'protocol', true],
    ['spec.deny[2]', 'deny', 'exec', false],
    ['spec.processes (sandbox)', 'allow', 'exec', false],
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
  expect(rules.at(-2)).toMatchObject({ exe: null, from: [{ kind: 'exact', path: '/f' }] })
})

it('restricts only where processes are listed, be it none', () => {
  expect(restricts(loaded({ processes: [] }), 'exec')).toBe(true)
  expect(restricts(loaded({ deny: [] }), 'exec')).toBe(false)
})

it('restricts files and privileges only where some entry lists any, be it none', () => {
  const entry = { exe: '/a' }
  expect(restricts(loaded({ processes: [entry] }), 'file')).toBe(false)
  expect(restricts(loaded({ processes: [entry, { ...entry, files: [] }] }), 'file')).toBe(true)
  expect(restricts(loaded({ processes: [{ ...entry, files: [] }] }), 'privilege')).toBe(false)
  expect(restricts(loaded({ processes: [{ ...entry, privileges: [] }] }), 'privilege')).toBe(true)
})

it('has a guard rail for each limit on code, and rules for what an entry lists', () => {
  const rules = flattenRules(
    loaded({
      code: 'image',
      anonymousCode: 'deny',
      processes: [
        { exe: '/a', startedBy: 'exec', files: [{ path: '/f/**', access: 'write' }] },
        { exe: '/b', privileges: ['mount', 'NET_RAW'] },
      ],
      deny: [{ file: { path: '/etc/**', access: 'read' } }, { exe: '/a', privilege: 'bpf' }],
    }),
  )
  expect(rules.map(({ path, effect, about }) => [path, effect, about])).toEqual([
    ['spec.code', 'deny', 'code'],
    ['spec.anonymousCode', 'deny', 'code'],
    ['spec.processes[0]', 'allow', 'exec'],
    ['spec.processes[0].files', 'allow', 'file'],
    ['spec.processes[0]', 'allow', 'privilege'],
    ['spec.processes[1]', 'allow', 'exec'],
    ['spec.processes[1]', 'allow', 'file'],
    ['spec.processes[1].privileges', 'allow', 'privilege'],
    ['spec.deny[0]', 'deny', 'file'],
    ['spec.deny[1]', 'deny', 'privilege'],
    ['spec.processes (sandbox)', 'allow', 'exec'],
  ])
  expect(rules.map(({ code }) => code).slice(0, 2)).toEqual(['other', 'memory'])
  expect(rules[3]).toMatchObject({
    startedBy: 'exec',
    files: [{ kind: 'below', path: '/f', access: ['read', 'write'] }],
  })
  expect(rules[8]?.files).toEqual([{ kind: 'below', path: '/etc', access: ['read', 'write'] }])
})

it('keeps names beside addresses, in an allow and in a guard rail', () => {
  const [, allow, deny] = flattenRules(
    loaded({
      processes: [
        { exe: '/a', egress: [{ to: [{ cidr: '10.0.0.0/8' }, { dns: 'a.example.com' }] }] },
      ],
      deny: [{ egress: { to: [{ cidr: '10.0.0.0/8' }, { dns: 'b.example.com' }] } }],
    }),
  )
  expect(allow).toMatchObject({ peers: [{}], names: [{ kind: 'exact', name: 'a.example.com' }] })
  expect(deny).toMatchObject({ peers: [{}], names: [{ kind: 'exact', name: 'b.example.com' }] })
})
