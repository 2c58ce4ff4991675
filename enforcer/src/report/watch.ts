// SPDX-License-Identifier: Apache-2.0
// Watching the machine: programs that start, processes that end, files that are opened, system calls that are made; of
// subjects and of everything else. The programs are attached for as long as this process watches, and no longer.
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import * as abi from '../kernel/abi.gen.ts'
import { cgroupId, cgroupMount, readable, walkCgroups } from '../kernel/cgroups.ts'
import { decode, encode } from '../kernel/codec.ts'
import * as bpf from '../kernel/libbpf.ts'
import { mapNames } from '../kernel/maps.ts'
import { openForThisKernel } from '../kernel/open.ts'

export interface WatchOptions {
  /** Folder of the built BPF objects. */
  objects: string
  pins: string
  /** Programs that start, and processes that end. */
  processes: boolean
  files: boolean
  syscalls: boolean
  /** Only this cgroup and what is below, from the root of cgroup v2; default: the whole machine. */
  cgroup?: string
}

/** How often the processes of a cgroup made a system call while it was watched. */
export interface SyscallCount {
  cgroup: string
  /** As the architecture numbers it. */
  number: number
  count: number
}

export interface Watch {
  syscalls: () => SyscallCount[]
  close: () => void
}

const u64 = {
  name: 'u64',
  size: 8,
  fields: [{ name: 'value' as const, offset: 0, is: 'u64' as const }],
}

export function watchMachine(options: WatchOptions): Watch {
  const object = join(options.objects, 'observe.bpf.o')
  const handle = openForThisKernel(object)
  const links: bpf.Handle[] = []
  const close = () => {
    for (const link of links.splice(0)) bpf.destroyLink(link)
    bpf.closeObject(handle)
  }
  try {
    const wanted = new Set([
      ...(options.processes ? ['observe_start', 'observe_exit'] : []),
      ...(options.files ? ['observe_open'] : []),
      ...(options.syscalls ? ['observe_syscall'] : []),
    ])
    const programs = [...bpf.programs(handle)]
    for (const [name, program] of programs) bpf.setAutoload(program, wanted.has(name))
    const maps = bpf.maps(handle)
    for (const name of mapNames) {
      const map = maps.get(name)
      if (!map) continue
      const fd = bpf.openPin(join(options.pins, 'maps', name))
      bpf.reuseMap(map, fd, name)
      bpf.closeFd(fd)
    }
    bpf.loadObject(handle, object)
    if (options.cgroup !== undefined)
      bpf.update(
        bpf.mapFd(maps.get('watched') as bpf.Handle),
        'watched',
        Buffer.alloc(4),
        encode(u64, { value: idOf(options.cgroup) }),
      )
    for (const [name, program] of programs)
      if (wanted.has(name)) links.push(bpf.attach(program, name))
    const counts = bpf.mapFd(maps.get('syscalls') as bpf.Handle)
    return { close, syscalls: () => readSyscalls(counts) }
  } catch (error) {
    close()
    throw error
  }
}

function idOf(cgroup: string): bigint {
  const folder = join(cgroupMount(), cgroup)
  try {
    return cgroupId(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new UnderpinError('usage', {
      operation: 'observe',
      object: cgroup,
      found: 'no such cgroup',
      expected: 'a path from the root of cgroup v2, such as /system.slice/nginx.service',
      remedy: `ls ${cgroupMount()}`,
    })
  }
}

function readSyscalls(fd: number): SyscallCount[] {
  const places = new CgroupPaths()
  const counts: SyscallCount[] = []
  const value = Buffer.alloc(8)
  let key: Buffer | null = null
  let next = Buffer.alloc(abi.syscallKey.size)
  while (bpf.nextKey(fd, key, next)) {
    if (bpf.lookup(fd, next, value)) {
      const { cgroup, number } = decode(abi.syscallKey, next)
      counts.push({
        cgroup: places.path(cgroup) ?? `cgroup ${cgroup}`,
        number: Number(number),
        count: Number(value.readBigUInt64LE()),
      })
    }
    key = next
    next = Buffer.alloc(abi.syscallKey.size)
  }
  return counts.sort((a, b) => b.count - a.count)
}

/** Paths of cgroups by id, looked for at most once a second. */
export class CgroupPaths {
  private paths = new Map<bigint, string>()
  private looked = 0

  path(id: bigint): string | null {
    if (!this.paths.has(id) && Date.now() - this.looked > 1000) {
      this.looked = Date.now()
      const mount = cgroupMount()
      this.paths = new Map(
        [...walkCgroups(mount, mount)].map((one) => [one.id, readable(one.path)]),
      )
    }
    return this.paths.get(id) ?? null
  }
}
