// SPDX-License-Identifier: Apache-2.0
// What the API server answered instead of doing what certificates need, as an error that tells the remedy.

import { UnderpinError, type ClusterAnswer } from '../../../runtime/src/index.ts'
import { messageOf } from '../live/pages.ts'

export function askFailed(what: string, object: string, answer: ClusterAnswer): UnderpinError {
  return new UnderpinError('certificate-failed', {
    operation: `${what} ${object}`,
    found: messageOf(answer.status, answer.body),
    expected: 'that this service account may get and patch it',
    remedy: 'bind it the ClusterRole and the Role of the chart',
  })
}
