// SPDX-License-Identifier: Apache-2.0
// The pinned maps as typed tables. Opening them needs bpffs only: report, status and disarm work without an agent.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import * as abi from './abi.gen.ts'
import { decode, encode, type Layout } from './codec.ts'
import * as bpf from './libbpf.ts'

/** Walking a map that others write to can be sent back to its start; this bounds it. */
const maxWalk = 1_000_000
/** Taken from a map at a time. */
const batchRows = 1024

export class Table<K, V> {
  readonly name: string
  readonly fd: number
  private readonly key: Layout<K>
  private readonly value: Layout<V>

  constructor(name: string, fd: number, key: Layout<K>, value: Layout<V>) {
    this.name = name
    this.fd = fd
    this.key = key
    this.value = value
  }

  get(key: Partial<K>): V | undefined {
    const value = Buffer.alloc(this.value.size)
    return bpf.lookup(this.fd, encode(this.key, key), value) ? decode(this.value, value) : undefined
  }

  set(key: Partial<K>, value: Partial<V>, flags = 0n): void {
    bpf.update(this.fd, this.name, encode(this.key, key), encode(this.value, value), flags)
  }

  delete(key: Partial<K>): boolean {
    return bpf.remove(this.fd, this.name, encode(this.key, key))
  }

  *keys(): Generator<K> {
    for (const [key] of this.rows().values()) yield decode(this.key, key)
  }

  /** As they were when this was asked for: rows may be deleted meanwhile. */
  *entries(): Generator<[K, V]> {
    for (const [key, value] of this.rows().values())
      yield [decode(this.key, key), decode(this.value, value)]
  }

  size(): number {
    return this.rows().size
  }

  /** Key and value of each row, once. */
  private rows(): Rows {
    return this.inBatches() ?? this.oneByOne()
  }

  /** Null where this kernel cannot: some maps before Linux 5.13, and prefix tries of some after. */
  private inBatches(): Rows | null {
    const rows: Rows = new Map()
    let room = batchRows
    let from: Buffer | null = null
    // A hash's place is a number of four bytes, another map's a key.
    const places = [0, 1].map(() => Buffer.alloc(Math.max(4, this.key.size)))
    for (let i = 0; i < maxWalk; i++) {
      const to = places[i % 2] as Buffer
      const keys = Buffer.alloc(room * this.key.size)
      const values = Buffer.alloc(room * this.value.size)
      const taken = bpf.lookupBatch(this.fd, { from, to, keys, values, room })
      if (taken === null) return null
      if (taken === 'small') {
        room *= 2 // more rows in one place of the hash than there was room for
        continue
      }
      for (let n = 0; n < taken.count; n++) {
        const key = keys.subarray(n * this.key.size, (n + 1) * this.key.size)
        const value = values.subarray(n * this.value.size, (n + 1) * this.value.size)
        rows.set(key.toString('latin1'), [key, value])
      }
      if (taken.done) return rows
      from = to
    }
    return rows
  }

  /** A walk starts again when its row is deleted under it. Keys first, then values. */
  private oneByOne(): Rows {
    const rows: Rows = new Map()
    const keys = new Map<string, Buffer>()
    let previous: Buffer | null = null
    for (let i = 0; i < maxWalk; i++) {
      const next: Buffer = Buffer.alloc(this.key.size)
      if (!bpf.nextKey(this.fd, previous, next)) break
      keys.set(next.toString('latin1'), next)
      previous = next
    }
    for (const [text, key] of keys) {
      const value = Buffer.alloc(this.value.size)
      if (bpf.lookup(this.fd, key, value)) rows.set(text, [key, value])
    }
    return rows
  }
}

type Rows = Map<string, [key: Buffer, value: Buffer]>

const u32: Layout<{ value: number }> = {
  name: 'u32',
  size: 4,
  fields: [{ name: 'value', offset: 0, is: 'u32' }],
}
const u64: Layout<{ value: bigint }> = {
  name: 'u64',
  size: 8,
  fields: [{ name: 'value', offset: 0, is: 'u64' }],
}

