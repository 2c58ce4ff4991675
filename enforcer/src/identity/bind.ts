// SPDX-License-Identifier: Apache-2.0
// Binds the cgroups that exist already: the same rules as bpf/identity.bpf.c applies to a new one, in the same order
// (inside a pod or container everything is that subject, but for a runtime's helper; else a pod or a container by its
// name; else a pattern; else as the parent).
// A process that is there already gets its row before its cgroup becomes a subject, so it is known when it is judged.
import { dirname } from 'node:path'
import { processesOf, readable, walkCgroups, type Cgroup } from '../kernel/cgroups.ts'
import { Exist, KernelError } from '../kernel/libbpf.ts'
import { Flag, Scope, SubjectBit, type SubjectRow } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { run, type State } from '../plan/automaton.ts'
import type { HashKey } from '../plan/path-hash.ts'
import { confirm, knowProcesses } from './processes.ts'
import { recognise, type Recognised } from './recognise.ts'
import { scopeNumber } from './scope.ts'

/** What binding looks at; numbers are the kernel's. */
export interface Bindings {
  automaton: readonly State[]
  /** Accepting set, joined → binding and its scope. */
  accepts: ReadonlyMap<string, Accepted>
  pods: ReadonlyMap<string, number>
  /** Of a container that no pattern selects. */
  container: number
  /** Of a pod whose UID nobody knows. */
  pending: number
  /** Our process numbers are the kernel's own. */
  numbersAgree: boolean
}
interface Accepted {
  id: number
  scope: 'pod' | 'unmanaged' | 'host'
  /** Of what is a container by its name. */
  container: number
}

interface Bound {
  subject: bigint
  scope: number
}

type Owner = Bound & { fresh?: { binding: number; uid?: string } }

/** Which subject a cgroup belongs to; null: none. `fresh`: it is the top of a subject of its own. */
export function subjectOf(
  cgroup: Pick<Cgroup, 'id' | 'path' | 'depth' | 'ofRoot'>,
  parent: (Bound & { id?: bigint }) | undefined,
  bindings: Bindings,
): Owner | null {
  const found = cgroup.ofRoot && cgroup.depth > 0 ? recogniseAt(cgroup.path, cgroup.depth) : null
  if (parent && (parent.scope === Scope.POD || parent.scope === Scope.UNMANAGED)) {
    const isBesideContainers = parent.scope === Scope.POD && parent.subject === parent.id
    return found?.kind === 'helper' && isBesideContainers
      ? null
      : { subject: parent.subject, scope: parent.scope }
  }
  if (found?.kind === 'pod') {
    const binding = bindings.pods.get(found.uid ?? '') ?? bindings.pending
    const fresh = { binding, ...(found.uid !== undefined && { uid: found.uid }) }
    return { subject: cgroup.id, scope: Scope.POD, fresh }
  }
  const states = run(bindings.automaton, Buffer.from(cgroup.path, 'latin1'))
  const accepted = bindings.accepts.get(states.join())
  if (found?.kind === 'container') {
    const binding = accepted?.container ?? bindings.container
    return { subject: cgroup.id, scope: Scope.UNMANAGED, fresh: { binding } }
  }
  if (accepted)
    return {
      subject: cgroup.id,
      scope: scopeNumber[accepted.scope],
      fresh: { binding: accepted.id },
    }
  return parent?.subject ? { subject: parent.subject, scope: parent.scope } : null
}

function recogniseAt(path: string, depth: number): Recognised | null {
  const [own = '', parent = '', above = ''] = path.split('/').slice(1).reverse()
  return recognise({ own, parent, above, atTop: depth === 2 })
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
    const above = bound.get(cgroup.parent)
    const want = subjectOf(cgroup, above && { ...above, id: cgroup.parent }, bindings)
    const have = tables.cgroups.get({ value: cgroup.id })
    const now = want ?? { subject: 0n, scope: Scope.NONE }
    bound.set(cgroup.id, now)
    paths.set(cgroup.path, now)
    if (!want) {
      // A runtime's helper is in a pod's folder, and in no subject.
      if (above && above.subject !== 0n && have?.subject !== 0n) {
        tables.cgroups.set({ value: cgroup.id }, { subject: 0n })
        changed++
      }
      continue
    }
    const carried = want.scope === Scope.HOST ? 0n : want.subject
    const guessed = new Map<number, bigint>()
    // The subject's row first: who carries a subject without one is denied.
    try {
      if (want.fresh && point(tables, want.subject, want.scope, want.fresh, cgroup.path)) changed++
    } catch (error) {
      // fail closed: there is no room for its row, so it is denied; the others are bound all the same.
      failed ??= error
    }
    const know = (written: Map<number, bigint>) =>
      bindings.numbersAgree ? knowProcesses(tables, key, cgroup, carried, written) : 0
    if (have?.subject !== want.subject) changed += know(guessed)
    if (have?.subject !== want.subject) {
      try {
        // Whatever starts where something runs already is not the first program there.
        const started = have?.started || processesOf(cgroup.folder).length > 0 ? 1 : 0
        tables.cgroups.set({ value: cgroup.id }, { subject: want.subject, started })
        changed++
      } catch (error) {
        // fail closed: as the kernel does it, a miss looks at the ancestors from now on.
        tables.flags.set({ value: Flag.CGROUPS_FULL }, { value: 1 })
        failed ??= error
      }
    }
    changed += know(new Map())
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
    let owner: Owner | null | undefined = here
    if (subject >> BigInt(SubjectBit.VIRTUAL)) {
      // A container that only its namespaces tell; see bpf/container.bpf.h.
      owner = { subject, scope: Scope.UNMANAGED, fresh: { binding: bindings.container } }
    } else if (!owner) {
      const name = tables.subject_names.get({ value: subject })
      // fail closed: without a name it keeps the rules that it has, see `sweep`.
      if (!name?.cgroup.startsWith('/') || name.cgroup.length >= 255) continue
      let above = dirname(name.cgroup)
      while (above !== '/' && !paths.has(above)) above = dirname(above)
      const path = Buffer.from(name.cgroup).toString('latin1')
      const gone = { id: subject, path, depth: path.split('/').length, ofRoot: true }
      owner = subjectOf(gone, paths.get(above), bindings)
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
export function replace(
  tables: Pick<Tables, 'subjects'>,
  subject: bigint,
  row: SubjectRow,
): boolean {
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
      { scope, cgroup: readable(path), ...(uid && { uid: Buffer.from(uid, 'hex') }) },
    )
  } catch {
    // no room: a name is for people only
  }
  return true
}
