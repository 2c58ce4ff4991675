// SPDX-License-Identifier: Apache-2.0
// Tells the kernel's guard (bpf/guard.bpf.h) what is ours: maps, programs and links by their ids, the folder of the pins
// by its inode, the mounts that it is on, and which process is the agent.
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { GuardedKind, type GuardedKey } from './abi.gen.ts'
import * as bpf from './libbpf.ts'
import { guardedTable, type Tables } from './maps.ts'
import { chainOf, kernelDevice, readMounts } from './mounts.ts'

/**
 * Reading only, also for root: opening a link takes the right to write, so whoever opens it must use a capability, which
 * the guard keeps from containers. Reading is how the agent makes the iterator run.
 */
const linkMode = 0o400

const idOf = (fd: number): number => bpf.objectInfo(fd, 80).readUInt32LE(4)

type Guarded = Tables['guarded']
type Rows = Pick<GuardedKey, 'kind' | 'device' | 'id'>[]

function put(guarded: Guarded, rows: Rows): void {
  for (const row of rows) guarded.set(row, { value: 1 })
}

/** Takes out what is of these kinds and not among `keep`. */
function keepOnly(guarded: Guarded, kinds: readonly number[], keep: Rows): void {
  const text = ({ kind, device, id }: Rows[number]) => `${kind} ${device} ${id}`
  const kept = new Set(keep.map(text))
  for (const key of [...guarded.keys()])
    if (kinds.includes(key.kind) && !kept.has(text(key))) guarded.delete(key)
}

const row = (kind: number, id: number | bigint, device = 0) => ({ kind, device, id: BigInt(id) })

/** Before anything is attached: maps and programs of a freshly loaded object, beside those that are in force. */
export function guardObject(guarded: Guarded, maps: number[], programs: number[]): void {
  put(guarded, [
    ...maps.map((fd) => row(GuardedKind.MAP, idOf(fd))),
    ...programs.map((fd) => row(GuardedKind.PROGRAM, idOf(fd))),
  ])
}

/** After the links were exchanged: what was in force before is anybody's. */
export function guardOnlyObject(
  guarded: Guarded,
  maps: number[],
  programs: number[],
  links: number[],
): void {
  keepOnly(
    guarded,
    [GuardedKind.MAP, GuardedKind.PROGRAM, GuardedKind.LINK],
    [
      ...maps.map((fd) => row(GuardedKind.MAP, idOf(fd))),
      ...programs.map((fd) => row(GuardedKind.PROGRAM, idOf(fd))),
      ...links.map((id) => row(GuardedKind.LINK, id)),
    ],
  )
}

/** A link that was just pinned; answers its id. */
export function guardLink(guarded: Guarded, fd: number, path: string): number {
  const id = idOf(fd)
  put(guarded, [row(GuardedKind.LINK, id)])
  chmodSync(path, linkMode)
  return id
}

/** The same by the pins, for a link that is attached later. */
export function guardPinnedLink(pins: string, fd: number, path: string): void {
  const guarded = guardedTable(bpf.openPin(join(pins, 'maps', 'guarded')))
  try {
    guardLink(guarded, fd, path)
  } finally {
    bpf.closeFd(guarded.fd)
  }
}

/** The folder of the pins, the folders above it, and the mounts that lead there: ours and, if they can be seen, the host's. */
export function guardPlace(tables: Pick<Tables, 'guard' | 'guarded'>, pins: string): void {
  const { ino, dev } = statSync(pins, { bigint: true })
  const device = kernelDevice(dev)
  const before = tables.guard.get({ value: 0 })
  tables.guard.set({ value: 0 }, { ...before, pins: ino, device })
  const rows = [...foldersAbove(pins), ...mountsOf(device)]
  put(tables.guarded, rows)
  keepOnly(tables.guarded, [GuardedKind.FOLDER, GuardedKind.MOUNT, GuardedKind.PEERS], rows)
}

function foldersAbove(pins: string): Rows {
  const rows: Rows = []
  for (let at = pins; ; at = dirname(at)) {
    const { ino, dev } = statSync(at, { bigint: true })
    rows.push(row(GuardedKind.FOLDER, ino, kernelDevice(dev)))
    if (at === dirname(at)) return rows
  }
}

function mountsOf(device: number): Rows {
  return ['1', 'self'].flatMap((process) =>
    chainOf(readMounts(mountsText(process)), device).flatMap(({ id, peers }) => [
      row(GuardedKind.MOUNT, id),
      ...(peers ? [row(GuardedKind.PEERS, peers)] : []),
    ]),
  )
}

function mountsText(process: string): string {
  try {
    return readFileSync(`/proc/${process}/mountinfo`, 'utf8')
  } catch {
    return '' // fail open: mounts that nobody shows us are not known
  }
}

/**
 * This process is the agent from now on. `look` reads the pin of the iterator, in which the kernel notes who reads it. Not
 * to be had by a process that the guard is there to keep away.
 */
export function makeKnown({ guard }: Pick<Tables, 'guard'>, look: () => void): void {
  guard.set({ value: 0 }, { ...guard.get({ value: 0 }), expects: 1 })
  look()
  if (guard.get({ value: 0 })?.expects === 0) return
  throw new UnderpinError('kernel-refused', {
    operation: 'make the agent known to the guard',
    object: `process ${process.pid}`,
    found: 'a process of a container that the agent before it was not in',
    remedy:
      'delete the pod of the agent before it (which was killed, not told to end), or start it in that pod or outside of containers; or run underpin disarm on the host first',
  })
}

/** An agent before us was in other cgroups, perhaps in another pod. Call `makeKnown` again afterwards. */
export const forgetAgents = ({ guarded }: Pick<Tables, 'guarded'>): void =>
  keepOnly(guarded, [GuardedKind.CGROUP, GuardedKind.EXEMPT, GuardedKind.HANDOVER], [])

/** Whether this agent is in a container. */
export const isContained = ({ guarded }: Pick<Tables, 'guarded'>): boolean =>
  [...guarded.keys()].some(({ kind }) => kind === GuardedKind.EXEMPT)

/**
 * At an orderly end, which only the host or the cluster can ask for: an agent in a container is followed by one in another,
 * which the guard cannot tell from other containers, so it rests until then. What is in force is decided all the same.
 */
export const handOver = ({ guarded }: Pick<Tables, 'guarded'>): void =>
  put(guarded, [row(GuardedKind.HANDOVER, 0)])
