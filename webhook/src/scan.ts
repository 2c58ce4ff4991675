// SPDX-License-Identifier: Apache-2.0
// Manifests → what every workload among them is to each mesh, and every finding with its file and line.
// Namespaces, webhook configurations and CoveragePolicies among the inputs are what is known of the cluster.
// Pure: text in, result out. The same inputs give the same result, in the order of the inputs.

import { isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import type { CoverageVerdict } from './coverage.ts'
import { text } from './fields.ts'
import { findingOf, severities, type Finding, type Severity } from './finding.ts'
import { injectorsOf, type Injector } from './injectors.ts'
import { judge, type Knowledge } from './judge.ts'
import { readManifests, type Manifest, type Unread } from './manifests.ts'
import { meshes } from './meshes/index.ts'
import type { MeshSettings } from './meshes/mesh.ts'
import { namespaceOf, type Namespace } from './namespace.ts'
import { subjectKey, subjectOf, type Subject } from './subject.ts'

export type ScanOptions = {
  /** The day in UTC, as in 2030-03-31. */
  today: string
  /** Policies that were loaded before, besides those among the documents. */
  policies?: readonly LoadedCoverage[]
  /** Meshes expected for every workload, whether anything speaks of them or not. */
  meshes?: readonly string[]
  settings?: Readonly<Record<string, MeshSettings>>
}

export type ScannedSubject = {
  object: string
  mesh: string | null
  verdict: CoverageVerdict
  reason: string | null
  basis: 'verified' | 'predicted'
  assumed: string[]
}

export type ScanResult = {
  schema: 'underpin.dev/scan/v1'
  summary: {
    documents: number
    workloads: number
    verdicts: Record<CoverageVerdict, number>
    findings: Record<Severity, number>
    /** Documents that could not be read: the result is incomplete. */
    unread: number
  }
  subjects: ScannedSubject[]
  findings: Finding[]
  unread: Unread[]
}

type Found = { subject: Subject; manifest: Manifest }

export function scan(
  documents: readonly { file: string; text: string }[],
  options: ScanOptions,
): ScanResult {
  const manifests: Manifest[] = []
  const unread: Unread[] = []
  for (const { file, text } of documents) {
    const read = readManifests(file, text)
    manifests.push(...read.manifests)
    unread.push(...read.unread)
  }
  const subjects: Found[] = []
  const namespaces = new Map<string, Namespace>()
  const injectors: Injector[] = []
  const policies: LoadedCoverage[] = [...(options.policies ?? [])]
  const lineOf = new Map<Namespace, Manifest>()
  for (const manifest of manifests) {
    const { object } = manifest
    const kind = text(object, 'kind') ?? ''
    if (kind === 'Namespace') {
      const namespace = namespaceOf(object)
      namespaces.set(namespace.name, namespace)
      lineOf.set(namespace, manifest)
    } else if (kind === 'MutatingWebhookConfiguration') injectors.push(...injectorsOf(object))
    else if (kind === 'CoveragePolicy') readPolicy(manifest, policies, unread)
    else {
      const subject = subjectOf(object)
      if (subject !== null) subjects.push({ subject, manifest })
    }
  }
  const known: Knowledge = {
    policies,
    namespaces,
    injectors,
    settings: options.settings ?? {},
    expected: [
      ...new Set([...(options.meshes ?? []), ...present(subjects, namespaces, injectors)]),
    ],
    today: options.today,
  }
  const result = empty(manifests.length, subjects.length, unread)
  for (const one of subjects) add(result, one, known, lineOf)
  for (const { verdict } of result.subjects) result.summary.verdicts[verdict] += 1
  for (const { severity } of result.findings) result.summary.findings[severity] += 1
  return result
}

/** A mesh that anything among the inputs speaks of is expected of every workload among them. */
function present(
  subjects: readonly Found[],
  namespaces: ReadonlyMap<string, Namespace>,
  injectors: readonly Injector[],
): string[] {
  return meshes
    .filter(
      (mesh) =>
        injectors.some((one) => mesh.isInjector(one.name)) ||
        [...namespaces.values()].some((one) => mesh.mentionedBy(null, one)) ||
        subjects.some(({ subject }) => mesh.mentionedBy(subject, null)),
    )
    .map((mesh) => mesh.name)
}

function add(
  result: ScanResult,
  { subject, manifest }: Found,
  known: Knowledge,
  manifestOf: ReadonlyMap<Namespace, Manifest>,
): void {
  const judgement = judge(subject, known)
  const object = subjectKey(subject)
  if (judgement.coverages.length === 0) {
    const message = 'nothing among the inputs says that a mesh belongs here'
    const basis = subject.finished ? 'verified' : 'predicted'
    const assumed = [`${message}: no CoveragePolicy, label, annotation, sidecar or webhook of one`]
    result.subjects.push({
      object,
      mesh: null,
      verdict: 'unknown',
      reason: 'no-mesh',
      basis,
      assumed,
    })
    const hit = findingOf({ id: 'no-mesh', path: '', message }, '', object)
    result.findings.push({ ...hit, ...placeOf(manifest, '') })
  }
  for (const { mesh, verdict, reason, basis, assumed } of judgement.coverages) {
    result.subjects.push({ object, mesh, verdict, reason, basis, assumed })
  }
  const namespace = known.namespaces.get(subject.namespace)
  const namespaceManifest = namespace === undefined ? undefined : manifestOf.get(namespace)
  for (const finding of judgement.findings) {
    const ofNamespace = finding.path.startsWith('namespace.')
    const place =
      ofNamespace && namespaceManifest !== undefined
        ? placeOf(namespaceManifest, finding.path.slice('namespace.'.length))
        : placeOf(manifest, ofNamespace ? '' : finding.path)
    result.findings.push({ ...finding, ...place })
  }
}

function placeOf(manifest: Manifest, path: string): { file: string; line?: number } {
  const line = manifest.lineOf(path)
  return line === null ? { file: manifest.file } : { file: manifest.file, line }
}

/** A policy with problems is not used, and the result says that it is incomplete. */
function readPolicy(manifest: Manifest, policies: LoadedCoverage[], unread: Unread[]): void {
  const { file, line } = manifest
  const loaded = load([{ file, text: JSON.stringify(manifest.object) }])
  for (const { path, message } of loaded.problems) {
    unread.push({ file, line: manifest.lineOf(path) ?? line, message: `${path}: ${message}` })
  }
  if (loaded.problems.length > 0) return
  policies.push(
    ...loaded.policies.filter(isCoverage).map((one) => ({ ...one, file, line: line ?? 1 })),
  )
}

function empty(documents: number, workloads: number, unread: Unread[]): ScanResult {
  return {
    schema: 'underpin.dev/scan/v1',
    summary: {
      documents,
      workloads,
      verdicts: {
        covered: 0,
        'not-injected': 0,
        rejected: 0,
        blind: 0,
        'cannot-be-covered': 0,
        exempted: 0,
        unknown: 0,
      },
      findings: Object.fromEntries(severities.map((one) => [one, 0])) as Record<Severity, number>,
      unread: unread.length,
    },
    subjects: [],
    findings: [],
    unread,
  }
}
