// SPDX-License-Identifier: Apache-2.0
// Does the API server call this webhook for this request? Asked in its own order: namespaceSelector,
// objectSelector, rules, matchConditions, dry run (kubernetes
// staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go, the same in 1.34–1.36).

import type { Step } from '../step.ts'
import type { AdmissionCall } from './call.ts'
import type { Injector } from '../injectors.ts'
import type { Equivalent } from './equivalents.ts'
import {
  askDryRun,
  askMatchConditions,
  askNamespace,
  askObject,
  askRules,
  type Reply,
} from './questions.ts'
import { apiServerStep } from './steps.ts'

export type Decider =
  'exempt' | 'namespaceSelector' | 'objectSelector' | 'rules' | 'matchConditions' | 'sideEffects'

export type GateVerdict = {
  /** `rejected`: the API server itself refuses the request, before it calls this webhook. */
  outcome: 'called' | 'not-called' | 'rejected' | 'unknown'
  by: Decider
  /** The field that decided: "webhooks[0].namespaceSelector". */
  path: string
  /** Why, in words; for `unknown` what it depends on. */
  why: string
  /** What was taken for granted on the way. */
  assumed: readonly string[]
  /** When called with matchPolicy Equivalent: the version of the object that the webhook is sent. */
  as?: Equivalent
}

type Asking = (entry: Injector, call: AdmissionCall, as: Equivalent | null) => Reply | null

const questions: readonly [Decider, Asking][] = [
  ['namespaceSelector', askNamespace],
  ['objectSelector', askObject],
  ['rules', askRules],
  ['matchConditions', askMatchConditions],
  ['sideEffects', askDryRun],
]

/** `steps`: where to note every question asked, for `explain`. */
export function askGate(entry: Injector, call: AdmissionCall, steps?: Step[]): GateVerdict {
  const at = `webhooks[${entry.index ?? 0}]`
  const asked: { by: Decider; reply: Reply }[] = []
  const settle = (outcome: GateVerdict['outcome'], by: Decider): GateVerdict => {
    const reply = asked.find((one) => one.by === by)?.reply
    // Where it is called, the last question that was asked settled it.
    const last = outcome === 'called' ? asked.at(-1)?.by : outcome === 'unknown' ? null : by
    for (const { by, reply } of steps === undefined ? [] : asked) {
      steps?.push(apiServerStep(entry, by, reply, by === last))
    }
    const path = by === 'exempt' ? 'kind' : `${at}.${by}${reply?.at ?? ''}`
    const assumed = asked.flatMap((one) => one.reply.assumed ?? [])
    const verdict = { outcome, by, path, why: reply?.why ?? '', assumed }
    return outcome === 'called' && reply?.as !== undefined ? { ...verdict, as: reply.as } : verdict
  }

  if (isExempt(call)) {
    const why = 'no webhook sees requests for webhook configurations and admission policies'
    asked.push({ by: 'exempt', reply: { answer: 'yes', why, found: `kind: ${call.kind}` } })
    return settle('not-called', 'exempt')
  }
  let as: Equivalent | null = null
  for (const [by, ask] of questions) {
    const failed = asked.find((one) => one.reply.answer === 'error')
    // An error counts only for a webhook whose rules fit, and ends what would come after them.
    if (failed !== undefined && (by === 'matchConditions' || by === 'sideEffects')) break
    const reply = ask(entry, call, as)
    if (reply === null) continue
    asked.push({ by, reply })
    if (reply.answer === 'no') return settle('not-called', by)
    as ??= reply.as ?? null
  }
  const first = (answer: Reply['answer']) => asked.find((one) => one.reply.answer === answer)?.by
  const [open, failed] = [first('unknown'), first('error')]
  if (open !== undefined) return settle('unknown', open)
  if (failed !== undefined) return settle('rejected', failed)
  return settle('called', 'rules')
}

/** predicates/rules/rules.go, IsExemptAdmissionConfigurationResource. */
const exempt = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
])

function isExempt({ group, kind }: AdmissionCall): boolean {
  return group === 'admissionregistration.k8s.io' && exempt.has(kind)
}
