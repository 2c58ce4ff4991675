// SPDX-License-Identifier: Apache-2.0
// Label selectors, with Kubernetes' meaning: every condition must hold, {} selects everything,
// NotIn and DoesNotExist are also true where the label is missing.
import type { LabelRequirement, LabelSelector } from './policy.gen.ts'

export type Labels = Readonly<Record<string, string>>
export type Namespace = { name: string; labels?: Labels | undefined }

export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  const own = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => own(key) === value) &&
    (selector.matchExpressions ?? []).every((one) => holds(one, own(one.key)))
  )
}

function holds({ operator, values = [] }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/** The API server gives every namespace a label with its name; objects from files may lack it. */
export function namespaceLabels({ name, labels }: Namespace): Labels {
  return { ...labels, 'kubernetes.io/metadata.name': name }
}
