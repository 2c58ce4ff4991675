// SPDX-License-Identifier: Apache-2.0
// The report of one workload, and of one node for what is no pod of the API server: admission findings and what the
// kernel counted, in one object. Fields as in openreports/reports-api v0.2 (apis/openreports.io/v1alpha1/report_types.go).

import { catalogue, type AdmissionFinding, type LiveRecord } from '../../webhook/src/index.ts'
import type { Admission, OwnerName } from '../../webhook/src/index.ts'
import { joinStates, sumsOf, type JoinRow } from './join.ts'
import { isGrave, whatText, type LedgerSum } from './ledger-sums.ts'
import { kernelOf, whyOf } from './report-columns.ts'
import { coverage, type ReportBody, type ReportResult, type ResultWord } from './report-shape.ts'

/** A report stays far below what etcd takes; what is left out is counted in the summary, and said. */
export const reportLimits = { results: 100, message: 1024, property: 256, column: 120 } as const

export type WorkloadFacts = {
  owner: OwnerName
  /** Of its template: what will become of its next pod. */
  template: Admission | null
  pods: readonly LiveRecord[]
  rows: readonly JoinRow[]
  ledger: readonly LedgerSum[]
}

export function workloadReport({ owner, template, pods, rows, ledger }: WorkloadFacts): ReportBody {
  const results = [
    ...admissionResults(template, pods),
    ...kernelResults(rows),
    ...ledger.map(ledgerResult),
  ]
  const { apiVersion, kind, namespace, name, uid } = owner
  return bodyOf({ apiVersion, kind, namespace, name, uid }, rows, ledger, results)
}

export function nodeReport(
  node: { name: string; uid: string | null },
  rows: readonly JoinRow[],
  ledger: readonly LedgerSum[],
): ReportBody {
  const results = [
    ...rows.filter(({ state }) => state !== 'covered').map(strayResult),
    ...ledger.map(ledgerResult),
  ]
  const scope = { apiVersion: 'v1', kind: 'Node', name: node.name }
  return bodyOf(node.uid === null ? scope : { ...scope, uid: node.uid }, rows, ledger, results)
}

const words: readonly ResultWord[] = ['fail', 'error', 'warn', 'skip', 'pass']
const severities = ['critical', 'high', 'medium', 'low', 'info']

function bodyOf(
  scope: ReportBody['scope'],
  rows: readonly JoinRow[],
  ledger: readonly LedgerSum[],
  all: readonly ReportResult[],
): ReportBody {
  const rank = ({ result, severity = 'info' }: ReportResult) =>
    words.indexOf(result) * severities.length + severities.indexOf(severity)
  const results = all.toSorted((a, b) => rank(a) - rank(b)).slice(0, reportLimits.results)
  const count = (word: ResultWord) => all.filter(({ result }) => result === word).length
  return {
    source: 'underpin',
    scope,
    summary: {
      ...{ pass: count('pass'), fail: count('fail'), warn: count('warn') },
      ...{ error: count('error'), skip: count('skip') },
    },
    results,
    state: stateOf(rows, ledger, all).sort(),
    why: cut(whyOf(rows, all), reportLimits.column),
    kernel: cut(kernelOf(rows, ledger), reportLimits.column),
    omitted: all.length - results.length,
  }
}

/** In words that Events are made of when they come and go. */
function stateOf(
  rows: readonly JoinRow[],
  ledger: readonly LedgerSum[],
  results: readonly ReportResult[],
): string[] {
  const states: string[] = []
  const sums = sumsOf(rows)
  const misses = ({ rule, result }: ReportResult) => result === 'fail' && rule !== undefined
  if (sums.uncovered > 0 || results.some((one) => one.category === coverage && misses(one)))
    states.push('uncovered')
  if (sums['never-admitted'] > 0) states.push('never-admitted')
  if (sums.unbound > 0) states.push('unbound')
  if (ledger.some(({ verdict }) => verdict === 'denied')) states.push('denied')
  if (ledger.some(({ verdict }) => verdict === 'wouldDeny')) states.push('would-deny')
  const isFine = states.length === 0 && rows.length > 0 && sums.covered === rows.length
  return isFine ? ['covered'] : states
}

