// SPDX-License-Identifier: Apache-2.0
// Rows of processes that were there before their cgroup was a subject, and that nobody saw exec: what they run (their caller
// is unknown), what they carry, and how they came there. Home is a kernel address and follows from bpf/tasks.bpf.c.
import { executableOf, processesOf, type Cgroup } from '../kernel/cgroups.ts'
import { NoExist } from '../kernel/libbpf.ts'
import { Image, PathState, Scope, type NameRow, type PathKey } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { hashPath, imageOf, type HashKey } from '../plan/path-hash.ts'
import { lineageOf, readProcess } from './lineage.ts'

export function knowProcesses(
  tables: Tables,
  key: HashKey,
  cgroup: Cgroup,
  carried: bigint,
  guessed: Map<number, bigint>,
): number {
  let written = 0
  for (const pid of processesOf(cgroup.folder)) {
    if (pid === 0) continue // fail closed: whom we cannot see is unknown
    const known = tables.processes.get({ value: pid })
    if (known) {
      if (carried === 0n || known.subject === carried) continue
      // What no policy selects any more is not carried along.
      if (known.subject !== 0n) {
        const before = tables.subjects.get({ value: known.subject })
        if (before?.scope !== Scope.NONE) continue
      }
      const joined = { ...known, subject: carried, lineage: cameAs(pid, cgroup) }
      tables.processes.set({ value: pid }, joined)
      // The kernel writes this row at exec: what it wrote since we read must not be undone.
      const { hash } = pathKey(key, executableOf(pid))
      if (tables.images.get({ value: known.image })?.exe.hash !== hash)
        tables.processes.set({ value: pid }, { ...joined, image: imageOfProcess(tables, key, pid) })
      written++
      continue
    }
    const image = imageOfProcess(tables, key, pid)
    // NoExist: the kernel may have seen it exec meanwhile, and knows better.
    try {
      const lineage = cameAs(pid, cgroup)
      tables.processes.set({ value: pid }, { image, subject: carried, lineage }, NoExist)
      guessed.set(pid, image)
      written++
    } catch {
      continue
    }
  }
  return written
}

function imageOfProcess(tables: Tables, key: HashKey, pid: number): bigint {
  const exe = pathKey(key, executableOf(pid))
  const image = imageOf(exe.hash, 0n)
  try {
    tables.images.set({ value: image }, { exe: exe.key }, NoExist)
  } catch {
    // exists, or no room: then the process is unknown, which fails closed
  }
  if (exe.path !== null) rememberName(tables, exe.hash, exe.path)
  return image
}

/** A row that we wrote before the kernel looked: still what the process runs? */
export function confirm(tables: Tables, key: HashKey, pid: number, guessed: bigint): void {
  let image = guessed
  for (let attempt = 0; attempt < 4; attempt++) {
    const now = imageOfProcess(tables, key, pid)
    const row = tables.processes.get({ value: pid })
    if (now === image || row?.image !== image) return // right, or the kernel has seen a later exec
    tables.processes.set({ value: pid }, { ...row, image: now })
    image = now
  }
  // fail closed: it execs faster than we can look.
  const row = tables.processes.get({ value: pid })
  if (row?.image === image)
    tables.processes.set({ value: pid }, { ...row, image: BigInt(Image.UNKNOWN) })
}

function pathKey(
  key: HashKey,
  path: string | null,
): { path: string | null; hash: bigint; key: PathKey } {
  const { hash, dirs } = path === null ? { hash: 0n, dirs: [] } : hashPath(key, path)
  const state = path === null ? PathState.UNRESOLVED : PathState.RESOLVED
  return { path, hash, key: { hash, dirs, dirCount: dirs.length, state } }
}

export function rememberName(tables: Tables, hash: bigint, path: string): void {
  const row: Partial<NameRow> = {
    length: Buffer.byteLength(path),
    state: PathState.RESOLVED,
    text: path.slice(-255),
  }
  try {
    tables.names.set({ value: hash }, row, NoExist)
  } catch {
    // known already, or no room: a name is for people only
  }
}

const cameAs = (pid: number, cgroup: Cgroup): number =>
  lineageOf(pid, readProcess, () => processesOf(cgroup.folder))
