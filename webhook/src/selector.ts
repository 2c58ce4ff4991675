// SPDX-License-Identifier: Apache-2.0
// Label selectors as the API server reads them: every part must hold, an empty selector selects all,
// and NotIn also holds where the label is missing.

import { fields, isFields, list, text, texts, type Marks } from './fields.ts'

export function selectorMatches(selector: unknown, labels: Marks): boolean {
  for (const [key, value] of Object.entries(fields(selector, 'matchLabels'))) {
    if (labels.get(key) !== value) return false
  }
  return list(selector, 'matchExpressions').every(
    (requirement) => isFields(requirement) && requirementHolds(requirement, labels),
  )
}

function requirementHolds(requirement: unknown, labels: Marks): boolean {
  const key = text(requirement, 'key') ?? ''
  const value = labels.get(key)
  const values = texts(requirement, 'values')
  switch (text(requirement, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

/** Has no condition at all: matches every label set. */
export function selectsAll(selector: unknown): boolean {
  return (
    Object.keys(fields(selector, 'matchLabels')).length === 0 &&
    list(selector, 'matchExpressions').length === 0
  )
}
