// SPDX-License-Identifier: Apache-2.0
// Whether this kernel may take the processor away from a program of ours. It then skips the same program for everybody else on
// that processor until the first one goes on (kernel/bpf/trampoline.c and kernel/trace/bpf_trace.c, Linux 5.10 to 7.2; programs
// of the LSM type are not skipped). What must not be skipped is looked at again by kprobes, which nothing interrupts.
import { readFileSync } from 'node:fs'
import { release, version } from 'node:os'
import { gunzipSync } from 'node:zlib'
import type { Program } from './programs.ts'

/** Programs that look again, only where the first look can be skipped. */
export const looksAgain = ({ section }: Pick<Program, 'section'>): boolean =>
  section.startsWith('kprobe/')

export interface PreemptionSources {
  /** As `uname -v` has it: "#1 SMP PREEMPT_DYNAMIC Debian …". */
  version: string
  /** "none voluntary full (lazy)"; null: cannot be read. */
  mode: string | null
  /** The kernel's command line. */
  arguments: string | null
  /** Its configuration. */
  configuration: string | null
}

const preemptible = (mode: string | undefined) => mode === 'full' || mode === 'lazy'

/** Where nobody can tell it may be: looking again costs little. */
export function mayPreempt({ version, mode, ...rest }: PreemptionSources): boolean {
  if (!/\bPREEMPT(_\w+)?\b/.test(version)) return false
  const now = /\((\w+)\)/.exec(mode ?? '')?.[1]
  if (now) return preemptible(now)
  if (!version.includes('PREEMPT_DYNAMIC')) return true
  const asked = /\bpreempt=(\w+)/.exec(rest.arguments ?? '')?.[1]
  if (asked) return preemptible(asked)
  return !/^CONFIG_PREEMPT_(NONE|VOLUNTARY)=y$/m.test(rest.configuration ?? '')
}

export const isPreemptible = (): boolean =>
  mayPreempt({
    version: version(),
    mode: read('/sys/kernel/debug/sched/preempt'),
    arguments: read('/proc/cmdline'),
    configuration: read('/proc/config.gz') ?? read(`/boot/config-${release()}`),
  })

function read(path: string): string | null {
  try {
    const bytes = readFileSync(path)
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  } catch {
    return null
  }
}
