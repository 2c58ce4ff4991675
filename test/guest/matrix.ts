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
  /** Its clock counts instructions; the budget of a process start is measured there, and nothing else. */
  clock?: true
}

/** Whether every program loads with room to spare, and all that is possible is in use. */
const load = 'kernel/load'
const exec = 'kernel/exec'
const network = 'kernel/network'
/** Files and privileges. */
const acts = 'kernel/acts'
const code = 'kernel/code'
const identity = 'kernel/identity'
/** What a process carries; how containers are recognised. */
const carried = 'kernel/carried'
const recognise = 'kernel/recognise'
/** Real container runtimes. */
const runtimes = 'kernel/runtimes'
const attempts = 'attempts/attempts'
/** Denied execs by the thousand, of which none may run an instruction. */
const escape = 'attempts/escape'
/** That it guards itself. */
const guard = 'kernel/guard'
/** Ways to talk. */
const talks = 'attempts/network'
const packets = 'kernel/packets'
/** Addresses by name. */
const names = ['kernel/dns', 'kernel/dns-spoof']
const mining = 'kernel/mining'
const flows = 'kernel/flows'
/** Pods and Services, and what translates addresses: real rules, IPVS too. */
const peers = ['kernel/peers', 'kernel/nat']
const unix = 'kernel/unix'
/** Ending connections. */
const cut = 'kernel/cut'

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

/** On every kernel both mechanisms: by one of them the attempts, by the other exec, and on 7.2 the attempts by both.
 * How processes talk does not depend on the mechanism; the oldest kernel and the newest have every test of it between them. */
export const guests: readonly Guest[] = [
  on('5.10', true, [load, attempts, ...names, mining], { more: [network, identity, ...peers] }),
  on('5.10', false, [load, exec, acts, code, guard, unix, talks, packets, flows], {
    more: [attempts],
  }),
  on('6.1', true, [load, exec, identity], { more: [attempts] }),
  on('6.1', false, [attempts, ...peers], { more: [load, exec] }),
  on('6.12', true, [exec, runtimes, attempts, guard], { more: [load, identity] }),
  on('6.12', false, [load, exec, carried], { more: [attempts] }),
  on('6.12', true, [recognise], { lockdown: 'integrity' }),
  on('6.12', true, [], { lockdown: 'confidentiality' }),
  { ...on('6.12', true, []), clock: true },
  on('6.18', true, [attempts], { more: [load, exec] }),
  on('6.18', false, [load, exec, escape], { more: [attempts] }),
  on('7.2', true, [load, exec, network, unix, cut, attempts, escape, talks, ...names], {
    more: [acts, code],
  }),
  on('7.2', false, [exec, attempts, packets, mining, flows, ...peers], {
    more: [load, guard, identity, escape],
  }),
  on('7.2', true, [], { lockdown: 'confidentiality' }),
]

/** Which guests to begin with, so that none is alone at the end: these take as long as several others. */
export const lengthOf = ({ files, clock }: Guest): number =>
  files.reduce(
    (sum, file) => sum + ([attempts, talks, mining].includes(file) ? 4 : 1),
    clock ? 3 : 0,
  )

/** Such as "6.12 without bpf" or "7.2 lockdown=confidentiality". */
export function nameOf({ series, bpf, lockdown, clock }: Guest): string {
  const parts = [series, bpf ? 'with bpf' : 'without bpf']
  if (lockdown !== 'none') parts.push(`lockdown=${lockdown}`)
  if (clock) parts.push('by instructions')
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
