// SPDX-License-Identifier: Apache-2.0
// Ledger rows in words, from tables that are plain maps here.
import { describe, expect, it } from 'vitest'
import * as abi from '../kernel/abi.gen.ts'
import { decode, encode } from '../kernel/codec.ts'
import type { Tables } from '../kernel/maps.ts'
import { Describer, readRecords, readRest } from './records.ts'

type Row = [key: object, value: object]
const name = (key: object) =>
  JSON.stringify(key, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v))
const table = (...rows: Row[]) => ({
  get: (key: object) => rows.find(([k]) => name(k) === name(key))?.[1],
  entries: () => rows.values(),
})
const ledgerKey = (key: Partial<abi.LedgerKey>) => decode(abi.ledgerKey, encode(abi.ledgerKey, key))
const ledgerRow = (row: Partial<abi.LedgerRow>) => decode(abi.ledgerRow, encode(abi.ledgerRow, row))
const uid = 'ab'.repeat(16)

function tables(...ledger: Row[]): Tables {
  return {
    ledger: table(...ledger),
    ledger_rest: table([{ value: 1 * 3 + abi.Outcome.DENIED }, { value: 9n }]),
    subject_names: table(
      [
        { value: 1n },
        { scope: abi.Scope.POD, uid: Buffer.from(uid, 'hex'), cgroup: `/kubepods/pod${uid}` },
      ],
      [
        { value: 2n },
        { scope: abi.Scope.HOST, uid: new Uint8Array(16), cgroup: '/system.slice/nginx.service' },
      ],
    ),
    names: table(
      [{ value: 7n }, { text: '/usr/bin/curl', length: 13, state: abi.PathState.RESOLVED }],
      [{ value: 8n }, { text: 'x'.repeat(255), length: 900, state: abi.PathState.RESOLVED }],
      [{ value: 9n }, { text: '/tmp/m', length: 6, state: abi.PathState.DELETED }],
    ),
    policies: table([{ value: 3 }, { key: 'RuntimePolicy/shop/web', enforce: 1 }]),
    rules: table([
      { ruleset: 1, rule: 4 },
      { policy: 3, path: 'spec.deny[0]' },
    ]),
  } as unknown as Tables
}

describe('records', () => {
  it('an attack on Underpin itself, for each that the kernel tells of: no policy, no address', () => {
    const attacked = Object.values(abi.Attacked).map((port) => {
      const key = ledgerKey({
        subject: 2n,
        decision: abi.Decision.GUARD,
        outcome: abi.Outcome.DENIED,
        hook: abi.Hook.GUARD,
        port,
      })
      const [record] = readRecords(tables([key, ledgerRow({ count: 2n })]))
      expect(record).toMatchObject({ decision: 'guard', hook: 'guard', target: null, policy: null })
      expect(record).toMatchObject({ outcome: 'denied', count: 2, rule: null })
      return record?.attacked?.replace('-', '_').toUpperCase()
    })
    expect(attacked).toEqual(Object.keys(abi.Attacked))
  })

  it('an address that was asked for', () => {
    const key = ledgerKey({
      subject: 1n,
      policy: 3,
      rule: 4,
      decision: abi.Decision.EGRESS,
      outcome: abi.Outcome.DENIED,
      hook: abi.Hook.CONNECT,
      protocol: 6,
      family: 4,
      port: 443,
      address: Uint8Array.of(10, 0, 0, 1),
    })
    const [record] = readRecords(
      tables([key, ledgerRow({ count: 5n, exe: 7n, pid: 12 })]),
      new Map([[uid, 'shop/web-0']]),
    )
    expect(record).toMatchObject({
      subject: { scope: 'pod', name: 'shop/web-0', pod: uid },
      executable: '/usr/bin/curl',
      from: null,
      decision: 'egress',
      hook: 'connect',
      outcome: 'denied',
      count: 5,
      target: { protocol: 'TCP', address: '10.0.0.1', port: 443 },
      policy: 'RuntimePolicy/shop/web',
      rule: 'spec.deny[0]',
      pid: 12,
      other: false,
    })
  })
  it.each<[string, Partial<abi.LedgerKey>, object | null]>([
    ['exec has none', { decision: abi.Decision.EXEC }, null],
    [
      'bind has a port only',
      { decision: abi.Decision.BIND, protocol: 17, family: 4, port: 53 },
      { protocol: 'UDP', address: null, port: 53 },
    ],
    [
      'ICMP has no port',
      {
        decision: abi.Decision.EGRESS,
        protocol: 58,
        family: 6,
        address: new Uint8Array(16).fill(1, 15),
      },
      { protocol: 'ICMP', address: '::1', port: null },
    ],
    [
      'a protocol without a name',
      {
        decision: abi.Decision.EGRESS,
        protocol: 47,
        family: 4,
        address: Uint8Array.of(1, 2, 3, 4),
      },
      { protocol: '47', address: '1.2.3.4', port: 0 },
    ],
    ['nothing is known of the rest', { decision: abi.Decision.EGRESS, other: 1 }, null],
  ])('target: %s', (_, key, expected) => {
    const record = new Describer(tables()).record(ledgerKey(key), ledgerRow({}))
    expect(record.target).toEqual(expected)
  })
  it.each([
    [17, 'packet'],
    [64 + 9, 'netlink-audit'],
    [96, 'network-admin'],
    [97, 'raw'],
    [63, 'family 63'],
    [64 + 30, 'netlink protocol 30'],
  ])('way to talk %d: %s', (port, socket) => {
    const key = ledgerKey({ decision: abi.Decision.SOCKET, hook: abi.Hook.SOCKET, port })
    expect(new Describer(tables()).record(key, ledgerRow({}))).toMatchObject({
      ...{ decision: 'socket', hook: 'socket', socket, target: null },
    })
  })
  it('names: cut in front, deleted, and lost', () => {
    const describer = new Describer(tables())
    expect(describer.path(8n)).toMatch(/^…x{255}$/)
    expect(describer.path(9n)).toBe('/tmp/m (deleted)')
    expect(describer.path(77n)).toBeNull()
    expect(describer.subject(2n)).toMatchObject({ scope: 'host', name: 'nginx.service' })
    expect(describer.subject(5n).name).toBe('cgroup 5')
  })
  it('nothing allowed it: the list of processes is to blame', () => {
    const key = ledgerKey({ policy: 3, rule: abi.RuleBlame.RULE_NONE })
    expect(new Describer(tables()).record(key, ledgerRow({})).rule).toBe('spec.processes')
  })
  it('times count from boot', () => {
    const describer = new Describer(tables(), new Map(), Date.parse('2026-01-02T00:00:00Z'), 3600)
    expect(describer.time(60_000_000_000n)).toBe('2026-01-01T23:01:00.000Z')
  })
  it('what found no row at all', () => {
    expect(readRest(tables())).toEqual([{ decision: 'egress', outcome: 'denied', count: 9 }])
  })
})
