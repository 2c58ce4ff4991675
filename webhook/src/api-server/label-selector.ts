// SPDX-License-Identifier: Apache-2.0
// Label selectors of a webhook configuration, read and asked as the API server does it (kubernetes
// staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go and pkg/labels/selector.go, 1.34–1.36).
// The answer has three values: with labels that are not all known, some questions stay open.

import { field, isFields, list, type Fields } from '../fields.ts'
import type { KnownLabels } from './known-labels.ts'

export type Requirement = {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values: readonly string[]
}
export type Selector = readonly Requirement[]

/** A selector that the API server refuses when the configuration is written. */
export type Invalid = { path: string; why: string }

export type Match = {
  answer: 'yes' | 'no' | 'unknown'
  /** The requirement that said no, or that cannot be answered. */
  by: Requirement | null
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

/**
 * Absent and null become {} by default (pkg/apis/admissionregistration/v1/defaults.go), and {} selects everything.
 * Fields that a selector does not have are dropped, as they are in decoding.
 */
export function readSelector(selector: unknown): Selector | Invalid {
  if (selector === undefined || selector === null) return []
  if (!isFields(selector)) return { path: '', why: 'it is not an object' }
  const known = selectors.get(selector) ?? readFields(selector)
  selectors.set(selector, known)
  return known
}

/** The few selectors of a cluster are asked about every workload. */
const selectors = new WeakMap<Fields, Selector | Invalid>()

function readFields(selector: Fields): Selector | Invalid {
  const labels = field(selector, 'matchLabels') ?? {}
  const expressions = field(selector, 'matchExpressions') ?? []
  if (!isFields(labels)) return { path: '.matchLabels', why: 'it is not an object' }
  if (!Array.isArray(expressions)) return { path: '.matchExpressions', why: 'it is not a list' }
  const read: Requirement[] = []
  for (const [key, value] of Object.entries(labels)) {
    const path = `.matchLabels[${key}]`
    const why = wrongKey(key) ?? wrongValue(value)
    if (why !== undefined) return { path, why }
    read.push({ key, operator: 'In', values: [texted(value)] })
  }
  for (const [at, expression] of expressions.entries()) {
    const requirement = readExpression(expression)
    if ('why' in requirement) {
      return { path: `.matchExpressions[${at}]${requirement.path}`, why: requirement.why }
    }
    read.push(requirement)
  }
  return read
}

function readExpression(expression: unknown): Requirement | Invalid {
  const key = field(expression, 'key')
  const values = list(expression, 'values')
  const found = field(expression, 'operator')
  const operator = operators.find((one) => one === found)
  if (operator === undefined) {
    return { path: '.operator', why: `${JSON.stringify(found)} is none of ${operators.join(', ')}` }
  }
  const wanted = operator === 'In' || operator === 'NotIn'
  if (wanted && values.length === 0) return { path: '.values', why: `${operator} needs values` }
  if (!wanted && values.length > 0) return { path: '.values', why: `${operator} takes no values` }
  if (typeof key !== 'string') return { path: '.key', why: 'it is not a text' }
  const why = wrongKey(key)
  if (why !== undefined) return { path: '.key', why }
  const wrong = values.findIndex((one) => wrongValue(one) !== undefined)
  if (wrong !== -1) return { path: `.values[${wrong}]`, why: wrongValue(values[wrong]) ?? '' }
  return { key, operator, values: values.map(texted) }
}

/** A null is decoded into an empty text. */
function texted(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const name = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/
const subdomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** apimachinery pkg/util/validation/validation.go, IsQualifiedName. */
function wrongKey(key: string): string | undefined {
  const parts = key.split('/')
  const [prefix, last] = parts.length === 2 ? [parts[0], parts[1] ?? ''] : [undefined, key]
  const fits =
    parts.length <= 2 &&
    last.length <= 63 &&
    name.test(last) &&
    (prefix === undefined || (prefix.length <= 253 && subdomain.test(prefix)))
  return fits ? undefined : `"${key}" cannot be the key of a label`
}

/** IsValidLabelValue of the same file. */
function wrongValue(value: unknown): string | undefined {
  if (value === null) return undefined
  if (typeof value !== 'string') return `${JSON.stringify(value)} is not a text`
  const fits = value === '' || (value.length <= 63 && name.test(value))
  return fits ? undefined : `"${value}" cannot be the value of a label`
}

export function matchLabels(selector: Selector, labels: KnownLabels): Match {
  const open: Requirement[] = []
  for (const requirement of selector) {
    const answer = holds(requirement, labels)
    if (answer === 'no') return { answer, by: requirement }
    if (answer === 'unknown') open.push(requirement)
  }
  const [first] = open
  return first === undefined ? { answer: 'yes', by: null } : { answer: 'unknown', by: first }
}

function holds({ key, operator, values }: Requirement, labels: KnownLabels): Match['answer'] {
  const value = labels.known.get(key)
  const coming = labels.coming?.has(key) === true
  if (value === undefined && !coming && !labels.complete) return 'unknown'
  const there = value !== undefined || coming
  switch (operator) {
    case 'Exists':
      return there ? 'yes' : 'no'
    case 'DoesNotExist':
      return there ? 'no' : 'yes'
    case 'In':
      if (value !== undefined) return values.includes(value) ? 'yes' : 'no'
      return there ? 'unknown' : 'no'
    case 'NotIn':
      // Also true where the label is missing.
      if (value !== undefined) return values.includes(value) ? 'no' : 'yes'
      return there ? 'unknown' : 'yes'
  }
}

/** As kubectl writes it: "app in (a,b)", "!debug". */
export function shown({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`
  }
}
