// SPDX-License-Identifier: Apache-2.0
// Does anything here speak of a mesh? Its keys count wherever they stand, right or not: who put one in the wrong place
// meant this mesh as well.

import type { Marks } from '../fields.ts'
import type { Namespace } from '../namespace.ts'
import { carriers, type Subject } from '../subject.ts'

type Marked = { labels: Marks; annotations: Marks }

const has = ({ labels, annotations }: Marked, keys: readonly string[]): boolean =>
  keys.some((key) => labels.has(key) || annotations.has(key))

export function spokenOf(
  keys: { namespace: readonly string[]; pod: readonly string[] },
  subject: Subject | null,
  namespace: Namespace | null,
): boolean {
  if (namespace !== null && has(namespace, keys.namespace)) return true
  if (subject === null) return false
  // A pod is its own template.
  const above = subject.pod.prefix === '' ? [] : carriers(subject)
  return [subject.pod, ...above].some((one) => has(one, keys.pod))
}
