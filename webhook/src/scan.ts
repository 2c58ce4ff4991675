// SPDX-License-Identifier: Apache-2.0
// Manifests → what every workload among them is to each mesh, and every finding with its file and line.
// Namespaces, webhook configurations, meshes' own objects and CoveragePolicies among the inputs are what is
// known of the cluster. Pure: the same inputs give the same result, in the order of the inputs.

import type { LoadedCoverage } from '../../policies/src/index.ts'
import { besideFindings } from './beside.ts'
import { Judged } from './judged.ts'
import { readManifests, type Manifest, type Unread } from './manifests.ts'
import { sorted } from './scan-input.ts'
import { knowledgeOf, type KnowledgeOptions } from './scan-knowledge.ts'
import { scanResult, type ScanResult } from './scan-result.ts'
import type { TemplatePaths } from './template-paths.ts'

export type ScanOptions = KnowledgeOptions & {
  /** Policies that were loaded before, besides those among the documents. */
  policies?: readonly LoadedCoverage[]
  /** Of objects that name none. */
  namespace?: string
  /** Where further kinds keep their pod templates, by "Kind.group" or "Kind". */
  templates?: TemplatePaths
  /** Told every now and then how far it is. */
  progress?: (words: string) => void
}

/** So many files or workloads are some milliseconds. */
const between = 50

export function scan(
  documents: readonly { file: string; text: string }[],
  options: ScanOptions,
): ScanResult {
  const { manifests, unread } = manifestsOf(documents, options.progress)
  const input = sorted(manifests, options)
  const known = knowledgeOf(input, options)
  const { knowledge, objects, expected, problems } = known
  const judged = new Judged(known, input)
  for (const [at, one] of input.subjects.entries()) {
    if (at % between === 0) options.progress?.(`${at} of ${input.subjects.length} workloads judged`)
    judged.add(one)
  }
  const subjects = input.subjects.map(({ subject }) => subject)
  judged.addBesides(besideFindings(expected, { ...knowledge, objects, subjects }))
  const settings = problems.map(({ path, found, expected: wanted }): Unread => {
    return {
      file: '(mesh settings)',
      line: null,
      message: `${path}: found ${found}, expected ${wanted}`,
    }
  })
  return scanResult({
    ...input,
    meshes: [
      ...expected.map(({ name }) => name),
      ...judged.subjects.flatMap(({ mesh }) => mesh ?? []),
    ],
    subjects: judged.subjects,
    findings: judged.findings,
    unread: [...unread, ...input.unread, ...settings, ...judged.failed],
  })
}

export function manifestsOf(
  documents: readonly { file: string; text: string }[],
  progress?: (words: string) => void,
): { manifests: Manifest[]; unread: Unread[] } {
  const read = documents.map(({ file, text }, at) => {
    if (at % between === 0) progress?.(`${at} of ${documents.length} files read`)
    return readManifests(file, text)
  })
  const manifests = read.flatMap((one) => one.manifests)
  const unread = read.flatMap((one) => one.unread)
  const isNothing = !manifests.some(({ object }) => typeof object.kind === 'string')
  // An empty pipe is not a clean one.
  if (isNothing && unread.length === 0 && documents.length > 0) {
    const file = documents.map((one) => one.file).join(', ')
    const hint = file === '(stdin)' ? ' (did the command fail that writes it?)' : ''
    const message = `found no Kubernetes object, expected at least one${hint}`
    unread.push({ file, line: null, message })
  }
  return { manifests, unread }
}
