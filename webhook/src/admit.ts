// SPDX-License-Identifier: Apache-2.0
// The one path of an admission request: request → subject → predictions → findings → verdict.
// Pure: no clock, no network. A pod is decided on; a workload is a prediction and at most warned about;
// an update is held against what was there before; what is being deleted is never kept from going.

import { allowance } from '../../policies/src/index.ts'
import { UnderpinError } from '../../runtime/src/index.ts'
import { isMirror } from './checks/placement.ts'
import { judgeConnect, kubeletTarget } from './connect.ts'
import { judgeDebug } from './debug-container.ts'
import { isExcluded, type Exclusion } from './exclusions.ts'
import { text, type Fields } from './fields.ts'
import type { Finding } from './finding.ts'
import { ignoredBecause, type Ignored } from './ignored.ts'
import { judge, type Judgement, type Knowledge, type Objection } from './judge.ts'
import { judgeBinding, judgeMetadata } from './metadata-change.ts'
import { judgeNamespace } from './namespace-change.ts'
import { ownerIsTrue, type Controllers } from './owner-trust.ts'
import type { Review } from './review.ts'
import { subjectsOf, type Subject } from './subject.ts'
import type { TemplatePaths } from './template-paths.ts'

export type Action = 'allow' | 'audit' | 'warn' | 'deny'

export type Decision = {
  action: Action
  /** Why nothing was judged: the request is not about a workload, or goes away. */
  ignored?: Ignored
  /** One for each pod template; most kinds have one. */
  judgements: Judgement[]
  findings: Finding[]
  /** What denies or warns, most severe first. */
  objections: Objection[]
}

/** What whoever runs the webhook has decided, besides the policies. */
export type House = {
  /** Namespaces that are never denied and never warned about. */
  exclusions: readonly Exclusion[]
  /** Whose word about owners is taken, besides that of Kubernetes' own controllers. */
  controllers: Controllers
  /** Kinds with pod templates, besides those we know. */
  templates?: TemplatePaths
  /** Time that all checks of one request have together. Default: a second. */
  checkMs?: number
}

const plainHouse: House = { exclusions: [], controllers: new Map() }

/** Throws `undecidable` for what cannot be judged: the caller decides by its failure mode. */
export function admit(review: Review, known: Knowledge, house: House = plainHouse): Decision {
  const ignored = ignoredBecause(review)
  if (ignored !== null) return ignore(ignored)
  // Reported all the same: nobody should have to guess what runs there.
  const most = isExcluded(house.exclusions, placeOf(review)) ? 'audit' : 'deny'
  if (review.operation === 'CONNECT') return decided([], judgeConnect(review, known), most)
  if (review.operation !== 'CREATE' && review.operation !== 'UPDATE') {
    const found = `the operation "${review.operation}"`
    throw undecidable(review, found, 'CREATE, UPDATE, DELETE or CONNECT')
  }
  if (review.object === null) throw undecidable(review, 'no object', 'the object to admit')
  if (review.kind === 'Namespace') {
    const found = judgeNamespace(review.object, review.oldObject, known)
    return decided([], found, weaker(most, 'warn'))
  }
  if (review.kind === 'Binding') return decided([], judgeBinding(review, known), most)
  return judged(review, review.object, known, { house, most })
}

