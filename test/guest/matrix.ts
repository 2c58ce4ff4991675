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

/** On every kernel both mechanisms: by one of them the attempts, by the other exec. */
const processGuests: readonly Guest[] = [
  on('5.10', true, [attempts], { more: [identity] }),
  on('5.10', false, [exec, acts, code], { more: [attempts, guard] }),
  on('6.1', true, [exec, identity], { more: [attempts] }),
  on('6.1', false, [attempts], { more: [exec] }),
  on('6.12', true, [runtimes, attempts, guard], { more: [exec, identity] }),
  on('6.12', false, [exec, carried, recognise], { lockdown: 'integrity', more: [attempts] }),
  on('6.12', true, [], { lockdown: 'confidentiality' }),
  { ...on('6.12', true, []), clock: true },
  on('6.18', true, [attempts], { more: [exec] }),
  on('6.18', false, [exec, escape], { more: [attempts] }),
  on('7.2', true, [exec, escape], { more: [attempts, acts, code] }),
  on('7.2', false, [attempts], { more: [exec, guard, identity, escape] }),
  on('7.2', true, [], { lockdown: 'confidentiality' }),
]

/** How processes talk does not depend on the mechanism: the oldest kernel and the newest have every test of it between them. */
const networkGuests: readonly Guest[] = [
  on('5.10', false, [...names, mining, talks, packets, flows, unix], {
    more: [network, ...peers],
  }),
  on('6.1', false, [...peers]),
  on('7.2', true, [network, unix, cut, talks, ...names]),
  on('7.2', false, [packets, mining, flows, ...peers]),
]

/** Each takes a layer of `npm test` for itself. */
export const matrices = { processes: processGuests, network: networkGuests } as const

/** Seconds that a file took in a guest, with an agent of its own if it needs one; the others took less than forty. */
const secondsOf: Record<string, number> = {
  ...{ [attempts]: 50, [identity]: 95, [runtimes]: 85, [guard]: 100, [escape]: 80 },
  ...{ [talks]: 50, [mining]: 100, [network]: 60, 'kernel/dns': 130, 'kernel/dns-spoof': 85 },
  ...{ 'kernel/peers': 60, 'kernel/nat': 90, [packets]: 60 },
}

/** Which guests to begin with, so that none is alone at the end. */
export const lengthOf = ({ files, clock }: Guest): number =>
  files.reduce((sum, file) => sum + (secondsOf[file] ?? 35), clock ? 110 : 0)

/** What floods the kernel takes a minute, and less on the machine itself: in the guest of the oldest. */
export const withFloods = ({ series }: Guest): boolean => series === '5.10'

/** Such as "6.12 without bpf" or "7.2 lockdown=confidentiality". */
export function nameOf({ series, bpf, lockdown, clock }: Guest): string {
  const parts = [series, bpf ? 'with bpf' : 'without bpf']
  if (lockdown !== 'none') parts.push(`lockdown=${lockdown}`)
  if (clock) parts.push('by instructions')
  return parts.join(' ')
}

/** Of files about a guest, such as "7.2-without-bpf". */
export const fileNameOf = (guest: Guest): string => nameOf(guest).replaceAll(/[ =]/g, '-')

export function kernelArguments({ bpf, lockdown }: Guest): string {
  const modules = ['landlock', 'lockdown', 'yama', 'integrity', 'apparmor', ...(bpf ? ['bpf'] : [])]
  return [`lsm=${modules.join()}`, ...(lockdown === 'none' ? [] : [`lockdown=${lockdown}`])].join(
    ' ',
  )
}
