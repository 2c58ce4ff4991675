// SPDX-License-Identifier: Apache-2.0
// Which programs carry out which decision on this kernel. A program's name says its decision, its section the hook:
// decisions about a process come as pairs `<decision>_lsm…` (SEC "lsm/HOOK") and `<decision>_fmod_ret…`
// (SEC "fmod_ret/security_HOOK"), of which the mechanism that works here takes one; all other programs are always
// wanted. A new pair needs no code here but, if its hook is younger than Linux 5.10, a row in `youngerHooks`.
import type { MechanismName } from './probe.ts'

export const pairedDecisions = ['exec', 'code', 'file', 'privilege', 'socket', 'guard'] as const
export type PairedDecision = (typeof pairedDecisions)[number]

const userNamespaces = { since: '6.1', without: 'making a user namespace is not decided' }

/** Hooks that came after Linux 5.10, by both of their names: where one is missing, what cannot be decided there. */
export const youngerHooks: Record<string, { since: string; without: string }> = {
  userns_create: userNamespaces,
  create_user_ns: userNamespaces,
  file_receive: {
    since: '5.16',
    without: 'connections that another process hands over are not decided',
  },
}

/**
 * Programs that need more than their hook: where the kernel refuses one, its hook's row above says what is lacking.
 * A lock may be taken by tracing programs since Linux 5.16.
 */
export const isYounger = (name: string): boolean => /^socket_(lsm|fmod_ret)_connection$/.test(name)

export interface Program {
  name: string
  section: string
}

const paired = new RegExp(`^(${pairedDecisions.join('|')})_(lsm|fmod_ret)(_|$)`)

/** The decision and mechanism of a program that comes in pairs. */
export function pairOf(
  name: string,
): { decision: PairedDecision; mechanism: MechanismName } | null {
  const found = paired.exec(name)
  return found && { decision: found[1] as PairedDecision, mechanism: found[2] as MechanismName }
}

/** The hook's own name, the same for both of a pair. */
export const hookOf = (section: string): string =>
  section.slice(section.indexOf('/') + 1).replace(/^security_/, '')

/** Told before a script's interpreter takes over, since Linux 6.10; without it scripts are known by their text (signal). */
export const isEarly = ({ section }: Pick<Program, 'section'>): boolean =>
  section === 'tp_btf/sched_prepare_exec'

/** Whether it decides for a cgroup and what is below, not for the machine. */
export const ofCgroup = (section: string): boolean => section.startsWith('cgroup')

/** Wanted with this mechanism; whether the kernel has its hook is another question. */
export function isWanted({ name, section }: Program, mechanism: MechanismName | null): boolean {
  if (section === 'tc') return false // for tests only
  if (isEarly({ section })) return mechanism === 'signal'
  const pair = pairOf(name)
  return !pair || pair.mechanism === mechanism
}
