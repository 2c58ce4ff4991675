// SPDX-License-Identifier: Apache-2.0
// What is answered when a request could not be judged: allow, deny, or what the policies of its namespace
// would have answered to something uncovered.

import { requirements } from '../../policies/src/index.ts'
import { isExcluded, type Exclusion } from './exclusions.ts'
import { unknownNamespace } from './namespace.ts'
import type { Facts } from './knowledge-source.ts'

export const failureModes = ['allow', 'deny', 'policy'] as const
export type FailureMode = (typeof failureModes)[number]

export type Affected = {
  /** Null: not even that could be read. */
  namespace: string | null
  operation: string | null
}

export function onFailureOf(
  mode: FailureMode,
  affected: Affected,
  known: () => { facts: Facts; exclusions: readonly Exclusion[] },
): 'allow' | 'deny' {
  // fail open: what goes away is never kept from going.
  if (mode === 'allow' || affected.operation === 'DELETE') return 'allow'
  if (mode === 'deny') return 'deny'
  try {
    const { facts, exclusions } = known()
    const { namespace } = affected
    if (namespace === null || namespace === '') {
      // fail closed: it may be for a namespace where uncovered workloads are denied.
      const some = facts.policies.some(({ policy }) =>
        policy.spec.namespaces.some((one) => one.mode === 'deny'),
      )
      return some ? 'deny' : 'allow'
    }
    // fail open: what keeps the cluster alive must start, whatever state we are in.
    if (isExcluded(exclusions, namespace)) return 'allow'
    const { name, labels } = facts.namespaces.get(namespace) ?? unknownNamespace(namespace)
    const asked = requirements(facts.policies, { name, labels: Object.fromEntries(labels) })
    // fail closed: where policy denies what is not covered, what was not judged is not let in either.
    // fail open: where it only reports, a request that was not judged passes with a warning.
    return asked.some((one) => one.mode === 'deny') ? 'deny' : 'allow'
  } catch {
    // fail closed: not even the policies can be asked.
    return 'deny'
  }
}
