// SPDX-License-Identifier: Apache-2.0
// What is worth saying beside the reason for which a pod is not injected.

import { controllerKind, type Subject } from '../subject.ts'
import type { Hit } from '../finding.ts'

/** A sidecar that is no native one keeps a Job from finishing, so Jobs are opted out and forgotten. */
export function furtherReasons(subject: Subject, hits: readonly Hit[]): Hit[] {
  const optOut = hits.find(({ id }) => id.startsWith('optout-'))
  const isJob = ['Job', 'CronJob'].includes(controllerKind(subject))
  if (optOut === undefined || !isJob) return [...hits]
  const message = `the ${controllerKind(subject)} opts out; with a native sidecar it would finish`
  return [...hits, { id: 'job-optout', path: optOut.path, message }]
}
