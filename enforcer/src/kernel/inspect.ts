// SPDX-License-Identifier: Apache-2.0
// Everything that `underpin doctor` says of a kernel: what it can do, and whether our programs load, tried for real. Nothing
// is attached for longer than a process of our own tries it, and nothing stays.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../../../runtime/src/index.ts'
import { cgroupMount } from './cgroups.ts'
import { lookAtKernel } from './facts.ts'
import * as bpf from './libbpf.ts'
import { loadFor, type Loading } from './loading.ts'
import {
  chosenOf,
  mechanismsOf,
  obstacle,
  type DecisionMechanism,
  type KernelFacts,
  type LeftOut,
} from './mechanisms.ts'
import { probeCgroup, type ProbeResult } from './probe.ts'

export interface Inspection {
  facts: KernelFacts
  /** Whether a program of a cgroup can deny a connection. */
  network: Omit<ProbeResult, 'mechanism'>
  programs:
    | {
        loaded: number
        leftOut: LeftOut[]
        programBytes: number
        mapBytes: number
        /** The program that the kernel's verifier walked longest for; null before Linux 5.16, which does not say. */
        longest: { program: string; percent: number } | null
      }
    | { refused: string }
  mechanisms: DecisionMechanism[]
}

/** `objects`: folder of the built BPF objects. */
export async function inspectKernel(objects: string): Promise<Inspection> {
  const facts = await lookAtKernel(objects, true)
  const network = await probeCgroup(join(objects, 'probe.bpf.o'), cgroupMount())
  const programs = tryToLoad(join(objects, 'underpin.bpf.o'), facts)
  const rows = mechanismsOf(facts, 'leftOut' in programs ? programs.leftOut : [])
  const mechanisms = rows.map((row): DecisionMechanism => {
    if (row.mechanism === 'none') return row
    if ('refused' in programs)
      return {
        ...row,
        mechanism: 'none',
        degraded: `the programs do not load: ${programs.refused}`,
      }
    return row.mechanism === 'cgroup' && !network.works
      ? { ...row, mechanism: 'none', degraded: `programs of cgroups: ${network.reason}` }
      : row
  })
  return { facts, network, programs, mechanisms }
}

function tryToLoad(object: string, facts: KernelFacts): Inspection['programs'] {
  const blocked = obstacle(facts)
  if (blocked) return { refused: blocked.found }
  try {
    const loading = loadFor(object, chosenOf(facts))
    try {
      return {
        loaded: loading.programs.length,
        leftOut: loading.leftOut,
        programBytes: sum(loading.programs.map(({ handle }) => bytesOf(bpf.programFd(handle)))),
        longest: longest(loading.programs),
        mapBytes: sum([...bpf.maps(loading.object).values()].map((map) => bytesOf(bpf.mapFd(map)))),
      }
    } finally {
      bpf.closeObject(loading.object)
    }
  } catch (error) {
    return { refused: reasonOf(error) }
  }
}

/** Of a million instructions: BPF_COMPLEXITY_LIMIT_INSNS in include/linux/bpf_verifier.h. */
function longest(programs: Loading['programs']): { program: string; percent: number } | null {
  const walked = programs.map(({ program, handle }) => ({
    program: program.name,
    percent: Math.round(verifiedInstructions(bpf.programFd(handle)) / 10_000),
  }))
  const [first] = walked.sort((a, b) => b.percent - a.percent)
  return first && first.percent > 0 ? first : null
}

/** struct bpf_prog_info: verified_insns, at byte 216; 0 where the kernel does not say. */
const verifiedInstructions = (fd: number): number => bpf.objectInfo(fd, 232).readUInt32LE(216)

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

/** What the kernel charges for a map or a program; of a program, its pages of instructions. */
export function bytesOf(fd: number): number {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  return Number(/^memlock:\s*(\d+)$/m.exec(info)?.[1] ?? 0)
}
