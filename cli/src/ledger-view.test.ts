// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import type { LedgerRecord } from '../../enforcer/src/index.ts'
import { effectOf, triedText } from './activity.ts'
import { reportLines, rowsOf, span, summarise, summaryText } from './ledger-view.ts'
import { quietScreen } from './screen.ts'
import { specimen } from './specimen.ts'

const { paint } = quietScreen()
const now = new Date('2030-01-02T12:00:00Z')
const connect: Partial<LedgerRecord> = {
  decision: 'egress',
  hook: 'connect',
  target: { protocol: 'TCP', address: '10.0.0.9', port: 4444 },
}

test('packets of a connection are told in its row, others in their own', () => {
  const rows = rowsOf(
    [
      specimen({ ...connect, hook: 'packet', count: 7, last: '2030-01-02T11:00:00.000Z' }),
      specimen(connect),
      specimen({ ...connect, hook: 'packet', outcome: 'denied', count: 2 }),
    ],
    new Set(),
  )
  expect(rows.map(({ fate, hook, count, packets }) => [fate, hook, count, packets])).toEqual([
    ['was', 'packet', 2, 0],
    ['would be', 'connect', 1, 7],
  ])
  expect(rows[1]?.last).toBe('2030-01-02T11:00:00.000Z')
})

test('what a policy let through before it enforced is told apart', () => {
  const rows = rowsOf(
    [specimen({ count: 3 }), specimen({ outcome: 'denied' })],
    new Set(['RuntimePolicy/shop/a']),
  )
  expect(rows.map(({ fate }) => fate)).toEqual(['was', 'let through'])
  expect(summaryText(summarise(rows))).toBe(
    '1 subject, 0 would be stopped, 1 was stopped (1 time), 1 was let through before (3 times)',
  )
})

test('rows as people read them', () => {
  const rows = rowsOf(
    [
      specimen(connect),
      specimen({ ...connect, hook: 'packet', count: 2 }),
      specimen({}),
      specimen({ executable: '/tmp/\u001b[31mx', from: null, count: 12 }),
    ],
    new Set(),
  )
  expect(reportLines(rows, 'signal', paint, now)).toEqual([
    'pod shop/web-1',
    '  /opt/miner, started by /bin/sh',
    '    would be killed   exec                                         1×  10:00:00  shop/a spec.processes',
    '    would be refused  connect to 10.0.0.9:4444/TCP and 2 packets   1×  10:00:00  shop/a spec.processes',
    '  /tmp/\\x1b[31mx',
    '    would be killed   exec                                        12×  10:00:00  shop/a spec.processes',
  ])
})

test.each([
  [{ decision: 'exec' } as const, 'exec'],
  [connect, 'connect to 10.0.0.9:4444/TCP'],
  [{ ...connect, hook: 'packet' } as const, 'open connection to 10.0.0.9:4444/TCP (packets)'],
  [
    { ...connect, hook: 'sendmsg', target: { protocol: 'UDP', address: '::1', port: 53 } } as const,
    'send to [::1]:53/UDP',
  ],
  [
    {
      ...connect,
      hook: 'packet',
      target: { protocol: 'ICMP', address: '10.0.0.9', port: null },
    } as const,
    'packets to 10.0.0.9 ICMP',
  ],
  [
    { ...connect, decision: 'ingress', hook: 'packet' } as const,
    'packets from 10.0.0.9 on port 4444/TCP',
  ],
  [
    {
      ...connect,
      decision: 'bind',
      hook: 'bind',
      target: { protocol: 'TCP', address: null, port: 80 },
    } as const,
    'listen on port 80/TCP',
  ],
  [
    { ...connect, decision: 'protocol', hook: 'packet' } as const,
    'mining handshake with 10.0.0.9:4444/TCP',
  ],
])('%j is told as "%s"', (given, text) => {
  expect(triedText(specimen(given))).toBe(text)
})

test('what enforcing does depends on the mechanism', () => {
  expect(effectOf(specimen({}), 'signal').does).toBe(
    'kills the process before its first instruction',
  )
  expect(effectOf(specimen({}), 'lsm').does).toBe('denies the exec')
  expect(effectOf(specimen(connect), 'lsm').does).toBe('refuses the connection')
  expect(effectOf(specimen({ ...connect, hook: 'packet' }), 'lsm').done).toBe('cut')
  const datagram = {
    ...connect,
    hook: 'packet',
    target: { protocol: 'UDP', address: '::1', port: 53 },
  } as const
  expect(effectOf(specimen(datagram), 'lsm').does).toBe('drops the packets')
})

test('times are short where they are of today', () => {
  expect(span('2030-01-02T10:00:00.1Z', '2030-01-02T10:00:00.9Z', now)).toBe('10:00:00')
  expect(span('2030-01-01T10:00:00.1Z', '2030-01-02T10:00:00.9Z', now)).toBe(
    '2030-01-01 10:00 – 10:00:00',
  )
})
