// SPDX-License-Identifier: Apache-2.0
// Flows as lines: who with whom, how much; and which of them moved since the last look.
import type { Flow } from '../../enforcer/src/index.ts'
import { clean } from './clean-text.ts'
import { columns } from './screen.ts'

export const keyOf = ({ subject, executable, pid, direction, target }: Flow): string =>
  JSON.stringify([subject.id, executable, pid, direction, target])

/** Those with other packets than at the last look, which is `before`, by key. */
export function moved(flows: readonly Flow[], before: Map<string, number>): Flow[] {
  return flows.filter((flow) => {
    const key = keyOf(flow)
    const packets = flow.sent.packets + flow.heard.packets
    const changed = before.get(key) !== packets
    before.set(key, packets)
    return changed
  })
}

/** Processes of one program that talk with the same other end: one. In the order of most bytes. */
export function summed(flows: readonly Flow[]): Flow[] {
  const sums = new Map<string, Flow>()
  for (const flow of flows) {
    const key = keyOf({ ...flow, pid: null })
    const sum = sums.get(key)
    sums.set(key, sum ? added(sum, flow) : flow)
  }
  const bytes = ({ sent, heard }: Flow) => sent.bytes + heard.bytes
  return [...sums.values()].sort((a, b) => bytes(b) - bytes(a))
}

const both = (a: Flow['sent'], b: Flow['sent']): Flow['sent'] => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
})
const added = (a: Flow, b: Flow): Flow => ({
  ...a,
  pid: a.pid === b.pid ? a.pid : null,
  connections: a.connections + b.connections,
  sent: both(a.sent, b.sent),
  heard: both(a.heard, b.heard),
  first: a.first < b.first ? a.first : b.first,
  last: a.last > b.last ? a.last : b.last,
})

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** 1.2 kB: thousands, with one digit where that says something. */
export function bytesText(bytes: number): string {
  const power = Math.min(
    units.length - 1,
    Math.max(0, Math.floor((String(Math.trunc(bytes)).length - 1) / 3)),
  )
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[power] ?? 'B'}`
}

function whereText({ target, direction }: Flow): string {
  if (target === null) return 'everything else (no room for rows of their own)'
  const { protocol, port } = target
  const address = target.address ?? 'an unknown address'
  const host = address.includes(':') ? `[${address}]` : address
  const named = port === null || port === 0 ? '' : `:${port}`
  return direction === 'out'
    ? `→ ${host}${named}/${protocol}`
    : `← ${host} at ${named || 'no port'}/${protocol}`
}

export const cellsOf = (flow: Flow): string[] => [
  clean(flow.subject.name).slice(0, 48),
  `${clean(flow.executable ?? '?')}${flow.pid === null ? '' : ` (${flow.pid})`}`,
  whereText(flow),
  `${flow.connections}×`,
  `sent ${bytesText(flow.sent.bytes)}`,
  `in ${flow.sent.packets}`,
  `heard ${bytesText(flow.heard.bytes)}`,
  `in ${flow.heard.packets}`,
]

/** A table; connections and packets to the right. */
export const flowLines = (flows: readonly Flow[]): string[] =>
  columns(flows.map(cellsOf), [3, 4, 5, 6, 7]).map((line) => `  ${line}`)
