// SPDX-License-Identifier: Apache-2.0
// The end of a test's cgroups, with whatever still runs in them.
import * as fs from 'node:fs'

/** Waits without giving other code of this process a turn. */
const pause = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

export function removeBelow(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }))
    if (entry.isDirectory()) removeCgroups(Buffer.concat([Buffer.from(`${folder}/`), entry.name]))
}

/** Children first. What still runs in them was started by the test. Names may be any bytes. */
export function removeCgroups(folder: Buffer): void {
  if (!fs.existsSync(folder)) return
  const below = (name: Buffer | string) =>
    Buffer.concat([folder, Buffer.from('/'), typeof name === 'string' ? Buffer.from(name) : name])
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }))
    if (entry.isDirectory()) removeCgroups(below(entry.name))
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      fs.rmdirSync(folder)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY') throw error
    }
    const processes = fs.readFileSync(below('cgroup.procs'), 'utf8').split('\n').map(Number)
    for (const pid of processes) if (pid > 0 && pid !== process.pid) tryKill(pid)
    pause(10)
  }
  throw new Error(`cannot remove the cgroup ${folder.toString()}`)
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
