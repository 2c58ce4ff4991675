// SPDX-License-Identifier: Apache-2.0
// Does this policy select this subject: a container of a pod, a container nobody told the API server of, a host service.
import {
  cgroupMatches,
  componentsMatch,
  parseCgroupPattern,
  parseImagePattern,
} from './cgroup-pattern.ts'
import { evaluateSelection } from './expression.ts'
import type { Fault } from './expression-fault.ts'
import { textMatches } from './glob.ts'
import { namespaceLabels, selectorMatches, type Labels, type Namespace } from './labels.ts'
import { namespaceOf, type RuntimeLike } from './policy-key.ts'
import type { ClusterSelection, PodSelection } from './policy.gen.ts'

/** A pod's manifest; only what selection reads is named. */
export type Pod = {
  metadata?: { name?: string; labels?: Labels | undefined }
  [field: string]: unknown
}

export type Subject =
  | { scope: 'pod'; pod: Pod; namespace: Namespace; container?: string }
  | { scope: 'unmanaged'; name?: string; image?: string; cgroup: string }
  | { scope: 'host'; unit?: string; cgroup: string }

/** `fault` is why the policy's expression could not be evaluated; the subject counts as selected then. */
export type Selection = { selected: boolean; fault?: Fault }

export function selects(loaded: RuntimeLike, subject: Subject): boolean {
  return selection(loaded, subject).selected
}

/** The same, with what went wrong for the report. */
export function selection({ policy }: RuntimeLike, subject: Subject): Selection {
  const no = { selected: false }
  if (policy.kind === 'RuntimePolicy') {
    if (subject.scope !== 'pod' || subject.namespace.name !== namespaceOf(policy)) return no
    return podSelection(policy.spec.select ?? {}, subject)
  }
  const { scope, select = {} } = policy.spec
  if (scope !== subject.scope) return no
  switch (subject.scope) {
    case 'pod': {
      const { namespaces } = select
      const inside = !namespaces || selectorMatches(namespaces, namespaceLabels(subject.namespace))
      return inside ? podSelection(select, subject) : no
    }
    case 'unmanaged':
      return { selected: unmanagedSelected(select, subject) }
    case 'host':
      return { selected: hostSelected(select, subject) }
  }
}

function podSelection(select: PodSelection, subject: Subject & { scope: 'pod' }): Selection {
  const { pod, namespace, container } = subject
  if (select.pods && !selectorMatches(select.pods, pod.metadata?.labels ?? {}))
    return { selected: false }
  // fail closed: whoever does not know the container yet is told that the policy selects it.
  if (container !== undefined && select.containers && !select.containers.includes(container))
    return { selected: false }
  if (select.expression === undefined) return { selected: true }
  const outcome = evaluateSelection(select.expression, { pod, namespace })
  // fail closed: a pod that makes the expression fail must not escape the policy by that.
  return 'fault' in outcome
    ? { selected: true, fault: outcome.fault }
    : { selected: outcome.result }
}

/** Every field given must match; in a field one entry is enough. */
function unmanagedSelected(
  select: ClusterSelection,
  subject: Subject & { scope: 'unmanaged' },
): boolean {
  const { name, image, cgroup } = subject
  // fail closed: what is not known about a container cannot exclude it.
  return (
    (name === undefined || (select.names?.some((one) => textMatches(one, name)) ?? true)) &&
    (image === undefined ||
      (select.images?.some((one) => componentsMatch(parseImagePattern(one), image)) ?? true)) &&
    (select.cgroups?.some((one) => cgroupMatches(parseCgroupPattern(one), cgroup)) ?? true)
  )
}

/** Units and cgroups are two ways to name services, so one match among both is enough. */
function hostSelected(
  select: ClusterSelection,
  { unit, cgroup }: Subject & { scope: 'host' },
): boolean {
  const units = unit === undefined ? cgroup.split('/') : [unit]
  return (
    (select.units ?? []).some((one) => units.some((name) => textMatches(one, name))) ||
    (select.cgroups ?? []).some((one) => cgroupMatches(parseCgroupPattern(one), cgroup))
  )
}
