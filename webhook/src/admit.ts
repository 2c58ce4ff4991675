// SPDX-License-Identifier: Apache-2.0
// The one path of an admission request: request → subject → predictions → findings → verdict.
// Pure: no clock, no network. A pod is decided on; a workload is a prediction and at most warned about;
// an update is held against what was there before; what is being deleted is never kept from going.

import { UnderpinError } from '../../runtime/src/index.ts'
import { isMirror } from './checks/placement.ts'
import { text } from './fields.ts'
import type { Finding } from './finding.ts'
import { judge, type Judgement, type Knowledge, type Objection } from './judge.ts'
import { judgeConnect } from './connect.ts'
import { judgeNamespace } from './namespace-change.ts'
import type { Review } from './review.ts'
import { subjectOf, workloadKinds } from './subject.ts'

export type Decision = {
  action: 'allow' | 'audit' | 'warn' | 'deny'
  /** Why nothing was judged: the request is not about a workload, or goes away. */
  ignored?: 'deletion' | 'subresource' | 'kind'
  judgement: Judgement | null
  findings: Finding[]
  /** What denies or warns, most severe first. */
  objections: Objection[]
}

/** Throws `undecidable` for what cannot be judged: the caller decides by its failure mode. */
export function admit(review: Review, known: Knowledge): Decision {
  if (review.operation === 'DELETE') return ignore('deletion')
  if (review.operation === 'CONNECT') return decided(null, judgeConnect(review, known), 'deny')
  if (review.operation !== 'CREATE' && review.operation !== 'UPDATE') {
    throw undecidable(
      review,
      `the operation "${review.operation}"`,
      'CREATE, UPDATE, DELETE or CONNECT',
    )
  }
  const isPod = review.group === '' && review.resource === 'pods'
  // Debug containers are judged with their pod. The rest (status, scale, binding) starts no process.
  if (review.subresource !== '' && !(isPod && review.subresource === 'ephemeralcontainers')) {
    return ignore('subresource')
  }
  if (review.object === null) throw undecidable(review, 'no object', 'the object to admit')
  if (review.kind === 'Namespace') {
    return decided(null, judgeNamespace(review.object, review.oldObject, known), 'warn')
  }
  if (!workloadKinds.includes(review.kind)) return ignore('kind')
  const object = { ...review.object, kind: review.kind }
  const place = { finished: isPod, namespace: review.namespace }
  const subject = subjectOf(object, place)
  if (subject === null) return ignore('kind')
  const ownerTrusted = isController(review)
  const judgement = judge(subject, known, {
    oldObject: review.oldObject,
    request: review.request,
    ownerTrusted,
  })
  const goingAway = text(review.object, 'metadata', 'deletionTimestamp') !== undefined
  // A node reports the pods it runs from files; refusing that hides them and stops nothing.
  const reported = isMirror(subject) && review.groups.includes('system:nodes')
  const strongest = goingAway || reported ? 'audit' : subject.finished ? 'deny' : 'warn'
  const before =
    review.operation === 'UPDATE' && review.oldObject !== null
      ? subjectOf({ ...review.oldObject, kind: review.kind }, place)
      : null
  const old = before === null ? [] : judge(before, known).objections.map(sameness)
  return decided(judgement, judgement, strongest, new Set(old))
}

/** The controllers of Kubernetes itself write true owners into the pods they make. */
function isController({ user }: Review): boolean {
  return (
    user.startsWith('system:serviceaccount:kube-system:') ||
    user === 'system:kube-controller-manager'
  )
}

function undecidable({ uid }: Review, found: string, expected: string): UnderpinError {
  return new UnderpinError('undecidable', {
    operation: 'judge request',
    object: uid,
    found,
    expected,
  })
}

function ignore(why: NonNullable<Decision['ignored']>): Decision {
  return { action: 'allow', ignored: why, judgement: null, findings: [], objections: [] }
}

type Found = { findings: Finding[]; objections: Objection[] }

/** An objection that was there before the update warns only, so that running pods can still be changed. */
function decided(
  judgement: Judgement | null,
  { findings, objections }: Found,
  strongest: 'audit' | 'warn' | 'deny',
  before: ReadonlySet<string> = new Set(),
): Decision {
  const rank = { audit: 1, warn: 2, deny: 3 }
  const taken = objections.map((one) => {
    // A check is the author's own condition on the object, so it may deny a workload as well.
    const limit =
      before.has(sameness(one)) || (strongest === 'warn' && one.finding.mesh !== '') ? 2 : 3
    const cap = strongest === 'audit' ? 1 : limit
    const mode = rank[one.mode] > cap ? (cap === 1 ? 'audit' : 'warn') : one.mode
    return { ...one, mode } as const
  })
  taken.sort((a, b) => rank[b.mode] - rank[a.mode])
  const action = taken[0]?.mode ?? (findings.length > 0 ? 'audit' : 'allow')
  return { action, judgement, findings, objections: taken }
}

function sameness({ finding, policy }: Objection): string {
  return JSON.stringify([policy, finding.mesh, finding.id, finding.path])
}
