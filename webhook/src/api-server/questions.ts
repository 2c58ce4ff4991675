// SPDX-License-Identifier: Apache-2.0
// The questions of the API server's gate, one function each, with what was found and why that is the answer. Files named
// here are below kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook (1.34–1.36).

import type { AdmissionCall } from './call.ts'
import type { Injector } from '../injectors.ts'
import { equivalentsOf, isOwnGroup, type Equivalent } from './equivalents.ts'
import type { KnownLabels } from './known-labels.ts'
import { matchLabels, readSelector, shown, type Invalid, type Selector } from './label-selector.ts'
import { askConditions, type Conditions } from './match-conditions.ts'
import { misfit, type Asked, type Resource } from './rules.ts'

export type Reply = {
  /** `error`: the API server cannot answer, and refuses the request if the webhook is meant at all. */
  answer: 'yes' | 'no' | 'unknown' | 'error'
  /** For anything but yes: the reason, or what it depends on. */
  why: string
  /** What was looked at, for `explain`. */
  found: string
  /** Which of several: "[0]" of the rules. */
  at?: string
  as?: Equivalent
  assumed?: readonly string[]
}

/** predicates/namespace/matcher.go: objects of the cluster pass, a Namespace is asked for its own labels. */
export function askNamespace(entry: Injector, call: AdmissionCall): Reply {
  const { namespace, resource, subresource, operation } = call
  if (namespace === '' && resource !== 'namespaces') {
    return { answer: 'yes', why: '', found: 'the object belongs to no namespace' }
  }
  const own =
    resource === 'namespaces' &&
    subresource === '' &&
    (operation === 'CREATE' || operation === 'UPDATE')
  const labels = own ? call.labels : call.namespaceLabels
  const whose = `namespace "${namespace}"`
  const read = readSelector(entry.namespaceSelector)
  if ('why' in read) return invalid('namespaceSelector', read)
  if (read.length === 0) return { answer: 'yes', why: '', found: 'it is empty' }
  // The API server answers 404 here, if its own check for the namespace has not done so before.
  if (labels === null) return { answer: 'error', why: `${whose} does not exist`, found: whose }
  return worded(read, labels, whose)
}

/** predicates/object/matcher.go: either the new or the old object is enough; neither need be there. */
export function askObject(entry: Injector, call: AdmissionCall): Reply {
  const read = readSelector(entry.objectSelector)
  if ('why' in read) return invalid('objectSelector', read)
  if (read.length === 0) return { answer: 'yes', why: '', found: 'it is empty' }
  let best: Reply = {
    answer: 'no',
    why: `the objects of ${call.operation} ${call.resource}/${call.subresource} have no labels to select by`,
    found: 'no object with metadata',
  }
  for (const [labels, whose] of [
    [call.labels, 'the object'],
    [call.oldLabels, 'the object as it was'],
  ] as const) {
    if (labels === null) continue
    const answer = worded(read, labels, whose)
    if (answer.answer === 'yes') return answer
    if (best.answer !== 'unknown') best = answer
  }
  return best
}

/** The API server does not take such a configuration; one that it took long ago makes it refuse the request. */
function invalid(which: string, { path, why }: Invalid): Reply {
  const found = `${which}${path}: ${why}`
  const depends = `whether the configuration is there at all: the API server refuses ${found}`
  return { answer: 'unknown', why: depends, found }
}

function worded(selector: Selector, labels: KnownLabels, whose: string): Reply {
  const match = matchLabels(selector, labels)
  if (match.by === null) {
    return { answer: 'yes', why: '', found: `${selector.map(shown).join(', ')} holds for ${whose}` }
  }
  const { key } = match.by
  const value = labels.known.get(key)
  const is = value === undefined ? `has no label "${key}"` : `has ${key}="${value}"`
  const found =
    match.answer === 'unknown' ? `label "${key}" of ${whose}: not known` : `${whose} ${is}`
  const why =
    match.answer === 'unknown'
      ? `the label "${key}" of ${whose} (asked: ${shown(match.by)})`
      : `${shown(match.by)} is asked for, and ${whose} ${is}`
  return { answer: match.answer, why, found }
}

