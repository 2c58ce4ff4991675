// SPDX-License-Identifier: Apache-2.0
// One workload → how each mesh covers it, every finding, and what the policies make of it.
// Pure: the day comes in, nothing is looked up. The webhook and the scan both end here.

import {
  evaluateCheck,
  exemption,
  requirements,
  type CoverageMode,
  type LoadedCoverage,
  type Requirement,
} from '../../policies/src/index.ts'
import { effectOf } from './catalogue.ts'
import { coverageOf, type Coverage } from './coverage.ts'
import { findingOf, type Finding, type Hit } from './finding.ts'
import type { Injector } from './injectors.ts'
import { meshes, meshNamed } from './meshes/index.ts'
import type { MeshSettings } from './meshes/mesh.ts'
import { unknownNamespace, type Namespace } from './namespace.ts'
import { subjectKey, type Subject } from './subject.ts'

/** Everything that is known when a workload is judged. */
export type Knowledge = {
  policies: readonly LoadedCoverage[]
  namespaces: ReadonlyMap<string, Namespace>
  injectors: readonly Injector[]
  settings: Readonly<Record<string, MeshSettings>>
  /** Meshes expected everywhere, besides those of policies and those that the workload speaks of. */
  expected: readonly string[]
  /** The day in UTC, as in 2030-03-31. */
  today: string
}

/** What a CEL check may see besides the object. */
export type Circumstances = { oldObject: unknown; request: unknown; ownerTrusted: boolean }

/** A finding that a policy does not forgive, and how that policy takes it. */
export type Objection = { finding: Finding; mode: CoverageMode; policy: string; class: string }

export type Judgement = {
  subject: Subject
  coverages: Coverage[]
  findings: Finding[]
  objections: Objection[]
}

export function judge(
  subject: Subject,
  known: Knowledge,
  around: Circumstances = { oldObject: null, request: null, ownerTrusted: true },
): Judgement {
  // fail open: a namespace that is not known has no labels but its name, so a policy that selects by
  // other labels does not govern it; the verdict lists what was assumed.
  const namespace = known.namespaces.get(subject.namespace) ?? unknownNamespace(subject.namespace)
  const plain = { name: namespace.name, labels: Object.fromEntries(namespace.labels) }
  const required = requirements(known.policies, plain)
  const coverages = meshesFor(subject, namespace, required, known).map((name): Coverage => {
    const mesh = meshNamed(name)
    if (mesh === null) return notKnown(name, subject)
    return coverageOf(mesh, subject, { ...known, namespace })
  })
  const key = subjectKey(subject)
  const findings: Finding[] = []
  const objections: Objection[] = []
  for (const coverage of coverages) {
    const asking = required.filter((one) => one.meshes.includes(coverage.mesh))
    const open = coverage.hits.map((hit) => findingOf(hit, coverage.mesh, key))
    const forgiven = new Set<Finding>()
    for (const one of asking) {
      for (const finding of open) {
        const pardon = pardonOf(one, finding, subject, plain, known.today, around.ownerTrusted)
        if (pardon.holds) forgiven.add(finding)
        else if (isUncovered(finding)) objections.push(objection(finding, one, one.mode))
        if (pardon.expired !== null) findings.push(expiredFinding(pardon.expired, finding, one))
      }
    }
    const objected = new Set(objections.map((one) => one.finding))
    findings.push(...open.filter((one) => !forgiven.has(one) || objected.has(one)))
    const left = open.filter((one) => isUncovered(one) && (!forgiven.has(one) || objected.has(one)))
    if (coverage.verdict !== 'covered' && left.length === 0) coverage.verdict = 'exempted'
  }
  for (const one of required) {
    const failed = failedChecks(one, subject, plain, coverages, around)
    for (const { finding, mode } of failed) {
      if (pardonOf(one, finding, subject, plain, known.today, around.ownerTrusted).holds) continue
      findings.push(finding)
      objections.push(objection(finding, one, mode))
    }
  }
  return { subject, coverages, findings, objections }
}

