// SPDX-License-Identifier: Apache-2.0
// Every finding there is, once. The ids never change meaning; policies and baselines name them.

import { admission } from './catalogue/admission.ts'
import { blind } from './catalogue/blind.ts'
import type { Entry } from './catalogue/entry.ts'
import { notInjected } from './catalogue/not-injected.ts'
import { own } from './catalogue/own.ts'
import { privileged } from './catalogue/privileged.ts'

export {
  severities,
  type Effect,
  type Entry,
  type Severity,
  type Visible,
} from './catalogue/entry.ts'

/** In the order in which they are explained. */
export const layers = {
  'not injected': notInjected,
  'injected but blind': blind,
  'privileged escape': privileged,
  'admission bypass': admission,
  own,
} as const

const all = { ...notInjected, ...blind, ...privileged, ...admission, ...own }

export type FindingId = keyof typeof all

export const catalogue: Readonly<Record<FindingId, Entry>> = all