/** predicates/rules/rules.go, and generic/webhook.go for matchPolicy. */
export function askRules(entry: Injector, call: AdmissionCall): Reply {
  const found = `${call.operation} ${nameOf(call)}`
  const yes = (rule: number, why: string): Reply => ({ answer: 'yes', why, found, at: `[${rule}]` })
  const exact = entry.rules.findIndex((one) => misfit(one, call) === null)
  if (exact !== -1) return yes(exact, `rules[${exact}] has ${found}`)
  if (entry.matchPolicy !== 'Exact') {
    const known = call.equivalents ?? equivalentsOf(call, call.subresource)
    for (const [index, rule] of entry.rules.entries()) {
      for (const as of known) {
        const other = { ...call, ...resourceOf(as) }
        if (misfit(rule, other) === null) {
          return { ...yes(index, `rules[${index}] has it as ${nameOf(other)}`), as }
        }
      }
    }
    // Another version of the same custom resource is equivalent, if the cluster serves it.
    const other = entry.rules.findIndex(
      (one) => misfit({ ...one, apiVersions: ['*'] }, call) === null,
    )
    if (other !== -1 && call.equivalents === undefined && !isOwnGroup(call.group)) {
      const why = `whether ${call.resource}.${call.group} has the versions of rules[${other}]`
      return { answer: 'unknown', why, found }
    }
  }
  return { answer: 'no', why: `no rule has ${found}`, found }
}

function resourceOf({ group, version, resource }: Resource): Resource {
  return { group, version, resource }
}

function nameOf({ group, version, resource, subresource }: Asked): string {
  const api = group === '' ? version : `${group}/${version}`
  return `${api} ${resource}${subresource === '' ? '' : `/${subresource}`}`
}

/** matchconditions/matcher.go; null where there are none. */
export function askMatchConditions(
  entry: Injector,
  call: AdmissionCall,
  as: Equivalent | null,
): Reply | null {
  const conditions = entry.matchConditions ?? []
  if (conditions.length === 0) return null
  let asked = askConditions(conditions, call, as)
  const taken: string[] = []
  if (isOpen(asked) && call.creator !== undefined) {
    const { userInfo, unknown, words } = call.creator
    const rest = call.unknown.filter((part) => part !== 'userInfo')
    const request = { ...call.request, userInfo }
    const again = askConditions(
      conditions,
      { ...call, request, unknown: [...rest, ...unknown] },
      as,
    )
    if (!isOpen(again)) {
      asked = again
      taken.push(words)
    }
  }
  const found = told(asked)
  if ('unknown' in asked) return { answer: 'unknown', why: found, found }
  const matters = `change nothing that the matchConditions of "${entry.name}" ask for`
  const assumed = [
    ...taken,
    ...(call.finished ? [] : [`the API server's defaults ${matters}`]),
    ...(as === null
      ? []
      : [`the conversions to ${nameOf({ ...call, ...resourceOf(as) })} ${matters}`]),
  ]
  const reply = (answer: Reply['answer']): Reply => ({ answer, why: found, found, assumed })
  if ('holds' in asked) return reply(asked.holds ? 'yes' : 'no')
  // fail open: with Ignore an error skips the webhook, and the object passes without it.
  if (entry.failurePolicy === 'Ignore') return reply('no')
  // fail closed: with Fail it refuses the request, unless another condition turns out to be false.
  return reply(asked.open === null ? 'error' : 'unknown')
}

function isOpen(asked: Conditions): boolean {
  return 'unknown' in asked || ('error' in asked && asked.open !== null)
}

function told(asked: Conditions): string {
  if ('unknown' in asked) return `"${asked.condition}" depends on ${asked.unknown}`
  if ('error' in asked) {
    const fails = `"${asked.condition}" fails: ${asked.error}`
    return asked.open === null ? fails : `${fails}; ${told(asked.open)}`
  }
  return asked.holds ? 'all are true' : `"${asked.condition}" is false`
}

/** mutating/dispatcher.go: a webhook with side effects refuses a dry run, whatever its policy. Null for other requests. */
export function askDryRun(entry: Injector, call: AdmissionCall): Reply | null {
  if (!call.dryRun) return null
  const { sideEffects = 'None', failurePolicy } = entry
  const found = sideEffects === '' ? 'not given' : sideEffects
  if (sideEffects === 'None' || sideEffects === 'NoneOnDryRun') {
    return { answer: 'yes', why: '', found }
  }
  const why = `a dry run cannot be sent to it (sideEffects: ${found})`
  // Only where nothing is said it counts as a failed call, and those follow the policy.
  const skipped = sideEffects === '' && failurePolicy === 'Ignore'
  return { answer: skipped ? 'no' : 'error', why, found }
}
