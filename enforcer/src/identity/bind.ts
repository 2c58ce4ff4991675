// SPDX-License-Identifier: Apache-2.0
// Binds the cgroups that exist already: the same rules as bpf/identity.bpf.c applies to a new one, in the same order
// (inside a pod or container everything is that subject; else a pod's UID; else a pattern; else as the parent).
// A process that is there already gets its row before its cgroup becomes a subject, so it is known when it is judged.
import { basename, dirname } from 'node:path'
import { executableOf, processesOf, walkCgroups, type Cgroup } from '../kernel/cgroups.ts'
import { Exist, KernelError, NoExist } from '../kernel/libbpf.ts'
import {
  Flag,
  Image,
  PathState,
  Scope,
  type NameRow,
  type PathKey,
  type SubjectRow,
} from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { run, type State } from '../plan/automaton.ts'
import { hashPath, imageOf, type HashKey } from '../plan/path-hash.ts'
import { podUidOfCgroup } from './pods.ts'
import { scopeNumber } from './scope.ts'

/** What binding looks at; numbers are the kernel's. */
export interface Bindings {
  automaton: readonly State[]
  /** Accepting set, joined → binding and its scope. */
  accepts: ReadonlyMap<string, { id: number; scope: 'pod' | 'unmanaged' | 'host' }>
  pods: ReadonlyMap<string, number>
}

interface Bound {
  subject: bigint
  scope: number
}

/** Which subject a cgroup belongs to; null: none. `fresh`: it is the top of a subject of its own. */
export function subjectOf(
  cgroup: { id: bigint; path: string },
  parent: Bound | undefined,
  bindings: Bindings,
): (Bound & { fresh?: { binding: number; uid?: string } }) | null {
  if (parent && (parent.scope === Scope.POD || parent.scope === Scope.UNMANAGED)) return parent
  const uid = podUidOfCgroup(basename(cgroup.path))
  const pod = uid === undefined ? undefined : bindings.pods.get(uid)
  if (uid !== undefined && pod !== undefined)
    return { subject: cgroup.id, scope: Scope.POD, fresh: { binding: pod, uid } }
  const accepted = bindings.accepts.get(run(bindings.automaton, Buffer.from(cgroup.path)).join())
  if (accepted)
    return {
      subject: cgroup.id,
      scope: scopeNumber[accepted.scope],
      fresh: { binding: accepted.id },
    }
  return parent ?? null
}

/** Looks at every cgroup at and below `folder` until nothing changes any more; answers how many rows were written. */
export function bindAll(
  tables: Tables,
  key: HashKey,
  mount: string,
  folder: string,
  bindings: Bindings,
): number {
  let written = 0
  for (let pass = 0; pass < 4; pass++) {
    const changed = bindOnce(tables, key, mount, folder, bindings)
    written += changed
    if (changed === 0) break
  }
  return written
}

function bindOnce(
  tables: Tables,
  key: HashKey,
  mount: string,
  folder: string,
  bindings: Bindings,
): number {
  const bound = new Map<bigint, Bound>()
  const paths = new Map<string, Bound>()
  let failed: unknown
  let changed = 0
  for (const cgroup of walkCgroups(mount, folder)) {
    const want = subjectOf(cgroup, bound.get(cgroup.parent), bindings)
    const have = tables.cgroups.get({ value: cgroup.id })
    const now = want ?? { subject: 0n, scope: Scope.NONE }
    bound.set(cgroup.id, now)
    paths.set(cgroup.path, now)
    if (!want) continue
    const carried = want.scope === Scope.HOST ? 0n : want.subject
    const guessed = new Map<number, bigint>()
    // The subject's row first: who carries a subject without one is denied.
    try {
      if (want.fresh && point(tables, want.subject, want.scope, want.fresh, cgroup.path)) changed++
    } catch (error) {
      // fail closed: there is no room for its row, so it is denied; the others are bound all the same.
      failed ??= error
    }
    if (have?.subject !== want.subject)
      changed += knowProcesses(tables, key, cgroup, carried, guessed)
    if (have?.subject !== want.subject) {
      try {
        tables.cgroups.set({ value: cgroup.id }, { subject: want.subject })
        changed++
      } catch (error) {
        // fail closed: as the kernel does it, a miss looks at the ancestors from now on.
        tables.flags.set({ value: Flag.CGROUPS_FULL }, { value: 1 })
        failed ??= error
      }
    }
    changed += knowProcesses(tables, key, cgroup, carried, new Map())
    // From now on the kernel sees every exec here; whoever called it since we looked is looked at again.
    for (const [pid, image] of guessed) confirm(tables, key, pid, image)
  }
  // Last, so that what is below of it and selected by something else is never free in between.
  changed += settleOthers(tables, bound, paths, bindings)
  if (failed instanceof Error) throw failed
  return changed
}

