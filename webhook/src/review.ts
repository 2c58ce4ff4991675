// SPDX-License-Identifier: Apache-2.0
// AdmissionReview in and out. Whatever happens, the API server gets a valid answer for its UID with HTTP 200:
// anything else would be a failed call, and then the webhook's failurePolicy would decide in our place.
// k8s.io/apiserver pkg/admission/plugin/webhook/request/admissionreview.go says what it accepts.

import { field, fields, isFields, text, texts, type Fields } from './fields.ts'
import { headBytes, longestUid, readHead, type Head } from './head.ts'

export type Review = {
  uid: string
  /** Echoed as it came. */
  apiVersion: string
  operation: string
  group: string
  resource: string
  subresource: string
  kind: string
  name: string
  namespace: string
  user: string
  groups: readonly string[]
  dryRun: boolean
  object: Fields | null
  oldObject: Fields | null
  /** The request as it came, for CEL checks. */
  request: Fields
}

export type Answer = {
  uid: string
  apiVersion: string
  allowed: boolean
  message?: string
  code?: number
  reason?: string
  warnings: readonly string[]
  audit: Readonly<Record<string, string>>
}

/** What could not be read, and whom to answer if that much could. */
export type Unreadable = Head & { why: string }

export const knownVersions = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']

export function readReview(body: string): Review | Unreadable {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    // Cut off somewhere: the beginning may still tell whom to answer.
    return unreadable(body, 'the body is not JSON')
  }
  const uid = text(parsed, 'request', 'uid')
  const apiVersion = text(parsed, 'apiVersion') ?? ''
  const request = field(parsed, 'request')
  const none = { uid: null, apiVersion: '', namespace: null, operation: null }
  if (uid === undefined || uid === '' || !isFields(request)) {
    return { ...none, why: 'the body has no request with an uid' }
  }
  if (uid.length > longestUid) return { ...none, why: 'the uid is too long to be one' }
  if (text(parsed, 'kind') !== 'AdmissionReview' || !knownVersions.includes(apiVersion)) {
    const namespace = text(request, 'namespace') ?? null
    const operation = text(request, 'operation') ?? null
    const why = 'the body is not an AdmissionReview of a version we know'
    return { uid, apiVersion: '', namespace, operation, why }
  }
  const object = field(request, 'object')
  const oldObject = field(request, 'oldObject')
  return {
    uid,
    apiVersion,
    operation: text(request, 'operation') ?? '',
    group: text(request, 'resource', 'group') ?? '',
    resource: text(request, 'resource', 'resource') ?? '',
    subresource: text(request, 'subResource') ?? '',
    kind: text(request, 'kind', 'kind') ?? '',
    name: text(request, 'name') ?? '',
    namespace: text(request, 'namespace') ?? '',
    user: text(request, 'userInfo', 'username') ?? '',
    groups: texts(request, 'userInfo', 'groups'),
    dryRun: field(request, 'dryRun') === true,
    object: isFields(object) ? object : null,
    oldObject: isFields(oldObject) ? oldObject : null,
    request: fields(request),
  }
}

/** From the beginning of a body that is too large, too late or cut off. */
export function unreadable(head: string, why: string): Unreadable {
  const found = readHead(head.slice(0, headBytes))
  const known = knownVersions.includes(found.apiVersion)
  return { ...found, apiVersion: known ? found.apiVersion : '', why }
}

type Whom = { uid: string; apiVersion: string }

export function allowed({ uid, apiVersion }: Whom, audit: Answer['audit'] = {}): Answer {
  return { uid, apiVersion, allowed: true, warnings: [], audit }
}

export function warned(
  whom: Whom,
  warnings: readonly string[],
  audit: Answer['audit'] = {},
): Answer {
  return { ...allowed(whom, audit), warnings }
}

/** 403 Forbidden: the API server makes 400 of a denial without a code, and leaves the reason empty. */
export function denied(
  { uid, apiVersion }: Whom,
  message: string,
  warnings: readonly string[] = [],
  audit: Answer['audit'] = {},
): Answer {
  return {
    uid,
    apiVersion,
    allowed: false,
    message,
    code: 403,
    reason: 'Forbidden',
    warnings,
    audit,
  }
}

/** We could not decide: the configured mode does. */
export function errored(whom: Whom, why: string, onFailure: 'allow' | 'deny'): Answer {
  const message = `underpin could not judge this request: ${why}`
  const audit = { decision: onFailure === 'allow' ? 'failed-open' : 'failed-closed' }
  // fail open: with "allow" an undecided request passes, with a warning; the next scan finds what came in.
  if (onFailure === 'allow') return warned(whom, [`${message}; it was let through`], audit)
  // fail closed: with "deny" nothing passes undecided, and the cause is told to whoever asked.
  return {
    ...denied(whom, message, [], audit),
    code: 500,
    reason: 'InternalError',
  }
}

export function writeAnswer(answer: Answer): string {
  const { uid, allowed, message, code, reason } = answer
  const response: Record<string, unknown> = { uid, allowed }
  if (message !== undefined) {
    response.status = { status: 'Failure', code, reason, message: oneLine(message, 4096) }
  }
  const warnings = [...new Set(answer.warnings.map((one) => oneLine(one, warningBytes)))]
  const told = warnings.filter((one) => one !== '').slice(0, warningCount)
  if (told.length > 0) response.warnings = told
  const audit = Object.entries(answer.audit).filter(([key]) => auditKey.test(key))
  if (audit.length > 0) {
    response.auditAnnotations = Object.fromEntries(
      audit.map(([key, value]) => [key, oneLine(value, 1024)]),
    )
  }
  const apiVersion = answer.apiVersion === '' ? 'admission.k8s.io/v1' : answer.apiVersion
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', response })
}

/** The API server puts our name and a slash in front, and takes the whole only as a qualified name. */
const auditKey = /^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/

/** The API server cuts a warning at 256 characters, and drops one with control characters whole. */
export const warningBytes = 256
/** All warnings of a request together may have 4,096 characters: 16 of 256. */
export const warningCount = 16

/** In one line, as terminals and logs can show it: no control characters, none that turn the direction. */
export function oneLine(words: string, bytes: number): string {
  const clean = words
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
  return cut(clean, bytes)
}

/** At most so many bytes of UTF-8, with three dots for what is missing. */
export function cut(words: string, bytes: number): string {
  // A character of a string has three bytes at most.
  if (words.length * 3 <= bytes) return words
  const whole = Buffer.from(words)
  if (whole.length <= bytes) return words
  // Cut at a character, not inside one: continuation bytes are 10xxxxxx.
  let end = bytes - 3
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return `${whole.subarray(0, end).toString()}...`
}
