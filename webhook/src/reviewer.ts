// SPDX-License-Identifier: Apache-2.0
// A body → the reply to send. Policy is in admit.ts, words in answer.ts; here is what happens when it does
// not work out: unreadable, too large, too late, crashed. Each is counted, and answered when the UID is known.
// One log line a review, and never the body.

import { UnderpinError, type Log, type Metrics } from '../../runtime/src/index.ts'
import { admit, type Decision } from './admit.ts'
import { answerTo } from './answer.ts'
import type { Body } from './body.ts'
import type { Knowledge } from './judge.ts'
import {
  allowed,
  errored,
  peek,
  readReview,
  writeAnswer,
  type Answer,
  type Review,
  type Unreadable,
} from './review.ts'

export type Reply = { status: number; text: string; close: boolean }

export type Reviewer = (body: Body, receivedAt: number) => Reply

export type ReviewerOptions = {
  knowledge: () => Knowledge
  /** What happens to a request that could not be judged. */
  onFailure: 'allow' | 'deny'
  log: Log
  metrics: Metrics
  /** Milliseconds that only go forward. */
  clock: () => number
}

type Failure = 'unreadable' | 'oversized' | 'late' | 'undecidable' | 'crashed'

export function createReviewer(options: ReviewerOptions): Reviewer {
  const { log, metrics, onFailure, clock } = options
  const requests = metrics.counter(
    'underpin_admission_requests_total',
    'Reviews answered, by operation and decision.',
    ['operation', 'decision', 'dry_run'],
  )
  const failures = metrics.counter(
    'underpin_admission_failures_total',
    'Requests that could not be judged; the failure mode decided.',
    ['reason'],
  )
  const findings = metrics.counter(
    'underpin_admission_findings_total',
    'Findings in reviews, by mesh and rule.',
    ['mesh', 'rule'],
  )
  const duration = metrics.histogram(
    'underpin_admission_duration_seconds',
    'From the first byte of a review to its answer.',
    ['operation'],
  )

  const failed = (reason: Failure, whom: Unreadable, status: number, close: boolean): Reply => {
    failures.add({ reason })
    log.warn({ uid: whom.uid, reason, found: whom.why }, 'review not judged')
    // Without an UID there is no answer the API server would take: its failurePolicy decides.
    if (whom.uid === null) return { status, text: JSON.stringify({ error: whom.why }), close }
    const answer = errored({ uid: whom.uid, apiVersion: whom.apiVersion }, whom.why, onFailure)
    return { status: 200, text: writeAnswer(answer), close }
  }

  const judged = (review: Review): { decision: Decision | null; answer: Answer } => {
    try {
      const decision = admit(review, options.knowledge())
      return {
        decision,
        answer: decision.ignored === undefined ? answerTo(review, decision) : allowed(review),
      }
    } catch (err) {
      const told = err instanceof UnderpinError && err.code === 'undecidable' ? err.parts : null
      const reason: Failure = told === null ? 'crashed' : 'undecidable'
      failures.add({ reason })
      log.error({ uid: review.uid, reason, err }, 'review not judged')
      // What broke is for our log; the requester learns that it did.
      const why = told === null ? 'an internal error' : `found ${told.found}`
      return { decision: null, answer: errored(review, why, onFailure) }
    }
  }

  return (body, receivedAt) => {
    if (body.kind === 'broken') {
      failures.add({ reason: 'unreadable' })
      return { status: 400, text: '', close: true }
    }
    if (body.kind === 'oversized') {
      const whom = { ...peek(body.head), why: 'the request is larger than 7 MiB' }
      return failed('oversized', whom, 413, !body.drained)
    }
    if (body.kind === 'late') {
      const whom = { ...peek(body.head), why: 'the request did not arrive in time' }
      return failed('late', whom, 408, true)
    }
    const review = readReview(body.text)
    if ('why' in review) return failed('unreadable', review, 400, false)
    const { decision, answer } = judged(review)
    const action = decision?.action ?? (answer.allowed ? 'failed-open' : 'failed-closed')
    const operation = known(review.operation)
    const milliseconds = clock() - receivedAt
    requests.add({ operation, decision: action, dry_run: String(review.dryRun) })
    duration.observe(milliseconds / 1000, { operation })
    for (const { mesh, id } of decision?.findings ?? []) findings.add({ mesh, rule: id })
    log.info(lineOf(review, decision, action, milliseconds), 'review answered')
    return { status: 200, text: writeAnswer(answer), close: false }
  }
}

function lineOf(review: Review, decision: Decision | null, action: string, milliseconds: number) {
  const { uid, operation, kind, subresource, namespace, name, dryRun } = review
  return {
    uid,
    operation,
    kind,
    ...(subresource === '' ? {} : { subresource }),
    namespace,
    name: name === '' ? (decision?.judgement?.subject.name ?? '') : name,
    decision: action,
    ...(decision?.ignored === undefined ? {} : { ignored: decision.ignored }),
    rules: [...new Set(decision?.findings.map((finding) => finding.id) ?? [])],
    dryRun,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  }
}

/** A label of a metric takes only words that we know. */
function known(operation: string): string {
  return ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'].includes(operation) ? operation : 'other'
}