/**
 * Subjects that are not the top of a subject any more; processes and sockets may still carry them. One that became part
 * of another follows that one. One whose cgroup was removed is bound by its name, as long as something keeps it alive.
 * One that nothing selects stays, everything is allowed to it, and what is made below it is looked at by its own name.
 */
function settleOthers(
  tables: Tables,
  bound: ReadonlyMap<bigint, Bound>,
  paths: ReadonlyMap<string, Bound>,
  bindings: Bindings,
): number {
  let changed = 0
  const rows = new Map([...tables.subjects.entries()].map(([{ value }, row]) => [value, row]))
  for (const [subject, row] of rows) {
    const here = bound.get(subject)
    if (here?.subject === subject) continue
    let owner: ReturnType<typeof subjectOf> | undefined = here
    if (!owner) {
      const name = tables.subject_names.get({ value: subject })
      // fail closed: without a name it keeps the rules that it has, see `sweep`.
      if (!name?.cgroup.startsWith('/') || name.cgroup.length >= 255) continue
      let above = dirname(name.cgroup)
      while (above !== '/' && !paths.has(above)) above = dirname(above)
      owner = subjectOf({ id: subject, path: name.cgroup }, paths.get(above), bindings)
    }
    // A host subject is never carried; nor is from now on what was a pod or a container.
    let want = { binding: 0, scope: row.scope === Scope.HOST ? Scope.HOST : (Scope.NONE as number) }
    const above = owner && rows.get(owner.subject)
    if (owner?.fresh) want = { binding: owner.fresh.binding, scope: owner.scope }
    else if (above && above.scope !== Scope.HOST) want = above
    if (row.binding === want.binding && row.scope === want.scope) continue
    if (replace(tables, subject, { ...row, binding: want.binding, scope: want.scope })) changed++
  }
  return changed
}

/** False when the kernel has removed the row meanwhile, with its cgroup. */
function replace(tables: Tables, subject: bigint, row: SubjectRow): boolean {
  try {
    tables.subjects.set({ value: subject }, row, Exist)
    return true
  } catch (error) {
    if (error instanceof KernelError && error.errno === 2) return false
    throw error
  }
}

function point(
  tables: Tables,
  subject: bigint,
  scope: number,
  { binding, uid }: { binding: number; uid?: string },
  path: string,
): boolean {
  const row = tables.subjects.get({ value: subject })
  if (row?.binding === binding && row.scope === scope) return false
  tables.subjects.set({ value: subject }, { ...row, binding, scope })
  try {
    tables.subject_names.set(
      { value: subject },
      { scope, cgroup: path, ...(uid && { uid: Buffer.from(uid, 'hex') }) },
    )
  } catch {
    // no room: a name is for people only
  }
  return true
}

/** Rows for processes that nobody saw exec. Their caller is unknown. */
function knowProcesses(
  tables: Tables,
  key: HashKey,
  cgroup: Cgroup,
  carried: bigint,
  guessed: Map<number, bigint>,
): number {
  let written = 0
  for (const pid of processesOf(cgroup.folder)) {
    const known = tables.processes.get({ value: pid })
    if (known) {
      if (carried === 0n || known.subject === carried) continue
      // What no policy selects any more is not carried along.
      if (known.subject !== 0n) {
        const before = tables.subjects.get({ value: known.subject })
        if (before?.scope !== Scope.NONE) continue
      }
      tables.processes.set({ value: pid }, { ...known, subject: carried })
      // The kernel writes this row at exec: what it wrote since we read must not be undone.
      const { hash } = pathKey(key, executableOf(pid))
      if (tables.images.get({ value: known.image })?.exe.hash !== hash)
        tables.processes.set(
          { value: pid },
          { image: imageOfProcess(tables, key, pid), subject: carried },
        )
      written++
      continue
    }
    const image = imageOfProcess(tables, key, pid)
    // NoExist: the kernel may have seen it exec meanwhile, and knows better.
    try {
      tables.processes.set({ value: pid }, { image, subject: carried }, NoExist)
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
function confirm(tables: Tables, key: HashKey, pid: number, guessed: bigint): void {
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
