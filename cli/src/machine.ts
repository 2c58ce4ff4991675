// SPDX-License-Identifier: Apache-2.0
// What of a machine the enforcer depends on, looked at one by one; nothing that is missing keeps the rest from being told.
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { reasonOf } from '../../runtime/src/index.ts'
import type { MechanismName, ProbeResult } from '../../enforcer/src/index.ts'
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

export async function checkMachine(pins: string): Promise<Check[]> {
  if (process.platform !== 'linux')
    return [
      {
        what: 'system',
        state: 'missing',
        found: process.platform,
        better: 'Linux is needed to enforce; underpin scan, policy check and webhook work here',
      },
    ]
  const mounts = readFileSync('/proc/mounts', 'utf8')
  const lsm = read('/sys/kernel/security/lsm')
  const library = await openLibrary()
  return [
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
    ...('enforcer' in library && process.getuid?.() === 0
      ? [...(await mechanisms(library.enforcer, lsm)), memory(library.enforcer, pins)]
      : [
          {
            what: 'mechanisms',
            state: 'missing' as const,
            found: 'not tried',
            better: 'needs root and libbpf',
          },
        ]),
  ]
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

async function mechanisms(enforcer: Enforcer, lsm: string | null): Promise<Check[]> {
  const results: ProbeResult[] = []
  for (const mechanism of enforcer.preference)
    results.push(await enforcer.probe(join(objectsFolder(), 'probe.bpf.o'), mechanism))
  return [
    execCheck(results, lsm),
    ...results.map(({ mechanism, works, reason }) => ({
      what: `  exec by ${mechanism}`,
      state: 'info' as const,
      found: `${works ? 'works' : 'does not work'}: ${reason}`,
    })),
    { what: 'network', state: 'good', found: 'cgroup hooks: connect, send, bind and packets' },
  ]
}

/** Results in order of preference. */
export function execCheck(
  results: readonly Pick<ProbeResult, 'mechanism' | 'works'>[],
  lsm: string | null,
): Check {
  const works = (name: MechanismName) =>
    results.some(({ mechanism, works }) => mechanism === name && works)
  if (works('lsm')) return { what: 'exec', state: 'good', found: 'lsm: a denied exec fails' }
  const better =
    lsm === null
      ? 'mount -t securityfs securityfs /sys/kernel/security tells which modules are active; with "bpf" among them a denied exec fails instead'
      : lsm.split(',').includes('bpf')
        ? 'bpf is an active security module and its programs do not work: use a kernel with CONFIG_BPF_LSM'
        : `a denied exec fails instead where bpf is a security module: boot with lsm=${[lsm, 'bpf'].filter(Boolean).join()}`
  if (works('fmod_ret'))
    return { what: 'exec', state: 'good', found: 'fmod_ret: a denied exec fails' }
  if (works('signal'))
    return {
      what: 'exec',
      state: 'fair',
      found: 'signal: a denied process is killed before its first instruction',
      better,
    }
  return {
    what: 'exec',
    state: 'missing',
    found: 'nothing stops an exec here; it would be recorded only',
    better,
  }
}

/** What the kernel charges for our maps. */
function memory(enforcer: Enforcer, pins: string): Check {
  if (!isArmed(pins)) return { what: 'in force', state: 'info', found: `nothing at ${pins}` }
  const tables = enforcer.openTables(pins)
  try {
    const bytes = Object.values(tables)
      .map((table) => (typeof table === 'number' ? table : table.fd))
      .map((fd) =>
        Number(/^memlock:\s*(\d+)$/m.exec(read(`/proc/self/fdinfo/${fd}`) ?? '')?.[1] ?? 0),
      )
      .reduce((sum, one) => sum + one, 0)
    return {
      what: 'in force',
      state: 'info',
      found: `${(bytes / 2 ** 20).toFixed(1)} MiB of kernel memory for the maps at ${pins}`,
    }
  } finally {
    enforcer.closeTables(tables)
  }
}
