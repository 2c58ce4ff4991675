// SPDX-License-Identifier: Apache-2.0
// The key that asks for injection is there, and not where the mesh reads it: a label instead of an
// annotation, or on the controller instead of on its pods. Asked when nothing else asks for injection.

import type { Hit } from '../finding.ts'
import { carriers } from '../subject.ts'
import type { MeshInput } from './mesh.ts'

export type AskingKey = {
  key: string
  /** Values that would ask for injection; null: any value counts. */
  on: readonly string[] | null
  /** Where the mesh reads it on a pod, and on a namespace; null: not there at all. */
  pod: 'label' | 'annotation' | null
  namespace: 'label' | 'annotation' | null
}

export function misplacedKey({ subject, namespace }: MeshInput, asking: AskingKey): Hit | null {
  const { key, on } = asking
  const { pod } = subject
  const wrong = { label: 'annotation', annotation: 'label' } as const
  const said = (value: string | undefined) =>
    value !== undefined && (on === null || on.includes(value))
  const swapped = (who: string, path: string, right: 'label' | 'annotation'): Hit => ({
    id: 'label-annotation-swap',
    path: `${path}.${marksOf(wrong[right])}[${key}]`,
    message: `${who} has ${key} as ${article(wrong[right])}; the mesh reads the ${right}`,
  })
  if (asking.pod !== null) {
    if (said(pod[marksOf(wrong[asking.pod])].get(key))) {
      return swapped('the pod', `${pod.prefix}metadata`, asking.pod)
    }
    // In the wrong place and of the wrong sort is told as well: nothing else says why it does nothing.
    for (const sort of [asking.pod, wrong[asking.pod]]) {
      const kind = marksOf(sort)
      const carrier = carriers(subject).find((one) => said(one[kind].get(key)))
      if (carrier === undefined) continue
      const besides = sort === asking.pod ? '' : `, where the mesh reads the ${asking.pod}`
      return {
        id: 'metadata-on-controller',
        path: `${carrier.path}.${kind}[${key}]`,
        message: `the ${sort} ${key} is on the ${subject.kind} and not on its pods${besides}`,
      }
    }
  }
  if (asking.namespace !== null && said(namespace[marksOf(wrong[asking.namespace])].get(key))) {
    return swapped(`namespace "${namespace.name}"`, 'namespace.metadata', asking.namespace)
  }
  return null
}

function marksOf(kind: 'label' | 'annotation'): 'labels' | 'annotations' {
  return kind === 'label' ? 'labels' : 'annotations'
}

function article(kind: 'label' | 'annotation'): string {
  return kind === 'label' ? 'a label' : 'an annotation'
}
