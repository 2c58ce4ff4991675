// SPDX-License-Identifier: Apache-2.0
// What of a machine the enforcer depends on, looked at one by one; nothing that is missing keeps the rest from being told.
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { reasonOf } from '../../runtime/src/index.ts'
import type {
  DecisionMechanism,
  Inspection,
  KernelMemory,
  MemoryRows as Rows,
} from '../../enforcer/src/index.ts'
import type { Enforcer } from './enforcer.ts'
import { objectsFolder } from './installation.ts'
import { isArmed } from './ledger.ts'

export interface Check {
  what: string
  /** fair: it works, and something else would be better. */
  state: 'good' | 'fair' | 'missing' | 'info'
  found: string
  better?: string
}

export interface Examination {
  checks: Check[]
  /** Empty when it could not be tried. */
  mechanisms: DecisionMechanism[]
}

export async function examineMachine(pins: string): Promise<Examination> {
  const plain = (checks: Check[]): Examination => ({ checks, mechanisms: [] })
  if (process.platform !== 'linux')
    return plain([
      {
        what: 'system',
        state: 'missing',
        found: process.platform,
        better: 'Linux is needed to enforce; underpin scan, policy check and webhook work here',
      },
    ])
  const mounts = readFileSync('/proc/mounts', 'utf8')
  const lsm = read('/sys/kernel/security/lsm')
  const library = await openLibrary()
  const checks: Check[] = [
    { what: 'kernel', state: 'info', found: `${release()} ${process.arch}` },
    user(),
    existsSync('/sys/kernel/btf/vmlinux')
      ? { what: 'type information', state: 'good', found: '/sys/kernel/btf/vmlinux' }
      : {
          what: 'type information',
          state: 'missing',
          found: 'no /sys/kernel/btf/vmlinux',
          better: 'a kernel built with CONFIG_DEBUG_INFO_BTF',
        },
    mounted(
      mounts,
      'cgroup2',
      'cgroup v2',
      'boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup/unified',
    ),
    mounted(mounts, 'bpf', 'bpffs', 'mount -t bpf bpf /sys/fs/bpf'),
    { what: 'security modules', state: 'info', found: lsm ?? 'unknown: securityfs is not mounted' },
    'enforcer' in library
      ? { what: 'libbpf', state: 'good', found: 'loads' }
      : {
          what: 'libbpf',
          state: 'missing',
          found: library.reason,
          better: 'install the package libbpf1',
        },
    objects(),
  ]
  const lacking = checks.filter(({ state }) => state === 'missing').map(({ what }) => what)
  if (!('enforcer' in library) || lacking.length > 0)
    return plain([
      ...checks,
      {
        what: 'mechanisms',
        state: 'missing',
        found: 'not tried',
        better: `put right first: ${lacking.join(', ')}`,
      },
    ])
  const inspection = await library.enforcer.inspectKernel(
    objectsFolder(),
    isArmed(pins) ? pins : null,
  )
  return {
    checks: [...checks, ...kernelChecks(inspection), memory(library.enforcer, pins)],
    mechanisms: inspection.mechanisms,
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

async function openLibrary(): Promise<{ enforcer: Enforcer } | { reason: string }> {
  try {
    return { enforcer: await import('../../enforcer/src/index.ts') }
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

function user(): Check {
  const id = process.getuid?.() ?? -1
  return id === 0
    ? { what: 'user', state: 'good', found: 'root' }
    : {
        what: 'user',
        state: 'missing',
        found: `user ${id}`,
        better: 'run underpin enforce as root',
      }
}

export function mounted(mounts: string, type: string, what: string, better: string): Check {
  const at = mounts
    .split('\n')
    .find((line) => line.split(' ')[2] === type)
    ?.split(' ')[1]
  return at === undefined
    ? { what, state: 'missing', found: 'not mounted', better }
    : { what, state: 'good', found: at }
}

function objects(): Check {
  const path = join(objectsFolder(), 'underpin.bpf.o')
  return existsSync(path)
    ? { what: 'programs', state: 'good', found: path }
    : { what: 'programs', state: 'missing', found: `no ${path}`, better: 'npm run build' }
}

/** One line for each way to stop an exec, for the kernel's settings, and for the programs. */
function kernelChecks({ facts, network, programs }: Inspection): Check[] {
  const { lockdown, readsKernelMemory } = facts
  return [
    readsKernelMemory
      ? { what: 'kernel lockdown', state: 'good', found: lockdown ?? 'none' }
      : {
          what: 'kernel lockdown',
          state: 'missing',
          found: `${lockdown ?? 'unknown'}: programs may not read kernel memory`,
          better: 'boot with lockdown=integrity, or without',
        },
    ...facts.probes.map(({ mechanism, works, reason }) => ({
      what: `tried ${mechanism}`,
      state: 'info' as const,
      found: `${works ? 'works' : 'does not work'}: ${reason}`,
    })),
    {
      what: 'tried cgroup',
      state: 'info',
      found: `${network.works ? 'works' : 'does not work'}: ${network.reason}`,
    },
    'refused' in programs
      ? { what: 'load', state: 'missing', found: programs.refused }
      : {
          what: 'load',
          state: programs.leftOut.length === 0 ? 'good' : 'fair',
          found: `${programs.loaded} programs${programs.inForce ? ' in force' : ''}, ${mebibytes(programs.programBytes + programs.mapBytes)} of kernel memory${programs.inForce ? '' : ' with empty maps'}${
            programs.longest
              ? `; at most ${programs.longest.percent} % of what the verifier allows for one (${programs.longest.program})`
              : ''
          }`,
        },
  ]
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** What is in force, and what it takes of kernel memory. */
function memory({ kernelMemory }: Enforcer, pins: string): Check {
  if (!isArmed(pins)) return { what: 'in force', state: 'info', found: `nothing at ${pins}` }
  return { what: 'in force', state: 'info', found: `at ${pins}; ${memoryText(kernelMemory(pins))}` }
}

export function memoryText(memory: KernelMemory): string {
  const { mapBytes, programBytes, subjects, policies, rules } = memory
  const each = (what: string, { count, bytesEach }: Rows) =>
    count === 0 ? [] : [`${what}: ${count}, ${Math.round(bytesEach)} bytes each`]
  return [
    `kernel memory: ${mebibytes(mapBytes)} for maps and ${mebibytes(programBytes)} for programs`,
    ...each('subjects', subjects),
    ...each('policies', policies),
    ...each('rows of rules', rules),
  ].join('; ')
}
