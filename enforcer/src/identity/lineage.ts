// SPDX-License-Identifier: Apache-2.0
// How a process that was there before us came into its container: as its entrypoint (or started by that), or put there
// later. Told by ancestry. fail closed: where ancestry cannot tell it is unknown, which matches no rule that asks.
import { readFileSync } from 'node:fs'
import { Lineage } from '../kernel/abi.gen.ts'

export interface Process {
  parent: number
  session: number
  /** Clock ticks since boot. */
  start: number
  /** Its number in its own pid namespace. */
  inner: number
  /** As in /proc: from the root of the hierarchy. */
  cgroup: string
}

type Read = (pid: number) => Process | null
type Others = (cgroup: string) => number[]

const maxGenerations = 64

/** enum lineage. `others`: the processes of a cgroup. */
export function lineageOf(
  pid: number,
  read: Read = readProcess,
  others: Others = () => [],
): number {
  let at = pid
  let process = read(at)
  for (let generation = 0; process && generation < maxGenerations; generation++) {
    const parent = read(process.parent)
    if (!parent || !isInside(parent.cgroup, process.cgroup))
      return lineageOfFirst(at, process, read, others)
    const grandparent = read(parent.parent)
    // Orphans become children of a container's init: one of another session may be what was put there later.
    const isInit =
      parent.inner === 1 && !(grandparent && isInside(grandparent.cgroup, parent.cgroup))
    if (isInit && process.session !== parent.session) {
      const leader = process.session === at ? null : read(process.session)
      if (!leader || !isInside(leader.cgroup, process.cgroup)) return Lineage.UNKNOWN
      at = process.session
      process = leader
      continue
    }
    at = process.parent
    process = parent
  }
  return Lineage.UNKNOWN
}

/** Of a process whose parent is outside: a runtime's init, or what the runtime put there later. */
function lineageOfFirst(pid: number, process: Process, read: Read, others: Others): number {
  if (process.inner === 1) return Lineage.ENTRYPOINT
  // In a pid namespace that is not the container's own, the one that came first.
  for (const other of others(process.cgroup)) {
    const sibling = other === pid ? null : read(other)
    if (sibling && (sibling.inner === 1 || sibling.start < process.start)) return Lineage.EXEC
  }
  return Lineage.ENTRYPOINT
}

/** In the same container: one cgroup, or one below the other. */
function isInside(one: string, other: string): boolean {
  if (one === other) return true
  return (
    one !== '/' && other !== '/' && (one.startsWith(`${other}/`) || other.startsWith(`${one}/`))
  )
}

export function readProcess(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold anything, so the rest is what follows the last one.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const inner = /^NSpid:.*?(\d+)$/m.exec(status)
    const cgroup = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'latin1'))
    const [, parent, , session] = fields
    const start = fields[19]
    if (parent === undefined || session === undefined || start === undefined) return null
    if (!inner?.[1] || cgroup?.[1] === undefined) return null
    return { parent, session, start, inner: Number(inner[1]), cgroup: cgroup[1] }
  } catch {
    return null // gone
  }
}
