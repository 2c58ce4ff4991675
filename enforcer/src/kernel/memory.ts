// SPDX-License-Identifier: Apache-2.0
// What our maps and programs take of the kernel's memory, and what a subject and a rule take of it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { chargedFd, programsInForce } from './in-force.ts'
import * as bpf from './libbpf.ts'
import { closeTables, openTables, type Table, type Tables } from './maps.ts'

export interface KernelMemory {
  /** As the kernel charges them; before Linux 6.4 some as if they were full. */
  mapBytes: number
  /** Instructions, both as loaded and as translated. */
  programBytes: number
  /** By what they are about: how many, and what all their rows take, as the allocator hands them out. */
  subjects: Rows
  policies: Rows
  /** A rule of a policy takes one for what it says of each program, address, port, file and privilege. */
  rules: Rows
}

export interface Rows {
  count: number
  bytesEach: number
}

/** A subject's own row, its name, its cgroups and processes. */
const ofSubjects = [
  'cgroups',
  'subjects',
  'subject_names',
  'pods',
  'processes',
  'runtimes',
  'subject_sets',
] as const
const ofRules = ['rules', 'exes', 'addresses', 'ports', 'files', 'privileges'] as const

/** Of what is in force at `pins`. */
export function kernelMemory(pins: string): KernelMemory {
  const tables = openTables(pins)
  try {
    return { mapBytes: mapBytes(pins), programBytes: programBytes(pins), ...rowsOf(tables) }
  } finally {
    closeTables(tables)
  }
}

function rowsOf(tables: Tables): Pick<KernelMemory, 'subjects' | 'policies' | 'rules'> {
  const table = (name: keyof Tables) => tables[name] as Table<unknown, unknown>
  const rows = (about: readonly (keyof Tables)[], counted: readonly (keyof Tables)[]): Rows => {
    const count = counted.reduce((sum, name) => sum + table(name).size(), 0)
    const bytes = about.reduce((sum, name) => sum + table(name).size() * rowSize(table(name).fd), 0)
    return { count, bytesEach: count === 0 ? 0 : bytes / count }
  }
  return {
    subjects: rows(ofSubjects, ['subjects']),
    policies: rows(['policies', 'rulesets'], ['policies']),
    rules: rows(ofRules, ofRules),
  }
}

const lpmTrie = 11

/** Bytes of one row of a map without preallocation, as the allocator hands them out. */
function rowSize(fd: number): number {
  const info = bpf.objectInfo(fd, 80)
  return slabOf(
    info.readUInt32LE(0) === lpmTrie ? 'trie' : 'hash',
    info.readUInt32LE(8),
    info.readUInt32LE(12),
  )
}

/**
 * kernel/bpf/hashtab.c: 48 bytes, then key and value, each filled up to eight; kernel/bpf/lpm_trie.c: 40 bytes, the key
 * without its length, the value, and at most one node without a value beside it. The allocator of programs
 * (kernel/bpf/memalloc.c, since 6.1) adds eight; what it takes from has these sizes.
 */
export function slabOf(kind: 'hash' | 'trie', key: number, value: number): number {
  if (kind === 'trie') return sizeClass(40 + key - 4 + value) + sizeClass(40 + key - 4)
  return sizeClass(48 + fill(key) + fill(value) + 8)
}

const fill = (bytes: number) => Math.ceil(bytes / 8) * 8
const sizeClasses = [16, 32, 64, 96, 128, 192]
const sizeClass = (bytes: number) =>
  sizeClasses.find((size) => bytes <= size) ?? 2 ** Math.ceil(Math.log2(bytes))

export function mapBytes(pins: string): number {
  let sum = 0
  for (const name of readdirSync(join(pins, 'maps'))) sum += charged(join(pins, 'maps', name))
  return sum
}

/** What the kernel charges for something pinned. */
export function charged(pin: string): number {
  const fd = bpf.openPin(pin)
  try {
    return chargedFd(fd)
  } finally {
    bpf.closeFd(fd)
  }
}

/** Those that are attached, and those that wait until a policy asks for them. */
const programBytes = (pins: string): number =>
  programsInForce(pins).reduce((sum, { charged, translated }) => sum + charged + translated, 0)
