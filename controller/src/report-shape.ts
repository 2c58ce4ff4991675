// SPDX-License-Identifier: Apache-2.0
// A report as it is written: OpenReports' kinds, or those of the Policy Working Group that came before them. And what
// makes two reports the same: counts and times that grow are told later than that something is new.

import { hash } from 'node:crypto'

export type ResultWord = 'pass' | 'fail' | 'warn' | 'error' | 'skip'

export type ReportResult = {
  policy: string
  rule?: string
  category?: string
  source?: string
  severity?: 'critical' | 'high' | 'medium' | 'low' | 'info'
  result: ResultWord
  message?: string
  timestamp?: { seconds: number; nanos: number }
  properties?: Record<string, string>
}

/** Category of what admission has found. */
export const coverage = 'Sidecar coverage'

export type ReportBody = {
  source: string
  scope: { apiVersion: string; kind: string; namespace?: string; name: string; uid?: string }
  summary: Record<ResultWord, number>
  results: ReportResult[]
  /** What is the case: uncovered, would-deny …, or covered when there is nothing else to say. */
  state: readonly string[]
  /** For columns; '' when there is nothing to say. */
  why: string
  kernel: string
  /** Results for which there was no room; the summary counts them. */
  omitted: number
}

export type ReportFormat = {
  group: string
  version: string
  kind: string
  plural: string
  clusterKind: string
  clusterPlural: string
}

export const formats = {
  openreports: {
    ...{ group: 'openreports.io', version: 'v1alpha1', kind: 'Report', plural: 'reports' },
    ...{ clusterKind: 'ClusterReport', clusterPlural: 'clusterreports' },
  },
  wgpolicy: {
    ...{ group: 'wgpolicyk8s.io', version: 'v1alpha2', kind: 'PolicyReport' },
    ...{ plural: 'policyreports' },
    ...{ clusterKind: 'ClusterPolicyReport', clusterPlural: 'clusterpolicyreports' },
  },
} as const satisfies Record<string, ReportFormat>

export type FormatName = keyof typeof formats

export const managedBy = { 'app.kubernetes.io/managed-by': 'underpin' } as const
export const stateKey = 'reports.underpin.dev/state'
const whyKey = 'reports.underpin.dev/why'
const kernelKey = 'reports.underpin.dev/kernel'
const omittedKey = 'reports.underpin.dev/omitted'

export type ReportObject = {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels: Record<string, string>
    annotations: Record<string, string>
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[]
  }
  [field: string]: unknown
}

/** Another tool may write reports of the same kind for the same object: the prefix keeps us apart. */
export const nameFor = (scope: ReportBody['scope']): string =>
  scope.uid === undefined
    ? `underpin-${scope.kind.toLowerCase()}-${scope.name}`
    : `underpin-${scope.uid}`

export const pathOf = (format: ReportFormat, namespace: string | undefined): string => {
  const base = `/apis/${format.group}/${format.version}`
  return namespace === undefined
    ? `${base}/${format.clusterPlural}`
    : `${base}/namespaces/${encodeURIComponent(namespace)}/${format.plural}`
}

export function objectOf(body: ReportBody, format: ReportFormat): ReportObject {
  const { scope, summary, results, state, why, kernel, omitted, source } = body
  const { apiVersion, kind, namespace, name, uid } = scope
  const isOld = format.group === formats.wgpolicy.group
  return {
    apiVersion: `${format.group}/${format.version}`,
    kind: namespace === undefined ? format.clusterKind : format.kind,
    metadata: {
      name: nameFor(scope),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...managedBy },
      annotations: {
        [stateKey]: state.join(' '),
        ...(why === '' ? {} : { [whyKey]: why }),
        ...(kernel === '' ? {} : { [kernelKey]: kernel }),
        ...(omitted === 0 ? {} : { [omittedKey]: String(omitted) }),
      },
      // Nobody but the API server's collector removes it: when the owner goes, so does the report.
      ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion, kind, name, uid }] }),
    },
    ...(isOld ? {} : { source }),
    scope,
    summary,
    results: isOld ? results.map((one) => ({ source, ...one })) : results,
  }
}

export type Digest = {
  /** Of everything. */
  whole: string
  /** Of everything but how often and when last. */
  kind: string
}

/** The same of what was written and of what the API server gives back. */
export function digestOf(object: Record<string, unknown>): Digest {
  const { metadata, scope, summary, results } = object as Partial<ReportObject>
  const { annotations = {}, ownerReferences = [], labels = {} } = metadata ?? {}
  const what = {
    ...{ scope, summary, results, ownerReferences },
    managed: labels['app.kubernetes.io/managed-by'],
    state: annotations[stateKey],
    why: annotations[whyKey],
    kernel: annotations[kernelKey],
    omitted: annotations[omittedKey],
  }
  const uncounted = (key: string, value: unknown) =>
    ['count', 'last', 'timestamp', 'subjects'].includes(key) ? undefined : value
  const messages = (value: unknown) =>
    JSON.stringify(value, uncounted).replace(/\(\d+ times\)|\(once\)/g, '')
  const ordered = canonical(what)
  return { whole: hash('sha1', JSON.stringify(ordered)), kind: hash('sha1', messages(ordered)) }
}

/** Keys in order: the API server gives them back in another one. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, canonical(one)]),
  )
}
