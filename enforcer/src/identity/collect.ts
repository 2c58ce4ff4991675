// SPDX-License-Identifier: Apache-2.0
// Images and names are interned in the kernel and never freed there. A container that runs ever new paths could fill
// their maps, and then new processes elsewhere would be unknown (which fails closed). So the agent takes out what
// nothing refers to, when a map is half full; an entry must be unreferenced twice in a row, since the kernel may just be
// about to refer to it.
import { SubjectBit } from '../kernel/abi.gen.ts'
import { Exist } from '../kernel/libbpf.ts'
import type { Table, Tables } from '../kernel/maps.ts'

/** Half of the maps' sizes in bpf/maps.bpf.h. */
const halves = { images: 8192, names: 16_384, subjectNames: 8192, subjectSets: 4096 }

/** What was unreferenced the last time. */
export interface Idle {
  images: ReadonlySet<bigint>
  names: ReadonlySet<bigint>
  subjectNames: ReadonlySet<bigint>
  subjectSets: ReadonlySet<bigint>
  virtualSubjects: ReadonlySet<bigint>
}

export const noneIdle: Idle = {
  images: new Set(),
  names: new Set(),
  subjectNames: new Set(),
  subjectSets: new Set(),
  virtualSubjects: new Set(),
}

export function collect(tables: Tables, before: Idle, limits = halves): Idle {
  const images = keysOf(tables.images)
  const names = keysOf(tables.names)
  const subjectNames = keysOf(tables.subject_names)
  const ledger = () => tables.ledger.entries()
  const carried = () => {
    const used = new Set([...tables.processes.entries()].map(([, { subject }]) => subject))
    for (const value of used)
      for (const one of tables.subject_sets.get({ value })?.subject ?? []) used.add(one)
    return used
  }
  const isVirtual = (subject: bigint) => subject >> BigInt(SubjectBit.VIRTUAL) !== 0n
  renewShares(tables)
  return {
    images: take(tables.images, images, before.images, limits.images, () => {
      const used = new Set<bigint>()
      for (const [, { image }] of tables.processes.entries()) used.add(image)
      return used
    }),
    names: take(tables.names, names, before.names, limits.names, () => {
      const used = new Set<bigint>()
      for (const [, { exe, from }] of tables.images.entries()) used.add(exe.hash).add(from.hash)
      for (const [, { exe, from }] of ledger()) used.add(exe).add(from)
      return used
    }),
    subjectNames: take(
      tables.subject_names,
      subjectNames,
      before.subjectNames,
      limits.subjectNames,
      () => {
        const used = new Set<bigint>()
        for (const [{ value }] of tables.subjects.entries()) used.add(value)
        for (const [{ subject }] of ledger()) used.add(subject)
        return used
      },
    ),
    // fail closed: a socket that is alone in carrying a set is denied everything from then on.
    subjectSets: take(
      tables.subject_sets,
      keysOf(tables.subject_sets),
      before.subjectSets,
      limits.subjectSets,
      carried,
    ),
    // They go with the first process of their pid namespace; this is for those whose end nobody saw.
    virtualSubjects: take(
      tables.subjects,
      keysOf(tables.subjects).filter(isVirtual),
      before.virtualSubjects,
      0,
      carried,
    ),
  }
}

/** Each subject may add images again; see LIMIT_SUBJECT_IMAGES. */
function renewShares(tables: Tables): void {
  for (const [key, row] of tables.subjects.entries()) {
    if (row.images === 0) continue
    try {
      tables.subjects.set(key, { ...row, images: 0 }, Exist)
    } catch {
      // gone with its cgroup: a row of ours would come back for good
    }
  }
}

type ByNumber = Table<{ value: bigint }, unknown>

function keysOf(table: unknown): bigint[] {
  return [...(table as ByNumber).keys()].map(({ value }) => value)
}

/** Deletes what was idle before and still is; answers what is idle now. */
function take(
  table: unknown,
  keys: readonly bigint[],
  before: ReadonlySet<bigint>,
  limit: number,
  inUse: () => Set<bigint>,
): Set<bigint> {
  if (keys.length <= limit) return new Set()
  const used = inUse()
  const idle = keys.filter((key) => !used.has(key))
  for (const key of idle) if (before.has(key)) (table as ByNumber).delete({ value: key })
  return new Set(idle.filter((key) => !before.has(key)))
}
