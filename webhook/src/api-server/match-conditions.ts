// SPDX-License-Identifier: Apache-2.0
// The matchConditions of a webhook, once rules and selectors fit (kubernetes
// staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go, the same in 1.34–1.36):
// all of them are evaluated; one that is false skips the webhook whatever the others say, and only without such a
// one an error counts, by the failurePolicy.

import { evaluateCondition } from '../../../policies/src/index.ts'
import { isFields } from '../fields.ts'
import { asAdmitted } from './admitted-object.ts'
import type { AdmissionCall } from './call.ts'
import type { MatchCondition } from '../injectors.ts'
import type { Equivalent } from './equivalents.ts'

export type Conditions =
  | { holds: true }
  | { holds: false; condition: string }
  /** `open`: another condition, which may be false, and then the error does not count. */
  | { error: string; condition: string; open: Open | null }
  | Open

type Open = { unknown: string; condition: string }

export function askConditions(
  conditions: readonly MatchCondition[],
  call: AdmissionCall,
  as: Equivalent | null,
): Conditions {
  // The object is the converted one, and of the request only its kind is: request.resource stays as it was asked for.
  const request = as === null ? call.request : { ...call.request, kind: as.kind }
  // A Namespace is in none, though its requests name it.
  const namespace = call.resource === 'namespaces' ? '' : call.namespace
  const admitted = asAdmitted(call.object, namespace, call.labels?.known)
  const [object, oldObject] = [converted(admitted, as), converted(call.oldObject, as)]
  const { unknown } = call
  let error: { error: string; condition: string } | null = null
  let open: Open | null = null
  for (const { name, expression } of conditions) {
    const outcome = evaluateCondition(expression, { object, oldObject, request, unknown })
    if ('unknown' in outcome) open ??= { unknown: outcome.unknown, condition: name }
    else if ('error' in outcome) error ??= { error: outcome.error.message, condition: name }
    else if (!outcome.result) return { holds: false, condition: name }
  }
  if (error !== null) return { ...error, open }
  return open ?? { holds: true }
}

/** As far as we can: the fields of another version may have other names, which the caller says is assumed not to matter. */
function converted(object: unknown, as: Equivalent | null): unknown {
  if (as === null || !isFields(object)) return object
  const { group, version, kind } = as.kind
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind }
}
