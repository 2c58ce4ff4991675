// SPDX-License-Identifier: Apache-2.0
// Requests that nobody need judge, told by their envelope alone: they start no process and change nothing
// that an injector, a CNI plugin or a policy reads. Asked first, so that no failure of ours can hold them up.

import { field, fields, type Fields } from './fields.ts'
import type { Review } from './review.ts'

export type Ignored = 'deletion' | 'subresource' | 'kind'

export function ignoredBecause(review: Review): Ignored | null {
  const { operation, group, resource, subresource, object, oldObject } = review
  if (operation === 'DELETE') return 'deletion'
  if (operation === 'CONNECT') return null
  const isPod = group === '' && resource === 'pods'
  if (group === '' && resource === 'bindings') return marksOf(object) === '' ? 'kind' : null
  if (subresource === '') return null
  // Debug containers are judged with their pod.
  if (isPod && subresource === 'ephemeralcontainers') return null
  // Both can write labels and annotations into the pod; without those they are no concern of ours.
  if (isPod && subresource === 'binding') return marksOf(object) === '' ? 'subresource' : null
  if (isPod && subresource === 'status') {
    return oldObject === null || marksOf(object) === marksOf(oldObject) ? 'subresource' : null
  }
  return 'subresource'
}

/** Labels and annotations as one text, '' when there are none. */
function marksOf(object: Fields | null): string {
  const both = ['labels', 'annotations'].map((key) =>
    Object.entries(fields(object, 'metadata', key)).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  return field(object, 'metadata') === undefined || both.flat().length === 0
    ? ''
    : JSON.stringify(both)
}
