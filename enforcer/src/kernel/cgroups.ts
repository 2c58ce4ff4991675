// SPDX-License-Identifier: Apache-2.0
// The cgroup v2 tree: where it is mounted, the cgroups below a point with their ids, and the processes in them.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'

/** Names of cgroups are any bytes, so paths are latin1 text here: a character is a byte. */
export interface Cgroup {
  id: bigint
  /** From the root of the hierarchy, as the kernel says it: "/system.slice/nginx.service". */
  path: string
  folder: string
  parent: bigint
  /** Levels below the folder where the walk began. */
  depth: number
  /** Root made it, or it was given to root. */
  ofRoot: boolean
}

const bytes = (path: string) => Buffer.from(path, 'latin1')
/** Such a path as people mean it. */
export const readable = (path: string) => bytes(path).toString('utf8')
const latin1 = (path: string) => Buffer.from(path).toString('latin1')

const maxCgroups = 131_072

export function cgroupMount(mounts = readFileSync('/proc/mounts', 'utf8')): string {
  for (const line of mounts.split('\n')) {
    const [, at, type] = line.split(' ')
    if (type === 'cgroup2' && at) return at
  }
  throw new UnderpinError('kernel-lacks', {
    operation: 'find cgroup v2',
    found: 'no cgroup2 file system mounted',
    remedy:
      'boot with systemd.unified_cgroup_hierarchy=1, or: mount -t cgroup2 none /sys/fs/cgroup',
  })
}

export const cgroupId = (folder: string): bigint => statSync(folder, { bigint: true }).ino

/** Every cgroup at and below `folder`, parents first. One that vanishes meanwhile is left out. */
export function* walkCgroups(mount: string, folder: string): Generator<Cgroup> {
  const top = latin1(mount)
  const queue = [{ folder: latin1(folder), parent: 0n, depth: 0 }]
  for (let seen = 0; seen < maxCgroups; seen++) {
    const next = queue.shift()
    if (!next) return
    try {
      const { ino: id, uid } = statSync(bytes(next.folder), { bigint: true })
      const below = readdirSync(bytes(next.folder), { withFileTypes: true, encoding: 'buffer' })
      for (const entry of below)
        if (entry.isDirectory())
          queue.push({
            folder: `${next.folder}/${entry.name.toString('latin1')}`,
            parent: id,
            depth: next.depth + 1,
          })
      yield { id, path: `/${relative(top, next.folder)}`, ofRoot: uid === 0n, ...next }
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
}

/** A cgroup that vanished. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP'
}

/** Process ids in a cgroup of `walkCgroups`; none when it vanished. 0: one that cannot be seen from our pid namespace. */
export function processesOf(folder: string): number[] {
  try {
    return readFileSync(bytes(join(folder, 'cgroup.procs')), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** What a process runs, as it sees it itself; null for kernel threads, deleted files and processes that are gone. */
export function executableOf(pid: number): string | null {
  try {
    const path = readlinkSync(`/proc/${pid}/exe`)
    if (!path.startsWith('/') || path.endsWith(' (deleted)')) return null
    // The link is as we see it; a container's process sees the same path from its own root.
    const root = readlinkSync(`/proc/${pid}/root`)
    const ours = readlinkSync('/proc/self/root')
    if (root === ours || root === '/') return path
    return path.startsWith(`${root}/`) ? path.slice(root.length) : null
  } catch {
    return null // fail closed: an unknown executable matches no rule
  }
}
