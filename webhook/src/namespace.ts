// SPDX-License-Identifier: Apache-2.0
// What is known of a subject's namespace. An admission request does not carry it, and a manifest often
// comes without it, so "not known" is a state of its own: what is then assumed is said with the verdict.

import { marks, text, type Marks } from './fields.ts'

export type Namespace = {
  name: string
  labels: Marks
  annotations: Marks
  known: boolean
}

const nameLabel = 'kubernetes.io/metadata.name'

/** From a Namespace object. The API server keeps the name label right, whatever the manifest says. */
export function namespaceOf(object: unknown): Namespace {
  const name = text(object, 'metadata', 'name') ?? ''
  return {
    name,
    labels: new Map([...marks(object, 'metadata', 'labels'), [nameLabel, name]]),
    annotations: marks(object, 'metadata', 'annotations'),
    known: true,
  }
}

export function unknownNamespace(name: string): Namespace {
  return { name, labels: new Map([[nameLabel, name]]), annotations: new Map(), known: false }
}

/** The same namespace with further labels and annotations: how an assumption is written down. */
export function supposing(
  namespace: Namespace,
  more: { labels?: Record<string, string>; annotations?: Record<string, string> },
): Namespace {
  return {
    ...namespace,
    labels: new Map([...namespace.labels, ...Object.entries(more.labels ?? {})]),
    annotations: new Map([...namespace.annotations, ...Object.entries(more.annotations ?? {})]),
  }
}
