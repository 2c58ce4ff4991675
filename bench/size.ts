// SPDX-License-Identifier: Apache-2.0
// Does a decision cost more when more policies are loaded, or when there are more subjects? The functions that the
// hooks call, by themselves: no attachment, no clock within a run.
import { load, isRuntime, type Decision, type RuntimeLike } from '../policies/src/index.ts'
import * as abi from '../enforcer/src/kernel/abi.gen.ts'
import { compileRuleset } from '../enforcer/src/plan/compile.ts'
import { hashKeyOf } from '../enforcer/src/plan/apply.ts'
import { writeRuleset } from '../enforcer/src/plan/ruleset-rows.ts'
import { Oracle } from '../test/harness/ask.ts'
import { assert, round, say, show, spread, summary, type Spread } from './figures.ts'

const repeat = 200_000
const rounds = 15
const asked: Record<string, Decision> = {
  exec: { kind: 'exec', exe: '/usr/bin/node', from: '/sbin/tini' },
  connect: {
    kind: 'egress',
    exe: '/usr/bin/node',
    from: '/sbin/tini',
    protocol: 'TCP',
    address: '10.1.2.3',
    port: 5432,
  },
}

const policyOf = (i: number): RuntimeLike => {
  const text = JSON.stringify({
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name: `app-${i}`, namespace: 'shop' },
    spec: {
      mode: 'enforce',
      select: { pods: { matchLabels: { app: `app-${i}` } } },
      processes: [
        {
          exe: '/usr/bin/node',
          from: ['/sbin/tini'],
          egress: [
            { to: [{ cidr: '10.0.0.0/8' }], ports: ['5432/TCP'] },
            { to: [{ cidr: `172.16.${i % 250}.0/24` }], ports: ['443/TCP'] },
          ],
        },
      ],
      deny: [{ egress: { to: [{ cidr: '169.254.169.254/32' }] } }],
    },
  })
  const policy = load([{ file: `${i}.yaml`, text }]).policies.filter(isRuntime)[0]
  assert(policy !== undefined, 'the policy loads')
  return policy
}

/** An oracle with `policies` rulesets and `subjects` subjects, of which it asks one. */
function filled(policies: number, subjects: number): Oracle {
  const oracle = new Oracle()
  oracle.use([policyOf(0)])
  const { tables } = oracle
  for (let i = 1; i < policies; i++) {
    const policy = policyOf(i)
    tables.policies.set({ value: i + 1 }, { key: policy.key, enforce: 1 })
    writeRuleset(
      tables,
      hashKeyOf(tables),
      i + 1000,
      compileRuleset([policy]),
      new Map([[policy.key, i + 1]]),
    )
    tables.bindings.set({ value: i + 1 }, { ruleset: i + 1000, scope: abi.Scope.POD })
  }
  for (let i = 1; i < subjects; i++)
    tables.subjects.set(
      { value: BigInt(100_000 + i) },
      { binding: (i % policies) + 1, scope: abi.Scope.POD },
    )
  return oracle
}

const sizes = [
  { policies: 1, subjects: 10 },
  { policies: 100, subjects: 10 },
  { policies: 1000, subjects: 10 },
  { policies: 1, subjects: 10_000 },
  { policies: 1000, subjects: 10_000 },
]

export function size(): Promise<void> {
  const oracles = sizes.map(({ policies, subjects }) => filled(policies, subjects))
  const values: Record<string, number> = {}
  try {
    for (const [name, decision] of Object.entries(asked)) {
      for (const oracle of oracles)
        assert(oracle.ask(decision).enforced === 'allow', `${name} is allowed`)
      const times = oracles.map(() => [] as number[])
      for (let r = 0; r < rounds; r++)
        for (const [i, oracle] of oracles.entries()) times[i]?.push(oracle.time(decision, repeat))
      const first = times[0] ?? []
      say(
        `${name}: ns of one decision with everything about it (asking included), median (range) of ${rounds} rounds`,
      )
      for (const [i, { policies, subjects }] of sizes.entries()) {
        const all = times[i] ?? []
        const ratio: Spread = spread(all.map((t, r) => t / (first[r] ?? NaN)))
        say(
          `  ${String(policies).padStart(5)} policies ${String(subjects).padStart(6)} subjects  ${show(spread(all))}  ratio ${show(ratio)}`,
        )
        values[`${name}_${policies}_${subjects}`] = Number(round(spread(all).median))
      }
    }
  } finally {
    for (const oracle of oracles) oracle.close()
  }
  summary('size', values)
  return Promise.resolve()
}
