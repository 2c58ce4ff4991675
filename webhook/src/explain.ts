// SPDX-License-Identifier: Apache-2.0
// One workload, gate by gate: every rule that was asked, what it was asked about, what it answered, and the
// one that decided. The rules tell it themselves while they judge; nothing is judged a second time here.

import { requirements } from '../../policies/src/index.ts'
import { rowsFor, type Exclusion } from './exclusions.ts'
import { Judged } from './judged.ts'
import { judge } from './judge.ts'
import type { Unread } from './manifests.ts'
import { unknownNamespace } from './namespace.ts'
import { sorted, type FoundSubject, type ScanInput } from './scan-input.ts'
import { knowledgeOf, type ScanKnowledge } from './scan-knowledge.ts'
import type { ScannedFinding, ScannedSubject } from './scan-result.ts'
import { manifestsOf, type ScanOptions } from './scan.ts'
import type { Step } from './step.ts'

export const explainSchema = 'underpin.dev/explain/v1'

export type ExplainedMesh = Pick<
  ScannedSubject,
  'mesh' | 'verdict' | 'reason' | 'basis' | 'assumed'
> & {
  steps: Step[]
  findings: ScannedFinding[]
}

export type Explanation = Pick<ScannedSubject, 'object' | 'template' | 'file' | 'line'> & {
  namespace: { name: string; known: boolean; labels: Record<string, string> }
  /** What policies ask of its namespace. */
  required: { policy: string; class: string; mode: string; meshes: string[] }[]
  /** Every exclusion and exemption that speaks of its namespace, those that are over included. */
  exclusions: Exclusion[]
  meshes: ExplainedMesh[]
  /** Of no mesh: failed checks of policies. */
  findings: ScannedFinding[]
}

export type ExplainResult = {
  schema: typeof explainSchema
  subjects: Explanation[]
  unread: Unread[]
}

/** `wanted`: which of the workloads; without it all of them. */
export function explain(
  documents: readonly { file: string; text: string }[],
  options: ScanOptions,
  wanted: (one: FoundSubject) => boolean = () => true,
): ExplainResult {
  const { manifests, unread } = manifestsOf(documents)
  const input = sorted(manifests, options)
  const known = knowledgeOf(input, options)
  const subjects = input.subjects.filter(wanted).map((found) => explanationOf(found, known, input))
  return { schema: explainSchema, subjects, unread: [...unread, ...input.unread] }
}

export function explanationOf(
  found: FoundSubject,
  known: Omit<ScanKnowledge, 'problems'>,
  input: Pick<ScanInput, 'manifestOf'>,
): Explanation {
  const { subject } = found
  const knowledge = known.knownIn(subject.namespace)
  const around = { oldObject: null, request: null, ownerTrusted: true, explain: true }
  const { coverages } = judge(subject, knowledge, around)
  // Rows and findings as the scan has them, places included.
  const judged = new Judged(known, input)
  judged.add(found)
  const [row] = judged.subjects
  const namespace =
    knowledge.namespaces.get(subject.namespace) ?? unknownNamespace(subject.namespace)
  const labels = Object.fromEntries(namespace.labels)
  const asked = requirements(knowledge.policies, { name: namespace.name, labels })
  const { template, file, line } = row ?? {}
  return {
    object: row?.object ?? '',
    ...(template === undefined ? {} : { template }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    namespace: { name: namespace.name, known: namespace.known, labels },
    required: asked.map((one) => ({
      policy: one.loaded.key,
      class: one.class,
      mode: one.mode,
      meshes: one.meshes,
    })),
    exclusions: rowsFor(namespace, {}, knowledge.policies, knowledge.today),
    meshes: judged.subjects.map(({ mesh, verdict, reason, basis, assumed }) => ({
      mesh,
      verdict,
      reason,
      basis,
      assumed,
      steps: coverages.find((one) => one.mesh === mesh)?.steps ?? [],
      findings: judged.findings.filter((one) => one.mesh === (mesh ?? '')),
    })),
    findings: judged.findings.filter(
      (one) => one.mesh === '' && judged.subjects.every(({ mesh }) => mesh !== null),
    ),
  }
}
