// SPDX-License-Identifier: Apache-2.0
// Reads the pinned maps: what was recorded, and what is in force on which subject. Needs no running agent.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LedgerRecord, Places, State, Tables } from '../../enforcer/src/index.ts'
import { execMechanism, type Enforcer, type ExecMechanism } from './enforcer.ts'

export interface Ledger {
  records: LedgerRecord[]
  rest: ReturnType<Enforcer['readRest']>
  /** Encrypted connections that a guard rail would have looked into. */
  unseen: ReturnType<Enforcer['readUnseen']>
  counters: Record<string, number>
  /** Policies that the kernel knows, whatever the files say now. */
  policies: KernelPolicy[]
  mechanism: ExecMechanism
}

export interface KernelPolicy {
  key: string
  mode: 'audit' | 'enforce'
}

/** Opens, reads and closes; `read` must not keep the tables. */
export function withTables<T>(enforcer: Enforcer, pins: string, read: (tables: Tables) => T): T {
  const tables = enforcer.openTables(pins)
  try {
    return read(tables)
  } finally {
    enforcer.closeTables(tables)
  }
}

export function readLedger(enforcer: Enforcer, { pins }: Places, state: State | null): Ledger {
  return withTables(enforcer, pins, (tables) => ({
    records: enforcer.readRecords(tables, podNames(state)),
    rest: enforcer.readRest(tables),
    unseen: enforcer.readUnseen(tables, podNames(state)),
    counters: enforcer.readCounters(tables.counters),
    policies: kernelPolicies(tables),
    mechanism: execMechanism(state, linksAt(pins)),
  }))
}

export const podNames = (state: State | null): Map<string, string> =>
  new Map(Object.entries(state?.pods ?? {}))

export function kernelPolicies(tables: Tables): KernelPolicy[] {
  return [...tables.policies.entries()]
    .filter(([, { gone }]) => gone === 0)
    .map(([, { key, enforce }]) => ({
      key,
      mode: enforce === 1 ? ('enforce' as const) : ('audit' as const),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Programs that are attached, or will be as soon as a policy asks for their decision. */
export const linksAt = (pins: string): string[] => [
  ...new Set(['links', 'programs'].flatMap((name) => namesIn(join(pins, name)))),
]

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** Nothing is pinned, so nothing is decided. */
export const isArmed = (pins: string): boolean =>
  existsSync(join(pins, 'maps')) && namesIn(join(pins, 'links')).length > 0
