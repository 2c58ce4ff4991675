// SPDX-License-Identifier: Apache-2.0
// Events when something becomes or ceases to be the case, never again and again; bounded, since a first install finds
// thousands of things at once. Limits as in k8s.io/api v0.36 events/v1.

import { randomBytes } from 'node:crypto'
import { reasonOf, type Cluster, type Counter, type Log } from '../../runtime/src/index.ts'
import { cut } from './report.ts'

export type Happening = {
  type: 'Normal' | 'Warning'
  reason: string
  note: string
}

export type Regarding = {
  apiVersion: string
  kind: string
  namespace?: string
  name: string
  uid?: string
}

const begins: Readonly<Record<string, { reason: string; note: string }>> = {
  uncovered: { reason: 'SidecarBypassed', note: 'runs, or will run, without its sidecar' },
  'never-admitted': { reason: 'NeverAdmitted', note: 'containers run that no admission ever saw' },
  unbound: { reason: 'Unbound', note: 'containers run in no subject of the kernel' },
  denied: { reason: 'Denied', note: 'policy denied something' },
  'would-deny': {
    reason: 'WouldDeny',
    note: 'enforcing the policies in audit would stop something',
  },
}
const ends: Readonly<Record<string, { reason: string; note: string }>> = {
  uncovered: { reason: 'SidecarRestored', note: 'every pod has its sidecar again' },
  'never-admitted': { reason: 'StrayGone', note: 'what no admission saw does not run any more' },
  unbound: { reason: 'Bound', note: 'every container is in a subject of the kernel again' },
}

/** What to tell when a report's state becomes another. `detail`: what the report says of a state, in a sentence. */
export function happenings(
  before: readonly string[],
  after: readonly string[],
  detail: (state: string) => string,
): Happening[] {
  const [was, is] = [new Set(before), new Set(after)]
  return [
    ...after.flatMap((state): Happening[] => {
      const told = begins[state]
      if (was.has(state) || told === undefined) return []
      const more = detail(state)
      const note = cut(more === '' ? told.note : `${told.note}: ${more}`, 1000)
      return [{ type: 'Warning', reason: told.reason, note }]
    }),
    ...before.flatMap((state): Happening[] => {
      const told = ends[state]
      return is.has(state) || told === undefined ? [] : [{ type: 'Normal', ...told }]
    }),
  ]
}

export type EventOptions = {
  cluster: Cluster
  log: Log
  identity: string
  signal: AbortSignal
  written: Counter
  /** At once, and then a second. */
  burst?: number
  perSecond?: number
}

export type Teller = (regarding: Regarding, what: Happening, report?: Regarding) => void

export function eventTeller(options: EventOptions): Teller {
  const { cluster, log, signal, written, burst = 50, perSecond = 1 } = options
  let room = burst
  let at = performance.now()
  return (regarding, { type, reason, note }, related) => {
    const now = performance.now()
    room = Math.min(burst, room + ((now - at) / 1000) * perSecond)
    at = now
    // The report says it all the same.
    if (room < 1 || signal.aborted) return written.add({ outcome: 'held-back' })
    room -= 1
    const namespace = regarding.namespace ?? 'default'
    const body = {
      ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event' },
      metadata: {
        name: `${regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`,
        namespace,
      },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      reportingController: 'underpin.dev/controller',
      reportingInstance: cut(options.identity, 128),
      ...{ action: 'Report', type, reason, note, regarding },
      ...(related === undefined ? {} : { related }),
    }
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`
    cluster.send({ method: 'POST', path, body, signal }).then(
      ({ status }) => {
        written.add({ outcome: status < 300 ? 'written' : 'refused' })
        if (status >= 300) log.warn({ status, namespace, reason }, 'event was refused')
      },
      (error: unknown) => {
        written.add({ outcome: 'failed' })
        if (!signal.aborted) log.warn({ reason: reasonOf(error) }, 'event could not be written')
      },
    )
  }
}
