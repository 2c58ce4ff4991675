// SPDX-License-Identifier: Apache-2.0
// What the policies of a namespace make of something that is no workload: a connection into a pod, a container
// that joins it. Each mesh that is asked for is told for itself; exemptions count as they do for workloads.

import { pardon, requirements, type Labels } from '../../policies/src/index.ts'
import { findingOf, type Finding, type Hit } from './finding.ts'
import type { Knowledge, Objection } from './judge.ts'
import { unknownNamespace } from './namespace.ts'

export type Found = { findings: Finding[]; objections: Objection[] }

/** `objects`: policies take it as they take a workload that is not covered; else it is only reported. */
export type Told = { hit: Hit; objects: boolean }

export type About = {
  namespace: string
  /** As findings call it. */
  object: string
  /** What exemptions look at. Labels that are absent are not known, and match nothing. */
  workload: { kind: string; name: string; labels?: Labels }
}

export function byPolicy(
  known: Knowledge,
  { namespace, object, workload }: About,
  telling: (mesh: string) => readonly Told[],
): Found {
  const { name, labels } = known.namespaces.get(namespace) ?? unknownNamespace(namespace)
  const plain = { name, labels: Object.fromEntries(labels) }
  const findings: Finding[] = []
  const objections: Objection[] = []
  for (const one of requirements(known.policies, plain)) {
    for (const mesh of one.meshes) {
      for (const { hit, objects } of telling(mesh)) {
        const exempted = pardon(one.loaded, { ...workload, namespace: plain }, hit.id, known.today)
        if (exempted.holds) continue
        const finding = findingOf(hit, mesh, object)
        findings.push(finding)
        if (objects) {
          objections.push({ finding, mode: one.mode, policy: one.loaded.key, class: one.class })
        }
      }
    }
  }
  return { findings, objections }
}
