// SPDX-License-Identifier: Apache-2.0
// Which guests there are: kernel × security modules × lockdown, and what runs in each. Code runs 7–10 times slower in a
// guest, so each kernel test file runs where it can tell something that the other guests do not.

export interface Guest {
  series: string
  /** Whether "bpf" is among the active security modules. */
  bpf: boolean
  lockdown: 'none' | 'integrity' | 'confidentiality'
  /** How an exec must be stopped there; none: the agent must refuse to start, and say why. */
  mechanism: 'lsm' | 'fmod_ret' | 'signal' | 'none'
  /** Kernel test files, below test/. */
  files: readonly string[]
  /** Those that take long, with --all. */
  more: readonly string[]
}

/** Whether every program loads with room to spare, and all that is possible is in use. */
const load = 'kernel/load'
const exec = 'kernel/exec'
const network = 'kernel/network'
/** Files and privileges. */
const acts = 'kernel/acts'
const code = 'kernel/code'
const identity = 'kernel/identity'
/** Real container runtimes. */
const runtimes = 'kernel/runtimes'
const attempts = 'attempts/attempts'

const on = (
  series: string,
  bpf: boolean,
  files: readonly string[],
  { more = [], lockdown = 'none' }: Partial<Pick<Guest, 'more' | 'lockdown'>> = {},
): Guest => ({
  series,
  bpf,
  lockdown,
  mechanism: lockdown === 'confidentiality' ? 'none' : bpf ? 'lsm' : 'fmod_ret',
  files,
  more,
})

/** On every kernel both mechanisms; what takes long on some of them, and on the others with --all. */
export const guests: readonly Guest[] = [
  on('5.10', true, [load, attempts], { more: [network, identity] }),
  on('5.10', false, [load, exec, acts, code], { more: [attempts] }),
  on('6.1', true, [load, exec], { more: [attempts] }),
  on('6.1', false, [load, attempts], { more: [exec] }),
  on('6.12', true, [load, exec, runtimes, attempts], { more: [identity] }),
  on('6.12', false, [load, exec], { more: [attempts] }),
  on('6.12', true, [load], { lockdown: 'integrity' }),
  on('6.12', true, [], { lockdown: 'confidentiality' }),
  on('6.18', true, [load, attempts], { more: [exec] }),
  on('6.18', false, [load, exec], { more: [attempts] }),
  on('7.2', true, [load, exec, network, acts, code], { more: [attempts] }),
  on('7.2', false, [load, exec], { more: [attempts] }),
  on('7.2', true, [], { lockdown: 'confidentiality' }),
]

/** Such as "6.12 without bpf" or "7.2 lockdown=confidentiality". */
export function nameOf({ series, bpf, lockdown }: Guest): string {
  const parts = [series, bpf ? 'with bpf' : 'without bpf']
  if (lockdown !== 'none') parts.push(`lockdown=${lockdown}`)
  return parts.join(' ')
}

/** The file of what `underpin doctor` says there. */
export const goldenOf = (guest: Guest): string => `${nameOf(guest).replaceAll(/[ =]/g, '-')}.json`

export function kernelArguments({ bpf, lockdown }: Guest): string {
  const modules = ['landlock', 'lockdown', 'yama', 'integrity', 'apparmor', ...(bpf ? ['bpf'] : [])]
  return [`lsm=${modules.join()}`, ...(lockdown === 'none' ? [] : [`lockdown=${lockdown}`])].join(
    ' ',
  )
}
