// SPDX-License-Identifier: Apache-2.0
// What `kubectl get reports` shows of a workload in a few words: why it goes around its sidecar, and what the kernel does
// about it. Without counts, and in an order of its own, so that a report is not written for what merely happens again.
import { kernelStates, kernelTitles, type JoinRow } from './join.ts'
import { isGrave, whatText, type LedgerSum } from './ledger-sums.ts'
import { coverage, type ReportResult } from './report-shape.ts'

const mostReasons = 2

/** "optout-label-istio": reasons of containers that slip past, then what else admission has found. */
export function whyOf(rows: readonly JoinRow[], results: readonly ReportResult[]): string {
  const ofRows = rows.flatMap(({ state, admission: { reason } }) =>
    state === 'covered' || state === 'unknown' || reason === null ? [] : [reason],
  )
  const ofResults = results.flatMap(({ category, result, rule = '' }) =>
    category === coverage && result === 'fail' ? [rule] : [],
  )
  return some([...new Set([...ofRows, ...ofResults])], mostReasons, ', ')
}

/** "audited: would stop start of /tmp/.cache and 2 more". */
export function kernelOf(rows: readonly JoinRow[], ledger: readonly LedgerSum[]): string {
  const has = new Set(rows.map(({ kernel }) => kernel))
  const states = kernelStates.filter((state) => has.has(state)).map((state) => kernelTitles[state])
  const stops = [
    { verdict: 'denied', says: 'stopped' },
    { verdict: 'wouldDeny', says: 'would stop' },
  ].flatMap(({ verdict, says }) => {
    const whats = ledger
      .filter((sum) => sum.verdict === verdict)
      .map((sum) => ({ text: whatText(sum), rank: isGrave(sum) ? 0 : 1 }))
      .sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : 1))
    return whats.length === 0
      ? []
      : [`${says} ${some([...new Set(whats.map(({ text }) => text))], 1)}`]
  })
  return [states.join(', '), stops.join('; ')].filter((part) => part !== '').join(': ')
}

function some(texts: readonly string[], most: number, between = ''): string {
  const more = texts.length - most
  return texts.slice(0, most).join(between) + (more > 0 ? ` and ${more} more` : '')
}
