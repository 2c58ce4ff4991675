// SPDX-License-Identifier: Apache-2.0
// The kernel decides what the model says: random policies, compiled by our compiler into maps, are asked about random
// decisions, and the functions that the hooks call must agree with evaluate() on every one.
// UNDERPIN_SEED repeats a run; UNDERPIN_DECISIONS changes how many.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arbitraryDecision, arbitraryPolicies } from '../../policies/src/arbitrary.ts'
import { arbitraryCluster, arbitraryFacts } from '../../policies/src/arbitrary-cluster.ts'
import {
  evaluate,
  indexCluster,
  type Decision,
  type RuntimeLike,
  type Surroundings,
} from '../../policies/src/index.ts'
import { Oracle } from '../harness/ask.ts'

const decisionsPerPolicy = 100
const decisions = Number(process.env.UNDERPIN_DECISIONS ?? 100_000)
const seed = Number(process.env.UNDERPIN_SEED ?? Date.now() % 2 ** 31)

const resolvers = { containers: ['10.0.0.1', 'fd00::1'], host: ['127.0.0.1'] }
let oracle: Oracle
beforeAll(() => {
  oracle = new Oracle()
})
afterAll(() => oracle.close())

function disagreement(
  policies: RuntimeLike[],
  decision: Decision,
  around: Surroundings,
): object | null {
  const answer = oracle.ask(decision)
  const model = evaluate(policies, decision, around)
  const blamed = model.enforced.verdict === 'deny' ? model.enforced : model.audited
  const wanted = {
    enforced: model.enforced.verdict,
    audited: model.audited.verdict,
    policy: blamed.verdict === 'deny' ? blamed.policy : null,
    path: blamed.verdict === 'deny' ? blamed.path : null,
  }
  const same = (Object.keys(wanted) as (keyof typeof wanted)[]).every(
    (k) => answer[k] === wanted[k],
  )
  return same ? null : { decision, kernel: answer, model: wanted }
}

test(
  `kernel and evaluate() agree on ${decisions} random decisions (seed ${seed})`,
  { timeout: 300_000 },
  () => {
    const seen = { total: 0, denied: 0, wouldDeny: 0 }
    fc.assert(
      fc.property(
        arbitraryPolicies,
        arbitraryCluster,
        arbitraryFacts,
        fc.array(arbitraryDecision, {
          minLength: decisionsPerPolicy,
          maxLength: decisionsPerPolicy,
        }),
        (policies, cluster, pod, asked) => {
          const around = { cluster: indexCluster(cluster), ...(pod && { pod }), resolvers }
          oracle.use(policies, around)
          for (const decision of asked) {
            const wrong = disagreement(policies, decision, around)
            if (wrong)
              expect.fail(
                JSON.stringify(
                  { ...wrong, policies: policies.map((p) => p.policy.spec), cluster, pod },
                  null,
                  1,
                ),
              )
            const { enforced, audited } = evaluate(policies, decision, around)
            seen.total++
            if (enforced.verdict === 'deny') seen.denied++
            else if (audited.verdict === 'deny') seen.wouldDeny++
          }
        },
      ),
      { seed, numRuns: Math.ceil(decisions / decisionsPerPolicy), endOnFailure: false },
    )
    // A test whose decisions are all allowed proves nothing.
    expect(seen.total).toBeGreaterThanOrEqual(decisions)
    expect(seen.denied / seen.total).toBeGreaterThan(0.1)
    expect(seen.wouldDeny / seen.total).toBeGreaterThan(0.05)
    console.log(
      `seed ${seed}: ${seen.total} decisions, ${seen.denied} denied, ${seen.wouldDeny} would be denied`,
    )
  },
)