/** What a report says of one of its states, for an Event. */
export function detailOf({ results }: Pick<ReportBody, 'results'>, state: string): string {
  const isOf: Readonly<Record<string, (one: ReportResult) => boolean>> = {
    uncovered: ({ category, result }) => category === coverage && result === 'fail',
    denied: ({ properties }) => properties?.['verdict'] === 'denied',
    'would-deny': ({ properties }) => properties?.['verdict'] === 'wouldDeny',
  }
  return results.find(isOf[state] ?? (({ rule }) => rule === state))?.message ?? ''
}

// --- admission

const runtime = 'Runtime enforcement'

/** `uncovers`: the workload goes around its sidecar by it; else it is a risk. */
export function uncovers({ id }: Pick<AdmissionFinding, 'id'>, reasons: ReadonlySet<string>) {
  const entry = Object.hasOwn(catalogue, id) ? catalogue[id as keyof typeof catalogue] : null
  // A check of a policy's own is not in the catalogue.
  return (
    reasons.has(id) || entry === null || (entry.effect !== 'risk' && entry.effect !== 'unknown')
  )
}

function admissionResults(template: Admission | null, pods: readonly LiveRecord[]): ReportResult[] {
  const found = new Map<string, { finding: AdmissionFinding; pods: number; predicted: boolean }>()
  const verdicts = new Map<string, { mesh: string; verdict: string; pods: number }>()
  const reasons = new Set<string>()
  const take = (admission: Admission | null, isPod: boolean) => {
    for (const { mesh, verdict, reason } of admission?.rows ?? []) {
      if (reason !== null && verdict !== 'unknown' && verdict !== 'exempted') reasons.add(reason)
      if (mesh === null || (verdict !== 'covered' && verdict !== 'exempted')) continue
      const key = `${mesh} ${verdict}`
      const row = verdicts.get(key) ?? { mesh, verdict, pods: 0 }
      row.pods += isPod ? 1 : 0
      verdicts.set(key, row)
    }
    for (const finding of admission?.findings ?? []) {
      const key = JSON.stringify([finding.id, finding.mesh, finding.message])
      const row = found.get(key) ?? { finding, pods: 0, predicted: false }
      if (isPod) row.pods += 1
      else row.predicted = true
      found.set(key, row)
    }
  }
  take(template, false)
  for (const { admission } of pods) take(admission, true)
  const results = [...found.values()].map((row): ReportResult => {
    const { id, mesh, severity, message, remedy, path } = row.finding
    const isUnknown = id === 'no-mesh'
    const result = isUnknown ? 'skip' : uncovers(row.finding, reasons) ? 'fail' : 'warn'
    return resultOf(result, coverage, mesh === '' ? 'policy-check' : mesh, id, message, severity, {
      pods: String(row.pods),
      basis: row.pods > 0 ? 'verified' : 'predicted',
      ...(path === '' ? {} : { path }),
      remedy,
    })
  })
  const failures = new Set(
    [template, ...pods.map(({ admission }) => admission)].map((one) => one?.failed ?? null),
  )
  for (const failed of failures) {
    if (failed === null) continue
    results.push(resultOf('error', coverage, 'underpin', 'not-judged', failed, 'medium', {}))
  }
  for (const { mesh, verdict, pods: count } of verdicts.values()) {
    const isCovered = verdict === 'covered'
    const has = count > 0 ? 'has' : 'will have'
    const text = isCovered ? `${has} its ${mesh} sidecar` : `exempted from ${mesh}`
    const word = isCovered ? 'pass' : 'skip'
    const properties = { pods: String(count), basis: count > 0 ? 'verified' : 'predicted' }
    results.push(resultOf(word, coverage, mesh, verdict, text, 'info', properties))
  }
  return results
}

// --- the kernel

