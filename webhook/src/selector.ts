// SPDX-License-Identifier: Apache-2.0
// Label selectors out of objects that others wrote, with the API server's meaning; one that it would refuse
// selects nothing.

import { allLabels } from './api-server/known-labels.ts'
import { matchLabels, readSelector } from './api-server/label-selector.ts'
import type { Marks } from './fields.ts'

export function selectorMatches(selector: unknown, labels: Marks): boolean {
  const read = readSelector(selector)
  return !('why' in read) && matchLabels(read, allLabels(labels)).answer === 'yes'
}

/** Has no condition at all: matches every label set. */
export function selectsAll(selector: unknown): boolean {
  const read = readSelector(selector)
  return !('why' in read) && read.length === 0
}
