// SPDX-License-Identifier: Apache-2.0
// The entries of MutatingWebhookConfigurations, with the values that the API server fills in, in the order in which it
// calls them: by the configuration's name, then as written (kubernetes pkg/apis/admissionregistration/v1/defaults.go,
// staging/src/k8s.io/apiserver/pkg/admission/configuration/mutating_webhook_manager.go, 1.34–1.36).

import { fields, isFields, list, number, text, type Fields } from './fields.ts'

export type MatchCondition = { name: string; expression: string }

export type Injector = {
  /** Name of the MutatingWebhookConfiguration. */
  configuration: string
  /** Name of the webhook in it. */
  name: string
  /** Ignore: a pod is admitted without the sidecar when the call fails. */
  failurePolicy: 'Fail' | 'Ignore'
  rules: readonly Fields[]
  /** As written; absent selects everything. */
  namespaceSelector: unknown
  objectSelector: unknown
  /** How many matchConditions it has. */
  conditions: number
  matchConditions?: readonly MatchCondition[]
  /** Its place in the configuration. Absent, as all that follow: 0, and the defaults of admissionregistration.k8s.io/v1. */
  index?: number
  matchPolicy?: 'Exact' | 'Equivalent'
  reinvocationPolicy?: 'Never' | 'IfNeeded'
  /** Empty when the entry does not say, which v1 refuses. */
  sideEffects?: string
  timeoutSeconds?: number
}

export function injectorsOf(configuration: unknown): Injector[] {
  const owner = text(configuration, 'metadata', 'name') ?? ''
  // Before 1.22 there was v1beta1, with milder defaults; a file may still have it.
  const old = text(configuration, 'apiVersion') === 'admissionregistration.k8s.io/v1beta1'
  return list(configuration, 'webhooks').map((webhook, index): Injector => {
    const failurePolicy = text(webhook, 'failurePolicy') ?? (old ? 'Ignore' : 'Fail')
    const matchPolicy = text(webhook, 'matchPolicy') ?? (old ? 'Exact' : 'Equivalent')
    const matchConditions = list(webhook, 'matchConditions').map((one) => ({
      name: text(one, 'name') ?? '',
      expression: text(one, 'expression') ?? '',
    }))
    return {
      configuration: owner,
      name: text(webhook, 'name') ?? '',
      failurePolicy: failurePolicy === 'Ignore' ? 'Ignore' : 'Fail',
      rules: list(webhook, 'rules').map((rule) => fields(rule)),
      namespaceSelector: isFields(webhook) ? webhook.namespaceSelector : undefined,
      objectSelector: isFields(webhook) ? webhook.objectSelector : undefined,
      conditions: matchConditions.length,
      matchConditions,
      index,
      matchPolicy: matchPolicy === 'Exact' ? 'Exact' : 'Equivalent',
      reinvocationPolicy: text(webhook, 'reinvocationPolicy') === 'IfNeeded' ? 'IfNeeded' : 'Never',
      sideEffects: text(webhook, 'sideEffects') ?? (old ? 'Unknown' : ''),
      timeoutSeconds: number(webhook, 'timeoutSeconds') ?? (old ? 30 : 10),
    }
  })
}

/** As they are called, one after the other. */
export function inOrder(entries: readonly Injector[]): Injector[] {
  return [...entries].sort((a, b) => {
    if (a.configuration !== b.configuration) return a.configuration < b.configuration ? -1 : 1
    return (a.index ?? 0) - (b.index ?? 0)
  })
}
