// SPDX-License-Identifier: Apache-2.0
// A body → the reply to send. Policy is in admit.ts, words in answer.ts; here is what happens when it does
// not work out: unreadable, too large, too late, crashed. Each is counted, and answered when the UID is known.
// One log line a review, and never the body.

import { dayOf } from '../../policies/src/index.ts'
import { UnderpinError, type Log, type Metrics } from '../../runtime/src/index.ts'
import { admit, type Decision, type House } from './admit.ts'
import { answerTo } from './answer.ts'
import type { Body } from './body.ts'
import { onFailureOf, type FailureMode } from './failure-mode.ts'
import { ignoredBecause } from './ignored.ts'
import type { KnowledgeSource } from './knowledge-source.ts'
import {
  allowed,
  errored,
  readReview,
  unreadable,
  writeAnswer,
  type Answer,
  type Review,
  type Unreadable,
} from './review.ts'
import { instrument, type Failure } from './review-metrics.ts'
import { unsureOf } from './unsure.ts'

export type Reply = { status: number; text: string; close: boolean }

/** When the request came, and when whoever sent it stops waiting; on the same clock. */
export type Times = { receivedAt: number; deadline: number }

export type Reviewer = (body: Body, times: Times) => Reply

export type ReviewerOptions = {
  knowledge: KnowledgeSource
  house: House
  /** What happens to a request that could not be judged. */
  onFailure: FailureMode
  log: Log
  metrics: Metrics
  /** Milliseconds that only go forward. */
  clock: () => number
  now: () => Date
}

/** Milliseconds that the checks of one request have together. Others wait for it meanwhile. */
const mostForChecks = 1000

type Judged = { decision: Decision | null; answer: Answer }

export function createReviewer(options: ReviewerOptions): Reviewer {
  const { log, clock, knowledge, house } = options
  const count = instrument(options.metrics)

  const modeFor = (affected: { namespace: string | null; operation: string | null }) =>
    onFailureOf(options.onFailure, affected, () => ({
      facts: knowledge.current(),
      exclusions: house.exclusions,
    }))

  const failed = (reason: Failure, whom: Unreadable, status: number, close: boolean): Reply => {
    count.failure(reason)
    const { uid, apiVersion, why } = whom
    const onFailure = modeFor(whom)
    const decision =
      uid === null ? 'unanswerable' : `failed-${onFailure === 'allow' ? 'open' : 'closed'}`
    log.warn({ uid, reason, found: why, decision }, 'review not judged')
    // Without an UID there is no answer the API server would take: its failurePolicy decides.
    if (uid === null) return { status, text: JSON.stringify({ error: why }), close }
    return { status: 200, text: writeAnswer(errored({ uid, apiVersion }, why, onFailure)), close }
  }

  const gaveUp = (review: Review, reason: Failure, why: string): Judged => {
    count.failure(reason)
    return { decision: null, answer: errored(review, why, modeFor(review)) }
  }

  const judged = (review: Review, deadline: number): Judged => {
    // What nobody need judge is answered whatever state we are in.
    if (ignoredBecause(review) !== null) {
      return { decision: admit(review, nothing, house), answer: allowed(review) }
    }
    const missing = knowledge.ready()
    if (missing !== null) return gaveUp(review, 'not-ready', `not known yet: ${missing}`)
    // Nobody waits any more; judging it would only make the next ones late as well.
    if (clock() >= deadline) return gaveUp(review, 'late', 'no time was left to judge it')
    try {
      const known = { ...knowledge.current(), expected: [], today: dayOf(options.now()) }
      const checkMs = Math.min(mostForChecks, (deadline - clock()) / 2)
      const decision = admit(review, known, { ...house, checkMs })
      const answer = decision.ignored === undefined ? answerTo(review, decision) : allowed(review)
      const unsure = decision.ignored === undefined ? unsureOf(review, known, house) : null
      if (unsure === null || decision.action === 'deny') return { decision, answer }
      // fail closed: told to deny what could not be judged, this is such a case.
      const { why, matters } = unsure
      if (options.onFailure === 'deny' && matters) return gaveUp(review, 'unknown-namespace', why)
      // fail open: the policies that can be told apply; that others might is said.
      const warnings = matters ? [...answer.warnings, why] : answer.warnings
      return { decision, answer: { ...answer, warnings, audit: { ...answer.audit, assumed: why } } }
    } catch (err) {
      const told = err instanceof UnderpinError && err.code === 'undecidable' ? err.parts : null
      const reason: Failure = told === null ? 'crashed' : 'undecidable'
      log.error({ uid: review.uid, reason, err }, 'review failed, answering by the failure mode')
      // What broke is for our log; the requester learns that it did.
      return gaveUp(review, reason, told === null ? 'an internal error' : `found ${told.found}`)
    }
  }

  return (body, { receivedAt, deadline }) => {
    switch (body.kind) {
      case 'broken':
        count.failure('unreadable')
        return { status: 400, text: '', close: true }
      case 'oversized': {
        const whom = unreadable(body.head, 'the request is larger than 7 MiB')
        return failed('oversized', whom, 413, !body.drained)
      }
      case 'late':
        return failed(
          'late',
          unreadable(body.head, 'the request did not arrive in time'),
          408,
          true,
        )
      case 'crowded': {
        const whom = unreadable(body.head, 'too many requests were arriving, this one slowly')
        return failed('crowded', whom, 503, true)
      }
      case 'beyond':
        return failed('oversized', unreadable(body.head, body.why), 413, false)
      case 'whole':
    }
    const review = readReview(body.text)
    if ('why' in review) return failed('unreadable', review, 400, false)
    const { decision, answer } = judged(review, deadline)
    const action = decision?.action ?? (answer.allowed ? 'failed-open' : 'failed-closed')
    const milliseconds = clock() - receivedAt
    count.review(review, action, decision?.findings ?? [], milliseconds / 1000)
    log.info(lineOf(review, decision, action, milliseconds), 'review answered')
    return { status: 200, text: writeAnswer(answer), close: false }
  }
}

const nothing = {
  policies: [],
  namespaces: new Map(),
  injectors: [],
  settings: {},
  expected: [],
  today: '',
}

function lineOf(review: Review, decision: Decision | null, action: string, milliseconds: number) {
  const { uid, operation, kind, subresource, namespace, name, dryRun } = review
  return {
    uid,
    operation,
    kind,
    ...(subresource === '' ? {} : { subresource }),
    namespace,
    name: name === '' ? (decision?.judgements[0]?.subject.name ?? '') : name,
    decision: action,
    ...(decision?.ignored === undefined ? {} : { ignored: decision.ignored }),
    rules: [...new Set(decision?.findings.map((finding) => finding.id) ?? [])],
    dryRun,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  }
}
