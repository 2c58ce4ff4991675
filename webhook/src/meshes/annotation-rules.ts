// SPDX-License-Identifier: Apache-2.0
// Tables of annotations: values with which traffic goes past the sidecar, and values that an injector
// refuses. The same table is asked of a manifest and of a finished pod.

import type { Effect, FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

export type AnnotationRule = {
  key: string
  id: FindingId
  /** Does this value leave traffic uncaptured? */
  blinds: (value: string) => boolean
  what: string
  effect?: Effect
}

export type ReadValue = {
  key: string
  /** What the injector can read; everything else it refuses. */
  reads: (value: string) => boolean
}

export const notEmpty = (value: string) => value.trim() !== ''

export function annotationPath({ pod }: Subject, key: string): string {
  return `${pod.prefix}metadata.annotations[${key}]`
}

export function annotationHits(subject: Subject, rules: readonly AnnotationRule[]): Hit[] {
  return rules.flatMap(({ key, id, blinds, what, effect }): Hit[] => {
    const value = subject.pod.annotations.get(key)
    if (value === undefined || !blinds(value)) return []
    const message = `the annotation ${key} is "${oneLine(value)}": ${what}`
    const hit: Hit = { id, path: annotationPath(subject, key), message }
    return [effect === undefined ? hit : { ...hit, effect }]
  })
}

/** The first value that the injector cannot read: it answers with an error, so the pod is refused. */
export function refusedValue(subject: Subject, values: readonly ReadValue[]): Hit | null {
  for (const { key, reads } of values) {
    const value = subject.pod.annotations.get(key)
    if (value === undefined || reads(value)) continue
    return {
      id: 'injector-refuses',
      path: annotationPath(subject, key),
      message: `the annotation ${key} is "${oneLine(value)}", which the injector cannot read`,
    }
  }
  return null
}

/** For a message: one line, not long. */
export function oneLine(value: string): string {
  return value.replace(/\s+/g, ' ').slice(0, 60)
}
