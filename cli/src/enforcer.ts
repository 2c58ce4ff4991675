// SPDX-License-Identifier: Apache-2.0
// The one door to the enforcer. It is opened late, since what lies behind it needs Linux and libbpf, while help,
// scan and policy check work anywhere.
import { existsSync } from 'node:fs'
import { UnderpinError } from '../../runtime/src/index.ts'
import type { MechanismName, State } from '../../enforcer/src/index.ts'

export type Enforcer = typeof import('../../enforcer/src/index.ts')

/** `operation`: what cannot be done where this fails. */
export async function openEnforcer(operation: string): Promise<Enforcer> {
  requireRoot(operation)
  return import('../../enforcer/src/index.ts')
}

export function requireRoot(operation: string): void {
  if (process.platform !== 'linux')
    throw new UnderpinError('kernel-lacks', {
      operation,
      found: `the operating system ${process.platform}`,
      expected: 'Linux',
      remedy: 'underpin scan and underpin policy check work anywhere',
    })
  if (process.getuid?.() !== 0)
    throw new UnderpinError('kernel-lacks', {
      operation,
      found: `user ${process.getuid?.() ?? 'unknown'}`,
      expected: 'root',
      remedy: 'run it with sudo; underpin scan and underpin policy check need no root',
    })
}

export function requireBtf(operation: string): void {
  const path = '/sys/kernel/btf/vmlinux'
  if (existsSync(path)) return
  throw new UnderpinError('kernel-lacks', {
    operation,
    object: path,
    found: 'a kernel without type information',
    expected: 'one built with CONFIG_DEBUG_INFO_BTF',
    remedy: 'use a distribution kernel; underpin scan and underpin policy check work anyway',
  })
}

export type ExecMechanism = MechanismName | 'none'

/** How an exec is stopped; without a state, what is pinned tells. */
export function execMechanism(state: State | null, links: readonly string[]): ExecMechanism {
  const said = state?.mechanisms.find(({ decision }) => decision === 'exec')?.mechanism
  if (said === 'lsm' || said === 'fmod_ret' || said === 'signal' || said === 'none') return said
  if (links.includes('exec_lsm')) return 'lsm'
  return links.includes('exec_fmod_ret') ? 'fmod_ret' : 'signal'
}
