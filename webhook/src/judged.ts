// SPDX-License-Identifier: Apache-2.0
// Collects verdicts and findings of a scan, each with its place. Pods of one workload that are alike are one
// row with their number: a cluster has ten thousand pods of a few hundred workloads.

import { reasonOf } from '../../runtime/src/index.ts'
import type { Fields } from './fields.ts'
import { findingOf, type Finding } from './finding.ts'
import { Fingerprints } from './fingerprint.ts'
import { judge, type Judgement } from './judge.ts'
import type { Manifest, Unread } from './manifests.ts'
import type { FoundSubject, ScanInput } from './scan-input.ts'
import type { ScanKnowledge } from './scan-knowledge.ts'
import type { ScannedFinding, ScannedSubject } from './scan-result.ts'
import { subjectKey } from './subject.ts'

type Known = Pick<ScanKnowledge, 'knownIn'>
type Place = { manifest: Manifest | undefined; holder: unknown; path: string }

const namesShown = 5

export class Judged {
  readonly subjects: ScannedSubject[] = []
  readonly findings: ScannedFinding[] = []
  /** Workloads that could not be judged: a defect of ours. */
  readonly failed: Unread[] = []
  readonly #fingerprints = new Fingerprints()
  readonly #rows = new Map<string, ScannedSubject>()
  readonly #told = new Map<string, ScannedFinding>()
  readonly #scan: Known
  readonly #input: Pick<ScanInput, 'manifestOf'>

  constructor(scan: Known, input: Pick<ScanInput, 'manifestOf'>) {
    this.#scan = scan
    this.#input = input
  }

  /** `workload`: the pod is one of many of "Deployment/shop/cart". */
  add({ subject, manifest }: FoundSubject, workload?: string): void {
    const object = workload ?? subjectKey(subject)
    const judgement = this.#judge({ subject, manifest })
    if (judgement === null) return
    const { coverages, findings } = judgement
    const pod = workload === undefined ? null : subject.name
    const more = { ...templateOf(subject.pod.prefix), ...placeOf(manifest) }
    const basis = subject.finished ? 'verified' : 'predicted'
    if (coverages.length === 0) {
      const message = 'nothing among the inputs says that a mesh belongs here'
      const assumed = [
        `${message} (no CoveragePolicy, label, annotation, sidecar or webhook of one)`,
      ]
      const reason = 'no-mesh'
      const row = { object, mesh: null, verdict: 'unknown', reason, assumed, basis } as const
      this.#addRow({ ...row, ...more }, pod)
      const finding = findingOf({ id: reason, path: '', message }, '', object)
      this.#tell(finding, { manifest, holder: manifest.object, path: '' }, pod)
    }
    for (const { mesh, verdict, reason, basis, assumed } of coverages) {
      this.#addRow({ object, mesh, verdict, reason, assumed, basis, ...more }, pod)
    }
    const { namespaces } = this.#scan.knownIn(subject.namespace)
    const namespace = namespaces.get(subject.namespace)
    const around = namespace === undefined ? undefined : this.#input.manifestOf.get(namespace)
    for (const finding of findings) {
      const { path } = finding
      const inNamespace = path.startsWith('namespace.')
      const place: Place = !inNamespace
        ? { manifest, holder: manifest.object, path }
        : around === undefined
          ? { manifest, holder: undefined, path: '' }
          : { manifest: around, holder: around.object, path: path.slice('namespace.'.length) }
      this.#tell({ ...finding, object }, place, pod)
    }
  }

  #judge({ subject, manifest }: FoundSubject): Judgement | null {
    try {
      return judge(subject, this.#scan.knownIn(subject.namespace))
    } catch (error) {
      // fail closed: what one workload breaks is told, the others are judged, and the result is incomplete.
      const message = `${subjectKey(subject)} could not be judged, a defect of underpin (please report it): ${reasonOf(error)}`
      this.failed.push({ file: manifest.file, line: placeOf(manifest).line ?? null, message })
      return null
    }
  }

  addBesides(found: readonly { finding: Finding; object: { object: Fields } }[]): void {
    for (const { finding, object } of found) {
      const manifest = this.#input.manifestOf.get(object.object)
      this.#tell(finding, { manifest, holder: object.object, path: finding.path }, null)
    }
  }

  #addRow(row: ScannedSubject, pod: string | null): void {
    if (pod === null) {
      this.subjects.push(row)
      return
    }
    const { object, mesh, verdict, reason, basis, assumed } = row
    const key = JSON.stringify([object, mesh, verdict, reason, basis, assumed])
    const known = this.#rows.get(key)
    if (known?.pods === undefined) {
      const first = { ...row, pods: { count: 1, names: [pod] } }
      this.#rows.set(key, first)
      this.subjects.push(first)
      return
    }
    known.pods.count += 1
    if (known.pods.names.length < namesShown) known.pods.names.push(pod)
  }

  #tell(finding: Finding, { manifest, holder, path }: Place, pod: string | null): void {
    const { id, mesh, object, message } = finding
    const key = pod === null ? '' : JSON.stringify([id, mesh, object, finding.path, message])
    const known = this.#told.get(key)
    if (known?.pods !== undefined) {
      known.pods += 1
      return
    }
    const fingerprint = this.#fingerprints.of({ ...finding, path }, holder)
    const told: ScannedFinding = { ...finding, ...regionOf(manifest, path), fingerprint }
    if (pod !== null) {
      told.pods = 1
      this.#told.set(key, told)
    }
    this.findings.push(told)
  }
}

/** Named only where a kind holds several templates. */
function templateOf(prefix: string): { template?: string } {
  return /\[|^spec\.(leader|head|worker)/.test(prefix) ? { template: prefix.slice(0, -1) } : {}
}

/** Where the object begins. */
function placeOf(manifest: Manifest): { file?: string; line?: number } {
  const { file, line } = regionOf(manifest, '')
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) }
}

function regionOf(
  manifest: Manifest | undefined,
  path: string,
): { file?: string; line?: number; column?: number; endColumn?: number } {
  const place = manifest?.placeOf(path) ?? null
  return manifest === undefined || place === null ? {} : { file: manifest.file, ...place }
}
