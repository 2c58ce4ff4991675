// SPDX-License-Identifier: Apache-2.0
// What is counted of reviews. A dry run is told apart everywhere: it says what would be, and nothing was.

import type { Metrics } from '../../runtime/src/index.ts'
import type { Finding } from './finding.ts'
import type { Review } from './review.ts'

export type Failure =
  | 'unreadable'
  | 'oversized'
  | 'late'
  | 'crowded'
  | 'undecidable'
  | 'unknown-namespace'
  | 'not-ready'
  | 'crashed'

export type ReviewMetrics = {
  failure(reason: Failure): void
  review(review: Review, decision: string, findings: readonly Finding[], seconds: number): void
}

export function instrument(metrics: Metrics): ReviewMetrics {
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
  const found = metrics.counter(
    'underpin_admission_findings_total',
    'Findings in reviews, by mesh and rule; without dry runs.',
    ['mesh', 'rule'],
  )
  const duration = metrics.histogram(
    'underpin_admission_duration_seconds',
    'From the first byte of a review to its answer.',
    ['operation'],
  )
  return {
    failure(reason) {
      failures.add({ reason })
    },
    review({ operation, dryRun }, decision, findings, seconds) {
      const known = knownOperation(operation)
      requests.add({ operation: known, decision, dry_run: String(dryRun) })
      duration.observe(seconds, { operation: known })
      if (!dryRun) for (const { mesh, id } of findings) found.add({ mesh, rule: id })
    },
  }
}

/** A label of a metric takes only words that we know. */
function knownOperation(operation: string): string {
  return ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'].includes(operation) ? operation : 'other'
}
