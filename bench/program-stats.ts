// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per run of each attached program, as the kernel counts them (kernel.bpf_stats_enabled, on only meanwhile),
// less what the kernel's own two clock readings cost, which an empty program shows.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as bpf from '../enforcer/src/kernel/libbpf.ts'

export interface ProgramStats {
  runs: number
  /** Of one run, without the clock's own cost. */
  nanoseconds: number
}

const setting = '/proc/sys/kernel/bpf_stats_enabled'
/** Offsets in linux/bpf.h. */
const link = { size: 16, programId: 8 }
const program = { size: 232, nanoseconds: 192, runs: 200 }

interface Count {
  runs: number
  nanoseconds: number
}

function countOf(fd: number): Count {
  const info = bpf.objectInfo(fd, program.size)
  return {
    runs: Number(info.readBigUInt64LE(program.runs)),
    nanoseconds: Number(info.readBigUInt64LE(program.nanoseconds)),
  }
}

/** A descriptor of the program that a pinned link attaches. */
export function programOf(path: string): number {
  const fd = bpf.openPin(path)
  const info = bpf.objectInfo(fd, link.size)
  bpf.closeFd(fd)
  return bpf.openProgram(info.readUInt32LE(link.programId))
}

function readAll(links: string): Map<string, Count> {
  const counts = new Map<string, Count>()
  for (const name of existsSync(links) ? readdirSync(links) : []) {
    const opened = programOf(join(links, name))
    counts.set(name, countOf(opened))
    bpf.closeFd(opened)
  }
  return counts
}

let emptyCost: number | undefined

/** What the statistics say about a program that does nothing. */
function measureEmpty(): number {
  const fd = bpf.loadEmpty()
  const before = countOf(fd)
  bpf.testRun(fd, Buffer.alloc(64), Buffer.alloc(64), 200_000)
  const after = countOf(fd)
  bpf.closeFd(fd)
  return (after.nanoseconds - before.nanoseconds) / (after.runs - before.runs)
}

/** Nanoseconds of each of the named programs that are attached, each time that `act` ran each of them once. */
export async function eachRun(
  pins: string,
  names: readonly string[],
  times: number,
  act: () => Promise<unknown>,
): Promise<Map<string, number>[]> {
  const was = readFileSync(setting, 'utf8')
  writeFileSync(setting, '1')
  const links = join(pins, 'links')
  const attached = names.filter((name) => existsSync(join(links, name)))
  const programs = attached.map((name) => ({ name, fd: programOf(join(links, name)) }))
  try {
    const clock = (emptyCost = measureEmpty())
    const taken: Map<string, number>[] = []
    for (let i = 0; i < times; i++) {
      const before = programs.map(({ fd }) => countOf(fd))
      await act()
      const runs = programs.map(({ name, fd }, n) => {
        const { runs, nanoseconds } = countOf(fd)
        const were = before[n] as Count
        return { name, runs: runs - were.runs, took: nanoseconds - were.nanoseconds - clock }
      })
      // They run for everybody on the machine: what cannot be told apart is left out.
      if (runs.every(({ runs }) => runs === 1))
        taken.push(new Map(runs.map(({ name, took }) => [name, took])))
    }
    return taken
  } finally {
    for (const { fd } of programs) bpf.closeFd(fd)
    writeFileSync(setting, was)
  }
}

export const clockCost = (): number => emptyCost ?? NaN

export async function withProgramStats(
  pins: string,
  act: () => Promise<unknown>,
): Promise<Map<string, ProgramStats>> {
  const was = readFileSync(setting, 'utf8')
  writeFileSync(setting, '1')
  try {
    emptyCost = measureEmpty()
    const links = join(pins, 'links')
    const before = readAll(links)
    await act()
    const stats = new Map<string, ProgramStats>()
    for (const [name, after] of readAll(links)) {
      const runs = after.runs - (before.get(name)?.runs ?? 0)
      const nanoseconds = after.nanoseconds - (before.get(name)?.nanoseconds ?? 0)
      stats.set(name, { runs, nanoseconds: nanoseconds / runs - emptyCost })
    }
    return stats
  } finally {
    writeFileSync(setting, was)
  }
}
