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
  { policy }: Loaded<CoveragePolicy>,
  workload: Workload,
  finding: string,
  today: string,
): Exemption | undefined {
  return policy.spec.exemptions?.find(
    ({ namespaces, workloads, findings, expires }) =>
      // fail closed: from the day after, the exemption is as if it were not written.
      today <= expires &&
      (!findings || findings.includes(finding)) &&
      (!namespaces || selectorMatches(namespaces, namespaceLabels(workload.namespace))) &&
      (!workloads || workloadMatches(workloads, workload)),
  )
}

function workloadMatches({ kinds, names, labels }: WorkloadSelection, workload: Workload): boolean {
  return (
    (kinds?.includes(workload.kind) ?? true) &&
    (names?.some((name) => textMatches(name, workload.name)) ?? true) &&
    (!labels || selectorMatches(labels, workload.labels ?? {}))
  )
}
