// SPDX-License-Identifier: Apache-2.0
// What a scan says, for programs: the shape of docs/scan.schema.json, and nothing else. Fields are added
// within v1, never renamed or removed.

import { severities, type Severity } from './catalogue.ts'
import type { CoverageVerdict } from './coverage.ts'
import type { Finding } from './finding.ts'
import type { Unread } from './manifests.ts'

export const scanSchema = 'underpin.dev/scan/v1'

export const verdicts: readonly CoverageVerdict[] = [
  'covered',
  'not-injected',
  'rejected',
  'blind',
  'cannot-be-covered',
  'exempted',
  'unknown',
]

export type ScannedSubject = {
  object: string
  /** Null: nothing says which mesh belongs here. */
  mesh: string | null
  verdict: CoverageVerdict
  reason: string | null
  assumed: string[]
  basis: 'verified' | 'predicted'
  /** Place of the pod template, where the object has several of them. */
  template?: string
  /** Of a cluster: the pods of this workload that are so; names of the first few. */
  pods?: { count: number; names: string[] }
  file?: string
  line?: number
}

export type ScannedFinding = Finding & {
  column?: number
  endColumn?: number
  /** The same for the same cause in the same object, wherever it is written. */
  fingerprint: string
  /** In the baseline: known before, and no reason to fail. */
  known?: true
  /** Of a cluster: how many pods of the workload have it. */
  pods?: number
}

export type ScanResult = {
  schema: typeof scanSchema
  summary: {
    documents: number
    workloads: number
    /** Those that were judged, or asked for. */
    meshes: string[]
    verdicts: Record<CoverageVerdict, number>
    findings: Record<Severity, number>
    /** Findings that are in the baseline; counted above as well. */
    known: number
    /** What could not be read: the result is incomplete. */
    unread: number
  }
  subjects: ScannedSubject[]
  findings: ScannedFinding[]
  unread: Unread[]
}

export type Gathered = {
  documents: number
  workloads: number
  meshes: Iterable<string>
  subjects: ScannedSubject[]
  findings: ScannedFinding[]
  unread: Unread[]
}

export function scanResult(gathered: Gathered): ScanResult {
  const { documents, workloads, subjects, findings, unread } = gathered
  const tally = <K extends string>(names: readonly K[], all: readonly K[]) =>
    Object.fromEntries(
      names.map((name) => [name, all.filter((one) => one === name).length]),
    ) as Record<K, number>
  return {
    schema: scanSchema,
    summary: {
      documents,
      workloads,
      meshes: [...new Set(gathered.meshes)],
      verdicts: tally(
        verdicts,
        subjects.map(({ verdict }) => verdict),
      ),
      findings: tally(
        severities,
        findings.map(({ severity }) => severity),
      ),
      known: findings.filter(({ known }) => known).length,
      unread: unread.length,
    },
    subjects,
    findings,
    unread,
  }
}
