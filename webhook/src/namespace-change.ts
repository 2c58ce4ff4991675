// SPDX-License-Identifier: Apache-2.0
// A namespace that is made or changed: would an ordinary new pod in it get its sidecar, and did it before?
// Asked of the same rules that judge pods, with a plain pod.

import { pardon, requirements, type Requirement } from '../../policies/src/index.ts'
import { coverageOf } from './coverage.ts'
import type { Fields } from './fields.ts'
import { findingOf, type Finding, type Hit } from './finding.ts'
import type { Knowledge, Objection } from './judge.ts'
import { meshNamed } from './meshes/index.ts'
import type { Mesh } from './meshes/mesh.ts'
import { namespaceOf, type Namespace } from './namespace.ts'
import { subjectOf } from './subject.ts'

const plainPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'any' },
  spec: { containers: [{ name: 'app', image: 'app' }] },
}

export function judgeNamespace(
  object: Fields,
  oldObject: Fields | null,
  known: Knowledge,
): { findings: Finding[]; objections: Objection[] } {
  const now = namespaceOf(object)
  const before = oldObject === null ? null : namespaceOf(oldObject)
  const findings: Finding[] = []
  const objections: Objection[] = []
  const key = `Namespace/${now.name}`
  const labels = Object.fromEntries(now.labels)
  for (const one of requirements(known.policies, { name: now.name, labels })) {
    for (const mesh of one.meshes.flatMap((name) => meshNamed(name, known.profiles) ?? [])) {
      const hit = bare(mesh, now, known)
      // An exemption of the whole namespace, not of some workloads in it.
      const all = { kind: 'Namespace', name: now.name, namespace: { name: now.name, labels } }
      if (hit === null || pardon(one.loaded, all, hit.id, known.today).holds) continue
      const drifted = before !== null && bare(mesh, before, known) === null
      const told: Hit = drifted
        ? { ...hit, id: 'ns-label-drift', message: `new pods lose their sidecar: ${hit.message}` }
        : hit
      const finding = findingOf(told, mesh.name, key)
      findings.push(finding)
      objections.push({ finding, mode: one.mode, policy: one.loaded.key, class: one.class })
    }
  }
  for (const { one, mesh } of before === null ? [] : left(before, now, known)) {
    const message = `the namespace leaves the class "${one.class}" of ${one.loaded.key}, so its pods need no sidecar any more`
    const finding = findingOf({ id: 'ns-label-drift', path: 'metadata.labels', message }, mesh, key)
    findings.push(finding)
    objections.push({ finding, mode: one.mode, policy: one.loaded.key, class: one.class })
  }
  return { findings, objections }
}

/** What was asked of the namespace before, and is not any more. */
function left(before: Namespace, now: Namespace, known: Knowledge) {
  const [was, is] = [before, now].map((namespace) => asked(namespace, known))
  return [...(was ?? [])].filter(([key]) => !is?.has(key)).map(([, one]) => one)
}

function asked({ name, labels }: Namespace, known: Knowledge) {
  const found = new Map<string, { one: Requirement; mesh: string }>()
  for (const one of requirements(known.policies, { name, labels: Object.fromEntries(labels) })) {
    for (const mesh of one.meshes) found.set(`${one.loaded.key} ${mesh}`, { one, mesh })
  }
  return found
}

function bare(mesh: Mesh, namespace: Namespace, known: Knowledge): Hit | null {
  const subject = subjectOf(plainPod, { namespace: namespace.name })
  if (subject === null) return null
  const coverage = coverageOf(mesh, subject, { ...known, namespace })
  return coverage.verdict === 'covered' ? null : (coverage.hits[0] ?? null)
}
