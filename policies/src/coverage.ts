// SPDX-License-Identifier: Apache-2.0
// What coverage policies ask of a namespace, and whether a workload is exempted today.
import { textMatches } from './glob.ts'
import { namespaceLabels, selectorMatches, type Labels, type Namespace } from './labels.ts'
import { byKey, type Loaded } from './policy-key.ts'
import type { CoveragePolicy, Exemption, NamespaceClass, WorkloadSelection } from './policy.gen.ts'

export type Workload = {
  kind: string
  name: string
  labels?: Labels | undefined
  namespace: Namespace
}

/** What one policy asks of a namespace. Several policies may ask; each is answered for itself. */
export type Requirement = {
  loaded: Loaded<CoveragePolicy>
  /** Name of the namespace class. */
  class: string
  mode: NamespaceClass['mode']
  meshes: string[]
}

/** In order of their keys; policies that do not govern the namespace are left out. */
export function requirements(
  policies: readonly Loaded<CoveragePolicy>[],
  namespace: Namespace,
): Requirement[] {
  return policies.toSorted(byKey).flatMap((loaded) => {
    const { spec } = loaded.policy
    const found = spec.namespaces.find(({ select }) =>
      selectorMatches(select.namespaces, namespaceLabels(namespace)),
    )
    if (!found) return []
    return [{ loaded, class: found.name, mode: found.mode, meshes: found.meshes ?? spec.meshes }]
  })
}

/** The first exemption that forgives this finding to this workload on this day (as in 2030-03-31, UTC). */
export function exemption(
  loaded: Loaded<CoveragePolicy>,
  workload: Workload,
  finding: string,
  today: string,
): Exemption | undefined {
  return pardon(loaded, workload, finding, today).holds
}

export type Pardon = {
  holds: Exemption | undefined
  /** Would hold, and its last day is over; the one that ended last. */
  expired: Exemption | undefined
}

/** Days compare as text. An exemption holds to the end of its last day in UTC, and not a moment longer. */
export function pardon(
  { policy }: Loaded<CoveragePolicy>,
  workload: Workload,
  finding: string,
  today: string,
): Pardon {
  const fitting = (policy.spec.exemptions ?? []).filter(
    (one) =>
      (!one.findings || one.findings.includes(finding)) &&
      exemptionSelects(one, workload.namespace) &&
      (!one.workloads || workloadMatches(one.workloads, workload)),
  )
  // fail closed: from the day after, the exemption is as if it were not written.
  const holds = fitting.find(({ expires }) => today <= expires)
  const expired = holds ? [] : fitting.toSorted((a, b) => (a.expires < b.expires ? 1 : -1))
  return { holds, expired: expired[0] }
}

/** Does the exemption speak of this namespace, or of some workload in it? */
export function exemptionSelects({ namespaces }: Exemption, namespace: Namespace): boolean {
  return !namespaces || selectorMatches(namespaces, namespaceLabels(namespace))
}

function workloadMatches({ kinds, names, labels }: WorkloadSelection, workload: Workload): boolean {
  return (
    (kinds?.includes(workload.kind) ?? true) &&
    (names?.some((name) => textMatches(name, workload.name)) ?? true) &&
    // fail closed: labels that are not known are not the ones that were asked for.
    (!labels || (workload.labels !== undefined && selectorMatches(labels, workload.labels)))
  )
}
