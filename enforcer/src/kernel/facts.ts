// SPDX-License-Identifier: Apache-2.0
// What this kernel can do, found out by effect: nothing is concluded from its version.
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import * as bpf from './libbpf.ts'
import type { KernelFacts } from './mechanisms.ts'
import { isPreemptible } from './preemption.ts'
import { preference, probe, type ProbeResult } from './probe.ts'
import { probeProvenance } from './provenance.ts'

/** `objects`: folder of the built BPF objects. `all`: also those that are worse than one that works. */
export async function lookAtKernel(objects: string, all = false): Promise<KernelFacts> {
  const probes: ProbeResult[] = []
  for (const mechanism of preference) {
    if (!all && probes.some(({ works }) => works)) break
    probes.push(await probe(join(objects, 'probe.bpf.o'), mechanism))
  }
  return {
    release: release(),
    securityModules: securityModules(),
    lockdown: lockdown(),
    probes,
    readsKernelMemory: accepts(readerProgram),
    preemptible: isPreemptible(),
    origin: await probeProvenance(join(objects, 'probe.bpf.o')),
  }
}

export function securityModules(): string[] | null {
  const text = read('/sys/kernel/security/lsm')
  return text === null ? null : text.trim().split(',')
}

/** The word in brackets: "none [integrity] confidentiality". */
function lockdown(): KernelFacts['lockdown'] {
  const word = /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1]
  return word === 'none' || word === 'integrity' || word === 'confidentiality' ? word : null
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** A raw tracepoint program that reads eight bytes of kernel memory. */
const readerProgram = Buffer.from(
  [
    'bfa1000000000000', // r1 = r10
    '07010000f8ffffff', // r1 += -8
    'b702000008000000', // r2 = 8
    'b703000000000000', // r3 = 0
    '8500000071000000', // call bpf_probe_read_kernel
    'b700000000000000', // r0 = 0
    '9500000000000000', // exit
  ].join(''),
  'hex',
)

function accepts(code: Buffer): boolean {
  try {
    bpf.closeFd(bpf.loadCode(17, 'reader', code))
    return true
  } catch (error) {
    if (error instanceof bpf.KernelError) return false
    throw error
  }
}
