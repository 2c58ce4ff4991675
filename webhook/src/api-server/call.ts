// SPDX-License-Identifier: Apache-2.0
// A request as the API server's admission sees it, real or expected: out of an AdmissionReview everything is
// known, out of a manifest only what it says.

import type { RequestPart } from '../../../policies/src/index.ts'
import { field, fields, isFields, marks, text, type Fields } from '../fields.ts'
import type { Creator } from './creators.ts'
import type { Equivalent } from './equivalents.ts'
import { allLabels, type KnownLabels } from './known-labels.ts'
import type { Asked } from './rules.ts'

export type AdmissionCall = Asked & {
  kind: string
  dryRun: boolean
  /** Null: the namespace does not exist. Not asked for objects of the cluster. */
  namespaceLabels: KnownLabels | null
  /** Of the new and of the old object; null where there is none, or one without metadata (the options of exec). */
  labels: KnownLabels | null
  oldLabels: KnownLabels | null
  /** What matchConditions see. */
  object: unknown
  oldObject: unknown
  request: Fields
  unknown: readonly RequestPart[]
  /** Who is taken to ask, where a condition depends on it and nobody knows. */
  creator?: Creator
  /** The object is as the API server has it, with its defaults. */
  finished: boolean
  /** Other groups and versions of the resource that the cluster serves, where that is known. */
  equivalents?: readonly Equivalent[]
}

/** The request of an AdmissionReview. */
export function reviewedCall(request: Fields, namespaceLabels: KnownLabels | null): AdmissionCall {
  // With matchPolicy Equivalent the review was converted for its webhook; the request itself is in request…
  const resource = known(request, 'requestResource', 'resource')
  const kind = known(request, 'requestKind', 'kind')
  const object = field(request, 'object') ?? null
  const oldObject = field(request, 'oldObject') ?? null
  return {
    group: text(resource, 'group') ?? '',
    version: text(resource, 'version') ?? '',
    resource: text(resource, 'resource') ?? '',
    subresource: text(request, 'requestSubResource') ?? text(request, 'subResource') ?? '',
    kind: text(kind, 'kind') ?? '',
    operation: text(request, 'operation') ?? '',
    namespace: text(request, 'namespace') ?? '',
    dryRun: field(request, 'dryRun') === true,
    namespaceLabels,
    labels: labelsOf(object),
    oldLabels: labelsOf(oldObject),
    object,
    oldObject,
    request: { ...request, kind, resource },
    unknown: [],
    finished: true,
  }
}

/** The creation of an object of a namespace, as it is written in a manifest or a template. */
export function creation(
  of: { group: string; version: string; resource: string; kind: string },
  known: {
    namespace: string
    namespaceLabels: KnownLabels | null
    labels: KnownLabels
    object: unknown
    creator?: Creator
  },
): AdmissionCall {
  const { group, version, resource, kind } = of
  return {
    ...of,
    ...known,
    subresource: '',
    operation: 'CREATE',
    dryRun: false,
    oldLabels: null,
    oldObject: null,
    request: {
      kind: { group, version, kind },
      resource: { group, version, resource },
      requestKind: { group, version, kind },
      requestResource: { group, version, resource },
      ...(known.namespace === '' ? {} : { namespace: known.namespace }),
      operation: 'CREATE',
      dryRun: false,
    },
    // A pod of a controller gets its name when it is made, and who asks is not written in a manifest.
    unknown: ['userInfo', 'options', 'name'],
    finished: false,
  }
}

function labelsOf(object: unknown): KnownLabels | null {
  return isFields(field(object, 'metadata')) ? allLabels(marks(object, 'metadata', 'labels')) : null
}

function known(request: Fields, first: string, second: string): Fields {
  return isFields(request[first]) ? request[first] : fields(request, second)
}
