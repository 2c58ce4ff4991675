// SPDX-License-Identifier: Apache-2.0
// Ledger rows → the report: a summary, and rows for people, grouped by subject and executable. What the kernel did to the
// packets of a connection is told in the row of that connection.
import { dirname } from 'node:path'
import type { LedgerRecord } from '../../enforcer/src/index.ts'
import { effectOf, triedText } from './activity.ts'
import { clean } from './clean-text.ts'
import type { ExecMechanism } from './enforcer.ts'
import { columns, counted, type Paint } from './screen.ts'

/** What became of it. `let through`: its policy was in audit then, and enforces now. */
export type Fate = 'would be' | 'was' | 'let through'

export interface Row extends LedgerRecord {
  fate: Fate
  /** Denied (or would-be denied) packets of the same connection. */
  packets: number
}

export interface Totals {
  rows: number
  times: number
}

export interface Summary {
  subjects: number
  wouldBeStopped: Totals
  stopped: Totals
  letThrough: Totals
}

/** `enforcing`: keys of the policies that enforce now. */
export function fateOf({ outcome, policy }: LedgerRecord, enforcing: ReadonlySet<string>): Fate {
  if (outcome === 'denied') return 'was'
  return policy !== null && enforcing.has(policy) ? 'let through' : 'would be'
}

export function rowsOf(records: readonly LedgerRecord[], enforcing: ReadonlySet<string>): Row[] {
  const rows: Row[] = []
  const calls = new Map<string, Row>()
  const packets: Row[] = []
  for (const record of records) {
    const row: Row = { ...record, fate: fateOf(record, enforcing), packets: 0 }
    if (record.hook === 'packet' && record.decision === 'egress' && !record.other) {
      packets.push(row)
      continue
    }
    rows.push(row)
    if (record.decision === 'egress' && !record.other) calls.set(connectionOf(row), row)
  }
  for (const row of packets) {
    const call = calls.get(connectionOf(row))
    if (!call) {
      rows.push(row)
      continue
    }
    call.packets += row.count
    if (row.first < call.first) call.first = row.first
    if (row.last > call.last) call.last = row.last
  }
  return rows.sort((a, b) => rank(a) - rank(b))
}

const fates: Fate[] = ['was', 'would be', 'let through']
const decisions: LedgerRecord['decision'][] = [
  'guard',
  'exec',
  'code',
  'privilege',
  'socket',
  'file',
  'egress',
  'ingress',
  'bind',
  'protocol',
]

/** What is the case now before what was; within that, in the order in which a program gets that far. */
const rank = ({ fate, decision }: Row): number =>
  fates.indexOf(fate) * decisions.length + decisions.indexOf(decision)

const connectionOf = ({ subject, executable, from, target, fate }: Row): string =>
  JSON.stringify([subject.id, executable, from, target, fate])

export function summarise(rows: readonly Row[]): Summary {
  const total = (fate: Fate): Totals => {
    const of = rows.filter((row) => row.fate === fate)
    return { rows: of.length, times: of.reduce((sum, { count }) => sum + count, 0) }
  }
  return {
    subjects: new Set(rows.map(({ subject }) => subject.id)).size,
    wouldBeStopped: total('would be'),
    stopped: total('was'),
    letThrough: total('let through'),
  }
}

export function summaryText({ subjects, wouldBeStopped, stopped, letThrough }: Summary): string {
  const times = ({ times }: Totals) => (times > 0 ? ` (${counted(times, 'time')})` : '')
  const be = ({ rows }: Totals) => (rows === 1 ? 'was' : 'were')
  const earlier =
    letThrough.rows > 0
      ? `, ${letThrough.rows} ${be(letThrough)} let through before${times(letThrough)}`
      : ''
  return (
    `${counted(subjects, 'subject')}, ${wouldBeStopped.rows} would be stopped${times(wouldBeStopped)}, ` +
    `${stopped.rows} ${be(stopped)} stopped${times(stopped)}${earlier}`
  )
}

/** Rows as people read them: subject, executable, then what it tried. */
export function reportLines(
  rows: readonly Row[],
  mechanism: ExecMechanism,
  paint: Paint,
  now = new Date(),
): string[] {
  const lines: string[] = []
  for (const [subject, ofSubject] of groupBy(rows, ({ subject }) => subject.id)) {
    if (lines.length > 0) lines.push('')
    const first = ofSubject[0] as Row
    lines.push(paint('bold', subjectText(first.subject, subject)))
    const cells: string[][] = []
    const heads: { at: number; text: string }[] = []
    for (const [, ofExe] of groupBy(ofSubject, (row) =>
      JSON.stringify([row.executable, row.from, row.other]),
    )) {
      heads.push({ at: cells.length, text: whoText(ofExe[0] as Row) })
      for (const row of ofExe) cells.push(rowCells(row, mechanism, paint, now))
    }
    const body = columns(cells, [2])
    for (const [i, line] of body.entries()) {
      const head = heads.find(({ at }) => at === i)
      if (head) lines.push(`  ${head.text}`)
      lines.push(`    ${line}`)
    }
  }
  return lines
}

export function subjectText({ scope, name, cgroup }: LedgerRecord['subject'], id: string): string {
  const kind = kinds[scope]
  if (cgroup === null) return `${kind} ${clean(shortName(name))}, cgroup ${id}`
  return `${kind} ${clean(shortName(name))}${scope === 'pod' ? '' : ` in ${clean(dirname(cgroup))}`}`
}

const kinds = { pod: 'pod', host: 'service', unmanaged: 'container', none: 'subject' } as const

/** Container ids are 64 digits; their first 12 tell them apart, as everywhere else. */
const shortName = (name: string): string => name.replace(/[0-9a-f]{64}/g, (id) => id.slice(0, 12))

export function whoText({ executable, from, other }: LedgerRecord): string {
  if (other) return 'any executable'
  const by = from === null ? '' : `, started by ${clean(from)}`
  return `${clean(executable ?? '(an executable without a known path)')}${by}`
}

function rowCells(row: Row, mechanism: ExecMechanism, paint: Paint, now: Date): string[] {
  const { done } = effectOf(row, mechanism)
  const fate = row.fate === 'let through' ? 'was let through' : `${row.fate} ${done}`
  const colour = row.fate === 'was' ? 'red' : row.fate === 'would be' ? 'yellow' : 'dim'
  const packets = row.packets > 0 ? ` and ${counted(row.packets, 'packet')}` : ''
  return [
    paint(colour, fate),
    triedText(row) + packets,
    `${row.count}×`,
    span(row.first, row.last, now),
    [row.policy === null ? null : shortKey(row.policy), row.rule]
      .filter((part) => part !== null)
      .map(clean)
      .join(' ') || (row.decision === 'guard' ? '(built in)' : '(no policy)'),
  ]
}

/** Without its kind, as underpin promote takes it. */
const shortKey = (key: string): string => key.slice(key.indexOf('/') + 1)

/** UTC. The day only where it is not today. */
export function span(first: string, last: string, now: Date): string {
  const today = now.toISOString().slice(0, 10)
  const at = (time: string) =>
    time.startsWith(today) ? time.slice(11, 19) : time.slice(0, 16).replace('T', ' ')
  return at(first) === at(last) ? at(first) : `${at(first)} – ${at(last)}`
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}
