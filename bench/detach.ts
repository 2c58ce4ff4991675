// SPDX-License-Identifier: Apache-2.0
// The same machine without our programs, for as long as something is measured: links go and come back, maps stay. So
// "not attached" is measured beside "attached", with the same memory taken and the same things on the machine; starting
// and ending an agent between the two changes what the page allocator does for every process by up to 1 %.
import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import * as bpf from '../enforcer/src/kernel/libbpf.ts'
import { until } from '../test/harness/sandbox.ts'
import { assert } from './figures.ts'
import { programOf } from './program-stats.ts'
import { sleep } from './process.ts'
import { inGuest } from './rounds.ts'

/** Types of links (linux/bpf.h): at a tracepoint, at a function or hook of the security modules, by a kprobe. */
const tracepoint = 1
const tracing = 2
const kprobe = 7

/** `act` runs in a cgroup that was made before: one that is made meanwhile is no subject afterwards. */
export async function detached<T>(pins: string, act: () => Promise<T>): Promise<T> {
  const links = join(pins, 'links')
  const linkOf = (name: string) => {
    const fd = bpf.openPin(join(links, name))
    const info = bpf.objectInfo(fd, 16)
    bpf.closeFd(fd)
    return { type: info.readUInt32LE(0), id: info.readUInt32LE(4) }
  }
  const held: { name: string; id: number; fd: number }[] = []
  for (const name of readdirSync(links)) {
    const { type, id } = linkOf(name)
    assert(type !== kprobe, `"${name}" can be attached again`)
    if (type === tracepoint || type === tracing)
      held.push({ name, id, fd: programOf(join(links, name)) })
  }
  for (const { name } of held) unlinkSync(join(links, name))
  await until('they are detached', () => held.every(({ id }) => !bpf.isLink(id)))
  await sleep(inGuest ? 1000 : 200) // the last of them may be about to be
  try {
    return await act()
  } finally {
    for (const { name, fd } of held) {
      const link = bpf.attachFd(fd, name)
      bpf.pin(link, join(links, name))
      bpf.closeFd(link)
      bpf.closeFd(fd)
    }
  }
}
