// SPDX-License-Identifier: Apache-2.0
// A ledger row and a policy for tests.
import type { LedgerRecord } from '../../enforcer/src/index.ts'
import { compile } from '../../enforcer/src/plan/compile.ts'
import { indexCluster, isRuntime, load, noCluster } from '../../policies/src/index.ts'
import type { Planned } from './planning.ts'

export const specimen = (given: Partial<LedgerRecord>): LedgerRecord => ({
  subject: { id: '1', scope: 'pod', name: 'shop/web-1', cgroup: '/kubepods/pod1', pod: uid },
  executable: '/opt/miner',
  from: '/bin/sh',
  lineage: null,
  decision: 'exec',
  hook: 'exec',
  target: null,
  outcome: 'would-deny',
  count: 1,
  first: '2030-01-02T10:00:00.000Z',
  last: '2030-01-02T10:00:00.000Z',
  policy: 'RuntimePolicy/shop/a',
  rule: 'spec.processes',
  pid: 1,
  other: false,
  ...given,
})

export const uid = '0123456789abcdef0123456789abcdef'

/** RuntimePolicies of the namespace shop by name; all select the one pod there is. */
export function planOf(specs: Record<string, object>): Planned {
  const texts = Object.entries(specs).map(([name, spec]) => ({
    file: `${name}.yaml`,
    text: JSON.stringify({
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name, namespace: 'shop' },
      spec,
    }),
  }))
  const { policies, problems } = load(texts)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const runtime = policies.filter(isRuntime)
  const pods = [
    { uid, name: 'web-1', namespace: { name: 'shop' }, manifest: { metadata: { name: 'web-1' } } },
  ]
  return {
    texts,
    policies: runtime,
    pods,
    cluster: indexCluster(noCluster),
    plan: compile(runtime, pods),
  }
}
