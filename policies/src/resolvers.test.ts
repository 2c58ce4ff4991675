// SPDX-License-Identifier: Apache-2.0
// Which rules make a resolver, and what is implied for those that name hosts.
import { describe, expect, it } from 'vitest'
import { loaded } from './arbitrary.ts'
import type { EgressRule, RuntimePolicy } from './policy.gen.ts'
import { flattenRules } from './rules.ts'

const resolvers = { containers: ['10.96.0.10', 'fd00::a'], host: ['127.0.0.53'] }
const rulesOf = (spec: RuntimePolicy['spec']) => flattenRules(loaded(spec), undefined, resolvers)
const believed = (...egress: EgressRule[]) =>
  rulesOf({ processes: [{ exe: '/a', egress }] }).filter(({ resolver }) => resolver)

describe('a rule makes its peers resolvers', () => {
  it('when it names port 53 and certain addresses', () => {
    const to = [{ cidr: '10.0.0.1/32' }]
    expect(believed({ to, ports: ['53/UDP'] })).toHaveLength(1)
    expect(believed({ to, ports: ['443/TCP', '53/TCP'] })).toHaveLength(1)
  })
  it.each<[EgressRule]>([
    [{}],
    [{ ports: ['53/UDP'] }],
    [{ to: [{ cidr: '0.0.0.0/0' }], ports: ['53/UDP'] }],
    [{ to: [{ cidr: '10.0.0.1/32' }] }],
    [{ to: [{ cidr: '10.0.0.1/32' }], ports: ['1-1023/UDP'] }],
    [{ to: [{ cidr: '10.0.0.1/32' }], ports: ['*/UDP'] }],
  ])('and not otherwise: %j', (rule) => {
    expect(believed(rule)).toEqual([])
  })
  it('never when it denies', () => {
    const egress = { to: [{ cidr: '10.0.0.1/32' }], ports: ['53/UDP'] }
    expect(rulesOf({ deny: [{ egress }] }).some(({ resolver }) => resolver)).toBe(false)
  })
})

describe('whoever may talk to a name', () => {
  it('may ask the resolvers, once a process', () => {
    const rules = believed({ to: [{ dns: 'a.test' }] }, { to: [{ dns: '*.b.test' }], ports: [443] })
    expect(rules).toMatchObject([
      {
        path: 'spec.processes[0] (resolvers)',
        exe: [{ kind: 'exact', path: '/a' }],
        peers: [{ bits: 32 }, { bits: 128 }],
        ports: [
          { protocol: 17, low: 53, high: 53 },
          { protocol: 6, low: 53, high: 53 },
        ],
      },
    ])
    expect(rules[0]).not.toHaveProperty('names')
  })
  it('by a guard rail about names nobody may ask anybody', () => {
    expect(rulesOf({ deny: [{ egress: { to: [{ dns: 'a.test' }] } }] })).toHaveLength(1)
  })
})