const layouts = {
  control: [u32, abi.control],
  flags: [u32, u32],
  cgroups: [u64, abi.cgroupRow],
  subjects: [u64, abi.subjectRow],
  subject_names: [u64, abi.subjectName],
  bindings: [u32, abi.bindingRow],
  pods: [abi.podKey, abi.podRow],
  rulesets: [u32, abi.rulesetRow],
  policies: [u32, abi.policyRow],
  rules: [abi.ruleKey, abi.ruleRow],
  exes: [abi.exeKey, abi.exeRow],
  addresses: [abi.addressKey, abi.ruleBits],
  ports: [abi.portKey, abi.ruleBits],
  files: [abi.exeKey, abi.fileRow],
  privileges: [abi.privilegeKey, abi.ruleBits],
  peers: [abi.peerKey, abi.peerRow],
  places: [abi.placeKey, abi.placeRow],
  identities: [abi.identityKey, abi.ruleBits],
  images: [u64, abi.imageRow],
  grants: [abi.grantKey, abi.ruleBits],
  processes: [u32, abi.processRow],
  subject_sets: [u64, abi.subjectSet],
  runtimes: [u32, abi.runtimeRow],
  strays: [u32, u64],
  ledger: [abi.ledgerKey, abi.ledgerRow],
  ledger_rest: [u32, u64],
  names: [u64, abi.nameRow],
  unseen: [abi.unseenKey, abi.unseenRow],
  automaton: [u32, abi.automatonRow],
  name_rules: [abi.exeKey, abi.ruleBits],
  dns_addresses: [abi.dnsAddressKey, abi.dnsAddressRow],
  dns_turns: [u64, abi.dnsTurnRow],
  dns_places: [abi.dnsPlaceKey, abi.dnsAddressKey],
  dns_questions: [abi.dnsQuestionKey, abi.dnsQuestionRow],
  dns_texts: [u64, abi.dnsText],
  dns_resolvers: [abi.dnsResolverKey, u32],
  dns_settings: [u32, abi.dnsTimes],
  guard: [u32, abi.guardRow],
  guarded: [abi.guardedKey, u32],
} as const

type Layouts = typeof layouts
export type Tables = {
  [N in keyof Layouts]: Layouts[N] extends readonly [Layout<infer K>, Layout<infer V>]
    ? Table<K, V>
    : never
} & { counters: number; events: number; observed: number }

/** Every map that is pinned, in the order in which pins are made. */
export const mapNames = [
  ...Object.keys(layouts),
  'counters',
  'events',
  'observed',
  'sockets',
  'dns_streams',
] as const

export function openTables(pins: string): Tables {
  const folder = join(pins, 'maps')
  if (!existsSync(folder))
    throw new UnderpinError('kernel-object', {
      operation: 'open pinned maps',
      object: folder,
      found: 'nothing there',
      remedy: 'nothing is in force; start with: underpin enforce --policies DIR',
    })
  return tablesOf((name) => bpf.openPin(join(folder, name)))
}

export function tablesOf(fdOf: (name: string) => number): Tables {
  const tables = Object.entries(layouts).map(([name, [key, value]]) => {
    const fd = fdOf(name)
    requireLayout(name as keyof Layouts, fd)
    return [name, new Table(name, fd, key as Layout<unknown>, value as Layout<unknown>)]
  })
  return {
    ...Object.fromEntries(tables),
    counters: fdOf('counters'),
    events: fdOf('events'),
    observed: fdOf('observed'),
  } as Tables
}

/** The kernel writes a value of the map's size wherever it is told to, so sizes must be what we believe. */
export function requireLayout(name: keyof Layouts, fd: number): void {
  const [key, value] = layouts[name]
  const info = bpf.objectInfo(fd, 80)
  const found = { key: info.readUInt32LE(8), value: info.readUInt32LE(12) }
  if (found.key === key.size && found.value === value.size) return
  throw new UnderpinError('kernel-object', {
    operation: 'open bpf map',
    object: name,
    found: `keys of ${found.key} and values of ${found.value} bytes`,
    expected: `${key.size} and ${value.size}`,
    remedy:
      'pinned maps of another version: underpin disarm; an object of another version: npm run build',
  })
}

/** The table of what is guarded, alone. */
export const guardedTable = (fd: number): Tables['guarded'] =>
  new Table('guarded', fd, ...layouts.guarded)

export function closeTables(tables: Tables): void {
  for (const table of Object.values(tables))
    bpf.closeFd(typeof table === 'number' ? table : table.fd)
}

/** Sums over all CPUs, by the names of enum counter in lower case. */
export function readCounters(fd: number): Record<string, number> {
  const cpus = bpf.possibleCpus()
  const value = Buffer.alloc(8 * cpus)
  const out: Record<string, number> = {}
  for (const [name, index] of Object.entries(abi.Counter)) {
    if (name === 'COUNT') continue
    const key = Buffer.alloc(4)
    key.writeUInt32LE(index)
    let sum = 0n
    if (bpf.lookup(fd, key, value))
      for (let cpu = 0; cpu < cpus; cpu++) sum += value.readBigUInt64LE(cpu * 8)
    out[name.toLowerCase()] = Number(sum)
  }
  return out
}
