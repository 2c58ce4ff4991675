// SPDX-License-Identifier: Apache-2.0
// Everything that `underpin doctor` says of a kernel: what it can do, and whether our programs load, tried for real unless
// they are in force. Nothing is attached for longer than a process of our own tries it, and nothing stays.
import { join } from 'node:path'
import { reasonOf } from '../../../runtime/src/index.ts'
import { cgroupMount } from './cgroups.ts'
import { lookAtKernel } from './facts.ts'
import { chargedFd, programOf, programsInForce, type ProgramInForce } from './in-force.ts'
import * as bpf from './libbpf.ts'
import { leftOutOf, loadFor } from './loading.ts'
import { mapBytes } from './memory.ts'
import {
  chosenOf,
  mechanismsOf,
  obstacle,
  type DecisionMechanism,
  type KernelFacts,
  type LeftOut,
} from './mechanisms.ts'
import { probeCgroup, type ProbeResult } from './probe.ts'

type Programs =
  | {
      /** Whether an agent has them in force; otherwise they were loaded to see whether they do, and are gone again. */
      inForce: boolean
      loaded: number
      leftOut: LeftOut[]
      programBytes: number
      mapBytes: number
      /** The program that the kernel's verifier walked longest for; null before Linux 5.16, which does not say. */
      longest: { program: string; percent: number } | null
    }
  | { refused: string }

export interface Inspection {
  facts: KernelFacts
  /** Whether a program of a cgroup can deny a connection. */
  network: Omit<ProbeResult, 'mechanism'>
  programs: Programs
  mechanisms: DecisionMechanism[]
}

/** `objects`: folder of the built BPF objects; `pins`: where an agent has them in force, if one has. */
export async function inspectKernel(objects: string, pins: string | null): Promise<Inspection> {
  const facts = await lookAtKernel(objects, true)
  const network = await probeCgroup(join(objects, 'probe.bpf.o'), cgroupMount())
  const object = join(objects, 'underpin.bpf.o')
  const programs = pins === null ? tryToLoad(object, facts) : lookAtPins(pins, object, facts)
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

function tryToLoad(object: string, facts: KernelFacts): Programs {
  const blocked = obstacle(facts)
  if (blocked) return { refused: blocked.found }
  try {
    const loading = loadFor(object, chosenOf(facts))
    try {
      const loaded = loading.programs.map(({ program, handle }) => ({
        name: program.name,
        ...programOf(bpf.programFd(handle)),
      }))
      const maps = [...bpf.maps(loading.object).values()]
      return {
        inForce: false,
        ...summary(loaded),
        leftOut: loading.leftOut,
        mapBytes: sum(maps.map((map) => chargedFd(bpf.mapFd(map)))),
      }
    } finally {
      bpf.closeObject(loading.object)
    }
  } catch (error) {
    return { refused: reasonOf(error) }
  }
}

/** A node that enforces need not verify everything once more, and hears what is in use on it. */
function lookAtPins(pins: string, object: string, facts: KernelFacts): Programs {
  try {
    const programs = programsInForce(pins)
    const names = programs.map(({ name }) => name)
    return {
      inForce: true,
      ...summary(programs),
      leftOut: leftOutOf(object, chosenOf(facts), names),
      mapBytes: mapBytes(pins),
    }
  } catch (error) {
    return { refused: reasonOf(error) }
  }
}

/** Of a million instructions: BPF_COMPLEXITY_LIMIT_INSNS in include/linux/bpf_verifier.h. */
const mostWalked = 1_000_000

function summary(programs: readonly ProgramInForce[]) {
  const [longest] = [...programs].sort((a, b) => b.walked - a.walked)
  return {
    loaded: programs.length,
    programBytes: sum(programs.map(({ charged }) => charged)),
    longest:
      longest && longest.walked > 0
        ? { program: longest.name, percent: Math.ceil((100 * longest.walked) / mostWalked) }
        : null,
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