function meshesFor(
  subject: Subject,
  namespace: Namespace,
  required: readonly Requirement[],
  known: Knowledge,
): string[] {
  const asked = required.flatMap((one) => one.meshes)
  // A policy says which mesh belongs here; without one, what is there says it.
  const found = asked.length > 0 ? asked : [...known.expected, ...mentioned(subject, namespace)]
  return [...new Set(found)]
}

function mentioned(subject: Subject, namespace: Namespace): string[] {
  return meshes.filter((mesh) => mesh.mentionedBy(subject, namespace)).map((mesh) => mesh.name)
}

function notKnown(mesh: string, subject: Subject): Coverage {
  const hit: Hit = {
    id: 'mesh-not-known',
    path: subject.pod.prefix + 'spec',
    message: `the policy asks for the mesh "${mesh}", which this build does not know`,
  }
  return { mesh, verdict: 'unknown', reason: hit.id, basis: 'predicted', hits: [hit], assumed: [] }
}

function isUncovered(finding: Finding): boolean {
  return effectOf(finding.id as Hit['id']) !== 'risk'
}

function objection(finding: Finding, by: Requirement, mode: CoverageMode): Objection {
  return { finding, mode, policy: by.loaded.key, class: by.class }
}

type PlainNamespace = { name: string; labels: Record<string, string> }
type Exempted = NonNullable<ReturnType<typeof exemption>>

function pardonOf(
  by: Requirement,
  finding: Finding,
  subject: Subject,
  namespace: PlainNamespace,
  today: string,
  ownerTrusted: boolean,
): { holds: boolean; expired: Exempted | null } {
  // fail closed: who creates a pod can write any owner into it; only a controller's word is taken.
  const { kind, name } = ownerTrusted ? subject.owner : subject
  const workload = { kind, name, labels: Object.fromEntries(subject.pod.labels), namespace }
  if (exemption(by.loaded, workload, finding.id, today) !== undefined) {
    return { holds: true, expired: null }
  }
  // On the first day of all no exemption is over: one that holds then, and not today, has expired.
  const once = exemption(by.loaded, workload, finding.id, '0000-01-01')
  return { holds: false, expired: once ?? null }
}

function expiredFinding(expired: Exempted, finding: Finding, by: Requirement): Finding {
  const hit: Hit = {
    id: 'exemption-expired',
    path: finding.path,
    message: `the exemption of ${expired.owner} for "${finding.id}" ended on ${expired.expires} (${by.loaded.key})`,
  }
  return findingOf(hit, finding.mesh, finding.object)
}

function failedChecks(
  by: Requirement,
  subject: Subject,
  namespace: PlainNamespace,
  coverages: readonly Coverage[],
  around: Circumstances,
): { finding: Finding; mode: CoverageMode }[] {
  const { checks = [] } = by.loaded.policy.spec
  if (checks.length === 0) return []
  const predictions = Object.fromEntries(
    coverages.map(({ mesh, verdict, reason }) => [mesh, { verdict, reason: reason ?? '' }]),
  )
  const { oldObject, request } = around
  return checks.flatMap(({ name, expression, message, mode }) => {
    const outcome = evaluateCheck(expression, {
      object: subject.object,
      oldObject,
      request,
      namespace,
      predictions,
    })
    if ('result' in outcome && outcome.result) return []
    // fail closed: a check that cannot be evaluated did not pass.
    const why = 'fault' in outcome ? ` (not evaluated: ${outcome.fault.message})` : ''
    const finding: Finding = {
      id: name,
      mesh: '',
      object: subjectKey(subject),
      path: '',
      severity: 'high',
      message: message + why,
      remedy: `satisfy the check "${name}" of ${by.loaded.key}`,
    }
    return [{ finding, mode: mode ?? by.mode }]
  })
}
