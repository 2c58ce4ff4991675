// SPDX-License-Identifier: Apache-2.0
// One rule that was asked on the way to a verdict, with what it was asked about and what it answered.
// `explain` shows them in order; they come from the code that decides, never from a second telling.

import type { FindingId } from './catalogue.ts'

export type Gate = 'api-server' | 'injector' | 'cni' | 'finished-object'

export type Step = {
  gate: Gate
  /** Of the API server's gate: the entry of a webhook configuration that is asked about. */
  entry?: string
  /** The question, one sentence. */
  rule: string
  /** Project, file and version that the rule mirrors. */
  source: string
  /** Field path and the value found there, or what was assumed. */
  input: string
  answer: 'yes' | 'no' | 'unknown'
  /** This rule settled its gate; later rules of the gate were not asked. */
  decides: boolean
  id?: FindingId
}
