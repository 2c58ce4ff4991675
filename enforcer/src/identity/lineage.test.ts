// SPDX-License-Identifier: Apache-2.0
// How processes that are there already came into their container, told by ancestry.
import { expect, it } from 'vitest'
import { Lineage } from '../kernel/abi.gen.ts'
import { lineageOf, readProcess, type Process } from './lineage.ts'

const box = '/docker/a'
type Row = [pid: number, parent: number, session: number, inner: number, cgroup: string]
const rows: Row[] = [
  [1, 0, 1, 1, '/init.scope'],
  [50, 1, 50, 50, '/system.slice/shim.service'],
  [100, 50, 100, 1, box], // a container's init
  [101, 100, 100, 2, box], // its child
  [102, 101, 100, 3, `${box}/nested`],
  [110, 50, 110, 9, box], // put there later
  [111, 110, 110, 10, box],
  [120, 100, 110, 11, box], // an orphan of 110's session
  [130, 100, 130, 12, box], // an orphan with a session of its own, or a child that made one
  [131, 130, 130, 13, box],
  [140, 100, 999, 14, box], // its session's leader is gone
  [200, 50, 200, 200, '/shared'], // in the host's pid namespace
  [210, 50, 210, 210, '/shared'],
  [211, 210, 210, 211, '/shared'],
  [300, 111, 300, 1, box], // init of a pid namespace that the later one made
]
const processes = new Map<number, Process>(
  rows.map(([pid, parent, session, inner, cgroup]) => [
    pid,
    { parent, session, inner, cgroup, start: pid },
  ]),
)
const read = (pid: number) => processes.get(pid) ?? null
const others = (cgroup: string) => rows.filter((row) => row[4] === cgroup).map(([pid]) => pid)

it.each([
  [100, 'ENTRYPOINT'],
  [101, 'ENTRYPOINT'],
  [102, 'ENTRYPOINT'],
  [110, 'EXEC'],
  [111, 'EXEC'],
  [120, 'EXEC'],
  [130, 'UNKNOWN'],
  [131, 'UNKNOWN'],
  [140, 'UNKNOWN'],
  [200, 'ENTRYPOINT'],
  [210, 'EXEC'],
  [211, 'EXEC'],
  [300, 'EXEC'],
  [999, 'UNKNOWN'],
] as const)('%i is %s', (pid, lineage) => {
  expect(lineageOf(pid, read, others)).toBe(Lineage[lineage])
})

it('reads a process as the kernel tells of it', () => {
  expect(readProcess(process.pid)).toMatchObject({ parent: process.ppid })
  expect(readProcess(2 ** 30)).toBeNull()
})
