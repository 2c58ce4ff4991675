// SPDX-License-Identifier: Apache-2.0
// Findings that are known and not new: a file that is kept beside the manifests and reviewed like them.
// Only what it does not name fails a build.

import { isFields, list, text } from './fields.ts'
import { scanResult, type ScanResult } from './scan-result.ts'

export const baselineSchema = 'underpin.dev/baseline/v1'

export type Baseline = {
  schema: typeof baselineSchema
  findings: { fingerprint: string; id: string; mesh: string; object: string; path: string }[]
}

/** Sorted, so that two of them are easily compared. */
export function baselineOf({ findings }: ScanResult): Baseline {
  const rows = findings.map(({ fingerprint, id, mesh, object, path }) => {
    return { fingerprint, id, mesh, object, path }
  })
  const key = (row: Baseline['findings'][number]) =>
    [row.object, row.mesh, row.id, row.path, row.fingerprint].join('\n')
  return {
    schema: baselineSchema,
    findings: rows.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)),
  }
}

/** Null when it is not a baseline. */
export function readBaseline(words: string): Baseline | null {
  let read: unknown
  try {
    read = JSON.parse(words)
  } catch {
    return null
  }
  if (!isFields(read) || text(read, 'schema') !== baselineSchema) return null
  const rows = list(read, 'findings')
  const findings = rows.flatMap((row) => {
    const fingerprint = text(row, 'fingerprint')
    if (fingerprint === undefined) return []
    const word = (key: string) => text(row, key) ?? ''
    return [
      {
        fingerprint,
        id: word('id'),
        mesh: word('mesh'),
        object: word('object'),
        path: word('path'),
      },
    ]
  })
  // fail closed: half a baseline is none, and what it was to forgive is reported.
  return findings.length === rows.length ? { schema: baselineSchema, findings } : null
}

/** The same result with the known findings marked, and how many of the baseline are gone. */
export function against(
  result: ScanResult,
  baseline: Baseline,
): { result: ScanResult; gone: number } {
  const { documents, workloads, meshes } = result.summary
  const known = new Set(baseline.findings.map(({ fingerprint }) => fingerprint))
  const findings = result.findings.map((one) =>
    known.has(one.fingerprint) ? { ...one, known: true as const } : one,
  )
  const found = new Set(findings.map(({ fingerprint }) => fingerprint))
  const gone = [...known].filter((one) => !found.has(one)).length
  return { result: scanResult({ ...result, documents, workloads, meshes, findings }), gone }
}
