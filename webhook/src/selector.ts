// SPDX-License-Identifier: Apache-2.0
// Label selectors out of objects that others wrote. Their meaning is the policy language's, which is the
// API server's; a condition that cannot be read selects nothing.

import { selectorMatches as matches, type LabelSelector } from '../../policies/src/index.ts'
import { fields, list, text, texts, type Marks } from './fields.ts'

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

export function selectorMatches(selector: unknown, labels: Marks): boolean {
  const read = readSelector(selector)
  return read !== null && matches(read, Object.fromEntries(labels))
}

function readSelector(selector: unknown): LabelSelector | null {
  const matchExpressions: Requirement[] = []
  for (const one of list(selector, 'matchExpressions')) {
    const operator = operators.find((known) => known === text(one, 'operator'))
    if (operator === undefined) return null
    matchExpressions.push({ key: text(one, 'key') ?? '', operator, values: texts(one, 'values') })
  }
  const labels = Object.entries(fields(selector, 'matchLabels'))
  if (!labels.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return null
  return { matchLabels: Object.fromEntries(labels), matchExpressions }
}

/** Has no condition at all: matches every label set. */
export function selectsAll(selector: unknown): boolean {
  return (
    Object.keys(fields(selector, 'matchLabels')).length === 0 &&
    list(selector, 'matchExpressions').length === 0
  )
}