function judged(
  review: Review,
  object: Fields,
  known: Knowledge,
  { house, most }: { house: House; most: Mode },
): Decision {
  const place = {
    finished: review.group === '' && review.resource === 'pods',
    namespace: review.namespace,
    ...(house.templates === undefined ? {} : { templates: house.templates }),
  }
  const subjects = subjectsOf(named(review, object), place)
  const [first] = subjects
  if (first === undefined) return ignore('kind')
  const { operation, oldObject, request } = review
  const olds =
    operation === 'UPDATE' && oldObject !== null ? subjectsOf(named(review, oldObject), place) : []
  const ownerTrusted = ownerIsTrue(review, house.controllers)
  const around = { oldObject, request, ownerTrusted, allowance: allowance(house.checkMs) }
  const judgements = subjects.map((one) => judge(one, known, around))
  // Its owner was looked at when it was made; a check is asked what it would have said of it unchanged.
  const same = olds.flatMap((one) =>
    judge(one, known, { ...around, ownerTrusted: true }).objections.map(sameness),
  )
  const [old] = olds
  const later =
    old === undefined ? [] : [judgeMetadata(old, first, known), judgeDebug(old, first, known)]
  const found = {
    findings: [...judgements, ...later].flatMap((one) => one.findings),
    objections: [...judgements, ...later].flatMap((one) => one.objections),
  }
  return decided(judgements, found, weaker(most, strongest(review, first)), new Set(same))
}

/** The object under the kind that the request names: that one was resolved by the API server. */
function named({ request, kind }: Review, object: Fields): Fields {
  const [group, version] = ['group', 'version'].map((key) => text(request, 'kind', key))
  if (version === undefined) return { ...object, kind }
  return { ...object, kind, apiVersion: group ? `${group}/${version}` : version }
}

type Mode = 'audit' | 'warn' | 'deny'
type Found = { findings: Finding[]; objections: Objection[] }

const rank = { audit: 1, warn: 2, deny: 3 }
const weaker = (a: Mode, b: Mode): Mode => (rank[a] < rank[b] ? a : b)

/** The most that may be done about this request, whatever policies say. */
function strongest(review: Review, subject: Subject): Mode {
  const fromNode = review.groups.includes('system:nodes')
  // fail open: a pod on its way out must get there.
  if (text(review.object, 'metadata', 'deletionTimestamp') !== undefined) return 'audit'
  // fail open: a node reports the pods it runs from files; refusing that hides them and stops nothing.
  if (fromNode && (isMirror(subject) || review.subresource === 'status')) return 'audit'
  return subject.finished ? 'deny' : 'warn'
}

/** The namespace the request is about: a Namespace is in none, nor is a node through which a pod is reached. */
function placeOf({ kind, name, namespace, object }: Review): string {
  if (kind === 'Namespace') return name
  if (namespace !== '') return namespace
  return kubeletTarget(text(object, 'path') ?? '')?.namespace ?? ''
}

function undecidable({ uid }: Review, found: string, expected: string): UnderpinError {
  return new UnderpinError('undecidable', {
    operation: 'judge request',
    object: uid,
    found,
    expected,
  })
}

function ignore(why: Ignored): Decision {
  return { action: 'allow', ignored: why, judgements: [], findings: [], objections: [] }
}

/** An objection that was there before the update warns only, so that running pods can still be changed. */
function decided(
  judgements: Judgement[],
  { findings, objections }: Found,
  most: Mode,
  before: ReadonlySet<string> = new Set(),
): Decision {
  const taken = objections.map((one): Objection => {
    const old = before.has(sameness(one)) || one.finding.id === 'post-create-metadata'
    // A check is the author's own condition on the object, so it may deny a workload as well.
    const own = most === 'warn' && one.finding.mesh === ''
    const cap = old ? weaker(most, 'warn') : own ? 'deny' : most
    return { ...one, mode: weaker(one.mode, cap) }
  })
  taken.sort((a, b) => rank[b.mode] - rank[a.mode])
  const action = taken[0]?.mode ?? (findings.length > 0 ? 'audit' : 'allow')
  return { action, judgements, findings: once(findings), objections: taken }
}

/** The same thing may be found in the pod and in what was done to it. */
function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  for (const one of findings) {
    const key = JSON.stringify([one.mesh, one.id, one.object, one.path])
    if (!seen.has(key)) seen.set(key, one)
  }
  return [...seen.values()]
}

function sameness({ finding, policy }: Objection): string {
  return JSON.stringify([policy, finding.mesh, finding.id, finding.path])
}
