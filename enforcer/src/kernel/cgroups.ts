// SPDX-License-Identifier: Apache-2.0
// The cgroup v2 tree: where it is mounted, the cgroups below a point with their ids, and the processes in them.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'

export interface Cgroup {
  id: bigint
  /** From the root of the hierarchy, as the kernel says it: "/system.slice/nginx.service". */
  path: string
  folder: string
  parent: bigint
}

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
  const queue: { folder: string; parent: bigint }[] = [{ folder, parent: 0n }]
  for (let seen = 0; seen < maxCgroups; seen++) {
    const next = queue.shift()
    if (!next) return
    try {
      const id = cgroupId(next.folder)
      const below = readdirSync(next.folder, { withFileTypes: true }).filter((e) => e.isDirectory())
      for (const entry of below) queue.push({ folder: join(next.folder, entry.name), parent: id })
      yield { id, path: `/${relative(mount, next.folder)}`, ...next }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Process ids in a cgroup; none when it vanished. */
export function processesOf(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP') return []
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
