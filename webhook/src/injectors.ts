// SPDX-License-Identifier: Apache-2.0
// The first gate of injection: does the API server call an injector for this pod at all?
// Evaluated over MutatingWebhookConfiguration objects with the API server's own meaning of rules,
// namespaceSelector and objectSelector (k8s.io/apiserver pkg/admission/plugin/webhook/predicates, 1.37).
// matchConditions are not evaluated: where an entry has some, the verdict lists that as an assumption.

import { fields, list, text, texts, type Fields, type Marks } from './fields.ts'
import { selectorMatches } from './selector.ts'

export type Injector = {
  /** Name of the MutatingWebhookConfiguration. */
  configuration: string
  /** Name of the webhook in it. */
  name: string
  /** Ignore: a pod is admitted without the sidecar when the call fails. */
  failurePolicy: 'Fail' | 'Ignore'
  rules: readonly Fields[]
  namespaceSelector: Fields
  objectSelector: Fields
  conditions: number
}

export type Call = {
  operation: string
  group: string
  version: string
  resource: string
  subresource: string
  namespaceLabels: Marks
  objectLabels: Marks
}

/** Null when it is called, else the first thing that keeps it from being called. */
export type Refusal = 'rules' | 'namespaceSelector' | 'objectSelector' | null

export function injectorsOf(configuration: unknown): Injector[] {
  const owner = text(configuration, 'metadata', 'name') ?? ''
  return list(configuration, 'webhooks').map((webhook) => ({
    configuration: owner,
    name: text(webhook, 'name') ?? '',
    // admissionregistration.k8s.io/v1 defaults to Fail.
    failurePolicy: text(webhook, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail',
    rules: list(webhook, 'rules').map((rule) => fields(rule)),
    namespaceSelector: fields(webhook, 'namespaceSelector'),
    objectSelector: fields(webhook, 'objectSelector'),
    conditions: list(webhook, 'matchConditions').length,
  }))
}

/** The creation of a pod: the only request that any sidecar injector is registered for. */
export function podCreation(namespaceLabels: Marks, objectLabels: Marks): Call {
  return {
    operation: 'CREATE',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespaceLabels,
    objectLabels,
  }
}

export function refusal(injector: Injector, call: Call): Refusal {
  if (!injector.rules.some((rule) => ruleMatches(rule, call))) return 'rules'
  if (!selectorMatches(injector.namespaceSelector, call.namespaceLabels)) return 'namespaceSelector'
  if (!selectorMatches(injector.objectSelector, call.objectLabels)) return 'objectSelector'
  return null
}

function ruleMatches(rule: Fields, call: Call): boolean {
  const scope = text(rule, 'scope') ?? '*'
  return (
    (scope === '*' || scope === 'Namespaced') &&
    anyOf(texts(rule, 'operations'), call.operation) &&
    anyOf(texts(rule, 'apiGroups'), call.group) &&
    anyOf(texts(rule, 'apiVersions'), call.version) &&
    texts(rule, 'resources').some((pattern) => resourceMatches(pattern, call))
  )
}

function anyOf(patterns: readonly string[], value: string): boolean {
  return patterns.includes('*') || patterns.includes(value)
}

/** "pods" is the resource without subresources, "pods/*" has all of them, "*" has none, "*\/*" everything. */
function resourceMatches(pattern: string, call: Call): boolean {
  const slash = pattern.indexOf('/')
  const resource = slash === -1 ? pattern : pattern.slice(0, slash)
  const subresource = slash === -1 ? '' : pattern.slice(slash + 1)
  return (
    (resource === '*' || resource === call.resource) &&
    (subresource === '*' || subresource === call.subresource)
  )
}
