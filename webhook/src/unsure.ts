// SPDX-License-Identifier: Apache-2.0
// A review comes without its namespace. Where that is not known, a policy that selects namespaces by other
// labels than their name may govern it, and nobody can tell: that is said, never passed over.

import type { LabelSelector, LoadedCoverage, NamespaceClass } from '../../policies/src/index.ts'
import { isExcluded } from './exclusions.ts'
import type { House } from './admit.ts'
import type { Knowledge } from './judge.ts'
import type { Review } from './review.ts'

/** `matters`: such a policy does more than report. */
export type Unsure = { why: string; matters: boolean }

/** Null: everything that policies ask of the namespace is known. */
export function unsureOf(review: Review, known: Knowledge, house: House): Unsure | null {
  const { namespace, kind } = review
  if (namespace === '' || kind === 'Namespace' || known.namespaces.has(namespace)) return null
  if (isExcluded(house.exclusions, namespace)) return null
  const open = known.policies.filter((one) => byLabels(one).length > 0)
  if (open.length === 0) return null
  const matters = open.flatMap(byLabels).some(({ mode }) => mode !== 'audit')
  const others = open.length === 1 ? '' : ` and ${open.length - 1} more`
  const why = `the labels of namespace ${namespace} are not known to underpin, so it cannot tell whether ${open[0]?.key ?? ''}${others} governs it`
  return { why, matters }
}

const nameLabel = 'kubernetes.io/metadata.name'

function byLabels({ policy }: LoadedCoverage): NamespaceClass[] {
  return policy.spec.namespaces.filter(({ select }) =>
    keysOf(select.namespaces).some((key) => key !== nameLabel),
  )
}

function keysOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string[] {
  return [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)]
}
