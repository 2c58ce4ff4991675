// SPDX-License-Identifier: Apache-2.0
// One workload → how each mesh covers it, every finding, and what the policies make of it.
// Pure: the day comes in, nothing is looked up. The webhook and the scan both end here.

import {
  allowance,
  evaluateCheck,
  exemption,
  requirements,
  type Allowance,
  type CoverageMode,
  type LoadedCoverage,
  type Requirement,
} from '../../policies/src/index.ts'
import type { ClusterObjects } from './cluster-objects.ts'
import { coverageOf, type Coverage } from './coverage.ts'
import { text, texts } from './fields.ts'
import { effectOf, findingOf, type Finding, type Hit } from './finding.ts'
import type { Injector } from './injectors.ts'
import { meshes, meshNamed } from './meshes/index.ts'
import type { Mesh, MeshSettings, Requester } from './meshes/mesh.ts'
import { unknownNamespace, type Namespace } from './namespace.ts'
import { subjectKey, type Subject } from './subject.ts'

/** Everything that is known when a workload is judged. */
export type Knowledge = {
  policies: readonly LoadedCoverage[]
  namespaces: ReadonlyMap<string, Namespace>
  injectors: readonly Injector[]
  /** By the name of the mesh: what resolveSettings made of the given ones and of the objects. */
  settings: Readonly<Record<string, MeshSettings>>
  /** Other objects of the cluster, as the meshes read them. */
  objects?: ClusterObjects
  /** Meshes of the user's own, from profile files. */
  profiles?: readonly Mesh[]
  /** Meshes expected everywhere, besides those of policies and those that the workload speaks of. */
  expected: readonly string[]
  /** The day in UTC, as in 2030-03-31. */
  today: string
}

/** What a CEL check may see besides the object. */
export type Circumstances = {
  oldObject: unknown
  request: unknown
  ownerTrusted: boolean
  /** What checks may spend; several judgements of one request share it. */
  allowance?: Allowance
  /** Tell every rule that was asked, in Coverage.steps. */
  explain?: boolean
}

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
    const mesh = meshNamed(name, known.profiles)
    if (mesh === null) return notKnown(name, subject)
    const requester = requesterOf(around.request)
    const explain = around.explain === true
    const { ownerTrusted } = around
    const further = { namespace, requester, explain, ownerTrusted }
    return coverageOf(mesh, subject, { ...known, ...further })
  })
  bothInject(subject, coverages, known)
  const key = subjectKey(subject)
  const findings: Finding[] = []
  const objections: Objection[] = []
  for (const coverage of coverages) {
    const asking = required.filter((one) =>
      one.meshes.some((name) => inChargeOf(name, subject, namespace, known) === coverage.mesh),
    )
    const uncovering = new Set<Finding>()
    const open = coverage.hits.map((hit) => {
      const finding = findingOf(hit, coverage.mesh, key)
      if (effectOf(hit) !== 'risk') uncovering.add(finding)
      return finding
    })
    const forgiven = new Set<Finding>()
    for (const one of asking) {
      for (const finding of open) {
        const pardon = pardonOf(one, finding, subject, plain, known.today, around.ownerTrusted)
        if (pardon.holds) forgiven.add(finding)
        else if (uncovering.has(finding)) objections.push(objection(finding, one, one.mode))
        if (pardon.expired !== null) findings.push(expiredFinding(pardon.expired, finding, one))
      }
    }
    const objected = new Set(objections.map((one) => one.finding))
    findings.push(...open.filter((one) => !forgiven.has(one) || objected.has(one)))
    const left = open.filter(
      (one) => uncovering.has(one) && (!forgiven.has(one) || objected.has(one)),
    )
    if (coverage.verdict !== 'covered' && left.length === 0) coverage.verdict = 'exempted'
  }
  const shared = around.allowance ?? allowance()
  for (const one of required) {
    const failed = failedChecks(one, subject, plain, coverages, { ...around, allowance: shared })
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
  const found =
    asked.length > 0 ? asked : [...known.expected, ...mentioned(subject, namespace, known)]
  return [...new Set(found.map((name) => inChargeOf(name, subject, namespace, known)))]
}

/**
 * Two redirects in one pod: which of them wins hangs on the order of the injectors, so both are told. A mesh that
 * nobody expects here counts as well, when the pod or its namespace speaks of it.
 */
function bothInject(subject: Subject, coverages: readonly Coverage[], known: Knowledge): void {
  const capturing = coverages.filter((one) => redirects(one, known))
  if (capturing.length === 0) return
  const namespace = known.namespaces.get(subject.namespace) ?? unknownNamespace(subject.namespace)
  const judged = new Set(coverages.map(({ mesh }) => mesh))
  const further = mentioned(subject, namespace, known).flatMap((name) => {
    const mesh = meshNamed(name, known.profiles)
    const isOther = mesh !== null && name === inChargeOf(name, subject, namespace, known)
    if (!isOther || judged.has(name) || mesh.checks.length === 0) return []
    const coverage = coverageOf(mesh, subject, { ...known, namespace })
    return redirects(coverage, known) ? [name] : []
  })
  const names = [...capturing.map(({ mesh }) => mesh), ...further]
  for (const coverage of capturing) {
    const others = names.filter((name) => name !== coverage.mesh)
    if (others.length === 0) continue
    coverage.hits.push({
      id: 'cross-mesh-collision',
      path: `${subject.pod.prefix}spec.containers`,
      message: `${coverage.mesh} and ${others.join(' and ')} both redirect the traffic of this pod`,
      effect: 'risk',
    })
  }
}

function redirects({ mesh: name, verdict }: Coverage, known: Knowledge): boolean {
  const mesh = meshNamed(name, known.profiles)
  return mesh !== null && mesh.checks.length > 0 && (verdict === 'covered' || verdict === 'blind')
}

/** A mesh may leave a pod to another one, if that is known. */
function inChargeOf(name: string, subject: Subject, namespace: Namespace, known: Knowledge) {
  const other = meshNamed(name, known.profiles)?.leavesTo?.(subject, namespace) ?? null
  return other !== null && meshNamed(other, known.profiles) !== null ? other : name
}

/** The user who sends the request, when there is one. */
function requesterOf(request: unknown): Requester {
  const user = text(request, 'userInfo', 'username')
  return user === undefined ? null : { user, groups: texts(request, 'userInfo', 'groups') }
}

function mentioned(subject: Subject, namespace: Namespace, known: Knowledge): string[] {
  return [...meshes, ...(known.profiles ?? [])]
    .filter((mesh) => mesh.mentionedBy(subject, namespace))
    .map((mesh) => mesh.name)
}

function notKnown(mesh: string, subject: Subject): Coverage {
  const hit: Hit = {
    id: 'mesh-not-known',
    path: subject.pod.prefix + 'spec',
    message: `the policy asks for the mesh "${mesh}", which this build does not know`,
  }
  return { mesh, verdict: 'unknown', reason: hit.id, basis: 'predicted', hits: [hit], assumed: [] }
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
  const { oldObject, request, allowance: shared } = around
  return checks.flatMap(({ name, expression, message, mode }) => {
    const variables = { object: subject.object, oldObject, request, namespace, predictions }
    const outcome = evaluateCheck(expression, variables, shared)
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