function kernelResults(rows: readonly JoinRow[]): ReportResult[] {
  if (rows.length === 0) return []
  const kernel = new Map<string, number>()
  for (const row of rows) kernel.set(row.kernel, (kernel.get(row.kernel) ?? 0) + 1)
  const policies = [...new Set(rows.flatMap((row) => row.policies))].sort()
  const sums = sumsOf(rows)
  const parts = [...kernel].sort().map(([state, count]) => `${count} ${state}`)
  const has = (state: string) => (kernel.get(state) ?? 0) > 0
  const word = has('unbound')
    ? 'fail'
    : has('pending')
      ? 'warn'
      : has('no-policy') || has('unseen')
        ? 'skip'
        : 'pass'
  const severity = word === 'fail' ? 'high' : word === 'warn' ? 'medium' : 'info'
  const properties: Record<string, string> = {
    ...Object.fromEntries([...kernel].map(([state, count]) => [state, String(count)])),
    ...Object.fromEntries(
      joinStates
        .filter((state) => sums[state] > 0)
        .map((state) => [`join-${state}`, String(sums[state])]),
    ),
    ...(policies.length === 0 ? {} : { policies: policies.join(', ') }),
  }
  const text = `containers that run, as the kernel treats them: ${parts.join(', ')}`
  return [resultOf(word, runtime, 'underpin', 'containers', text, severity, properties)]
}

function ledgerResult(sum: LedgerSum): ReportResult {
  const { policy, decision, verdict, count, first, last, subjects, containers } = sum
  const isDenied = verdict === 'denied'
  const times = count === 1 ? 'once' : `${count} times`
  const fate = isDenied ? 'denied' : 'would be denied if enforced'
  const made = resultOf(
    isDenied ? 'fail' : 'warn',
    runtime,
    policy ?? 'underpin',
    decision,
    `${whatText(sum)}: ${fate} (${times})`,
    isGrave(sum) ? 'high' : 'medium',
    {
      verdict,
      ...{ count: String(count), first, last, subjects: String(subjects) },
      ...(containers.length === 0 ? {} : { containers: containers.join(', ') }),
    },
  )
  const seconds = Math.floor(Date.parse(last) / 1000)
  return Number.isFinite(seconds) ? { ...made, timestamp: { seconds, nanos: 0 } } : made
}

function strayResult(row: JoinRow): ReportResult {
  const { state, container, namespace, pod, kernel, policies, admission } = row
  const who = pod === null ? `container ${container}` : `${container} of pod ${namespace}/${pod}`
  const why =
    state === 'unbound'
      ? 'runs in no subject of the kernel, so no policy decides for it'
      : admission.reason === 'beside-kubernetes'
        ? 'was started beside Kubernetes: no admission ever saw it'
        : 'runs, and the API server knows no such pod: no admission saw it'
  const word = state === 'unbound' || kernel === 'no-policy' ? 'fail' : 'warn'
  return resultOf(word, runtime, 'underpin', state, `${who} ${why}; kernel: ${kernel}`, 'high', {
    ...(row.id === null ? {} : { id: row.id }),
    kernel,
    ...(policies.length === 0 ? {} : { policies: policies.join(', ') }),
  })
}

function resultOf(
  result: ResultWord,
  category: string,
  policy: string,
  rule: string,
  message: string,
  severity: NonNullable<ReportResult['severity']>,
  properties: Record<string, string>,
): ReportResult {
  const bounded = Object.entries(properties).map(
    ([key, text]) => [key, cut(text, reportLimits.property)] as const,
  )
  return {
    ...{ policy: cut(policy, reportLimits.property), rule: cut(rule, reportLimits.property) },
    ...{ category, result, severity, message: cut(message, reportLimits.message) },
    ...(bounded.length === 0 ? {} : { properties: Object.fromEntries(bounded) }),
  }
}

/** By bytes, as the API server counts; never half a character. */
export function cut(text: string, most: number): string {
  const whole = text.toWellFormed()
  if (Buffer.byteLength(whole) <= most) return whole
  let kept = Buffer.from(whole)
    .subarray(0, most - 3)
    .toString()
  kept = kept.replace(/\uFFFD+$/, '')
  return `${kept}…`
}
