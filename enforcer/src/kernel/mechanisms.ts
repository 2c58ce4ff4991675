// SPDX-License-Identifier: Apache-2.0
// Which mechanism carries out which decision on this kernel, what is missing, what would be better and how to get it:
// one table for the agent's state, `underpin status` and `underpin doctor`. Pure: facts in, rows out.
import type { MechanismName, ProbeResult } from './probe.ts'
import type { Provenance } from './provenance.ts'
import { pairedDecisions, pairOf, youngerHooks, type PairedDecision } from './programs.ts'

export interface KernelFacts {
  release: string
  /** Active security modules; null: nobody could tell. */
  securityModules: string[] | null
  lockdown: 'none' | 'integrity' | 'confidentiality' | null
  /** Ways to stop an exec, best first, each tried on a process of ours. */
  probes: ProbeResult[]
  /** Programs may read kernel memory; without it nobody can be told apart. */
  readsKernelMemory: boolean
  /** The kernel may take the processor away from a program: see preemption.ts. */
  preemptible: boolean
  /** Files of an image are told from others. */
  origin: Provenance
}

/** A program of a pair that could not be used. */
export interface LeftOut {
  decision: PairedDecision | 'identity'
  hook: string
  /** Empty: the kernel has no such hook. */
  refused: string
}

export type DecisionName =
  | PairedDecision
  | 'origin'
  | 'egress'
  | 'ingress'
  | 'bind'
  | 'packet'
  | 'protocol'
  | 'identity'
  | 'observation'

export interface DecisionMechanism {
  decision: DecisionName
  mechanism: MechanismName | 'cgroup' | 'tracing' | 'types' | 'none'
  /** What is decided less well than it could be, or not at all. */
  degraded?: string
  /** How to get it. */
  better?: string
}

/** What each decision is about, for people. */
export const decisionTitles: Record<DecisionName, string> = {
  exec: 'programs that start',
  code: 'code that is mapped',
  origin: 'code of the image or not',
  file: 'files that are opened',
  privilege: 'privileges that are used',
  socket: 'other ways to talk than IP',
  egress: 'connections and datagrams out',
  ingress: 'connections and datagrams in',
  bind: 'ports that are listened on',
  packet: 'packets of all sockets',
  protocol: 'mining handshakes',
  guard: 'attacks on Underpin itself',
  identity: 'who is who',
  observation: 'what is seen of all others',
}

export const chosenOf = (facts: Pick<KernelFacts, 'probes'>): MechanismName | null =>
  facts.probes.find(({ works }) => works)?.mechanism ?? null

/** Why nothing at all can be enforced; null: it can. */
export function obstacle(facts: KernelFacts): { found: string; remedy: string } | null {
  if (facts.readsKernelMemory) return null
  return facts.lockdown === 'confidentiality'
    ? {
        found: 'kernel lockdown "confidentiality", under which programs cannot read who does what',
        remedy: 'boot with lockdown=integrity, which protects the kernel as well, or without',
      }
    : {
        found:
          'a kernel that lets programs read no kernel memory, so they cannot tell who does what',
        remedy: 'boot without lockdown=confidentiality; a kernel of 5.10 or newer is needed',
      }
}

export function mechanismsOf(facts: KernelFacts, leftOut: readonly LeftOut[]): DecisionMechanism[] {
  const blocked = obstacle(facts)
  const names = Object.keys(decisionTitles) as DecisionName[]
  if (blocked)
    return names.map((decision) => ({
      decision,
      mechanism: 'none',
      degraded: blocked.found,
      better: blocked.remedy,
    }))
  return names.map((decision) => {
    const without = leftOut.filter((one) => one.decision === decision)
    if (decision === 'exec') return execRow(facts, without)
    if (decision === 'origin') return originRow(facts)
    if (isPaired(decision)) return pairedRow(decision, facts, without)
    if (without.length > 0)
      return { decision, mechanism: 'tracing', ...onceOnly(facts, 'a fork', without) }
    return { decision, mechanism: isTraced(decision) ? 'tracing' : 'cgroup' }
  })
}

/** The same as far as the names of attached programs tell, for whoever finds no state of an agent. */
export function mechanismsAttached(links: readonly string[]): DecisionMechanism[] {
  const pairs = links.map(pairOf)
  return (Object.keys(decisionTitles) as DecisionName[])
    .filter((decision) => decision !== 'origin')
    .map((decision) => {
      if (!isPaired(decision))
        return { decision, mechanism: isTraced(decision) ? 'tracing' : 'cgroup' }
      const found = pairs.find((pair) => pair?.decision === decision)?.mechanism
      return { decision, mechanism: found ?? (decision === 'exec' ? 'signal' : 'none') }
    })
}

const isTraced = (decision: DecisionName) => decision === 'identity' || decision === 'observation'
const isPaired = (decision: DecisionName): decision is PairedDecision =>
  (pairedDecisions as readonly string[]).includes(decision)

/** Where the kernel may skip a program, and refuses the second look. */
function onceOnly(facts: KernelFacts, what: string, leftOut: readonly LeftOut[]) {
  const [{ hook = '', refused = '' } = {}] = leftOut
  return {
    degraded: `${what} may go unseen when the kernel takes the processor away from the program that looks at another one; looking again by a kprobe is not possible (${hook}: ${refused})`,
    better: `a kernel with kprobes (CONFIG_KPROBES), or one that is not preempted (preempt=voluntary, before Linux 7.0), not ${facts.release}`,
  }
}

function execRow(facts: KernelFacts, leftOut: readonly LeftOut[]): DecisionMechanism {
  const mechanism = chosenOf(facts)
  if (mechanism === 'fmod_ret' && leftOut.length > 0)
    return { decision: 'exec', mechanism, ...onceOnly(facts, 'an exec', leftOut) }
  if (mechanism === 'lsm' || mechanism === 'fmod_ret') return { decision: 'exec', mechanism }
  return {
    decision: 'exec',
    mechanism: mechanism ?? 'none',
    degraded: mechanism
      ? `a denied program is killed before its first instruction; its exec does not fail${leftOut.some(({ hook }) => hook === 'sched_prepare_exec') ? '; scripts are known by the text that exec was asked for' : ''}`
      : 'nothing stops an exec here; it is recorded only',
    better: betterHooks(facts),
  }
}

const undecided: Record<PairedDecision, string> = {
  exec: 'starting programs is not decided',
  code: 'mapping code is not decided',
  file: 'opening files is not decided',
  privilege: 'using privileges is not decided',
  socket:
    'sockets of other families than IP, and changing the network, are not decided; raw IP sockets are',
  guard:
    'a container with privileges can reach the maps, programs, links and pins and end the agent',
}

function pairedRow(
  decision: PairedDecision,
  facts: KernelFacts,
  leftOut: readonly LeftOut[],
): DecisionMechanism {
  const mechanism = chosenOf(facts)
  if (mechanism !== 'lsm' && mechanism !== 'fmod_ret')
    return {
      decision,
      mechanism: 'none',
      degraded: `${undecided[decision]}: no hook of this kernel lets a program refuse`,
      better: betterHooks(facts),
    }
  if (leftOut.length === 0 && mechanism === 'fmod_ret' && facts.preemptible)
    return { decision, mechanism, ...interrupted(facts) }
  if (leftOut.length === 0) return { decision, mechanism }
  return {
    decision,
    mechanism,
    degraded: leftOut
      .map(({ hook, refused }) =>
        refused
          ? `${hook}: the kernel refuses the program (${refused})`
          : (youngerHooks[hook]?.without ?? `${hook}: the kernel has no such hook`),
      )
      .join('; '),
    better: leftOut
      .map(({ hook, refused }) => {
        const since = youngerHooks[hook]?.since
        return refused || since === undefined
          ? `report it: ${hook} on ${facts.release}`
          : `Linux ${since} or newer`
      })
      .filter((text, at, all) => all.indexOf(text) === at)
      .join('; '),
  }
}

/** An exec that was not asked about is stopped by a second look; nothing stops these. */
const interrupted = (facts: KernelFacts) => ({
  degraded:
    'this kernel may take the processor away from the program that decides, and does not ask it again for others there until it goes on: what they do meanwhile is not decided',
  better: `${betterHooks(facts)}; or preempt=voluntary, before Linux 7.0`,
})

function originRow({ origin }: KernelFacts): DecisionMechanism {
  if (origin.works) return { decision: 'origin', mechanism: 'types' }
  return {
    decision: 'origin',
    mechanism: 'none',
    degraded: `what is written in a container later counts as its image's (${origin.reason}); files of volumes, of memory and of other file systems are told apart all the same`,
    better:
      'a kernel with the overlay file system and CONFIG_DEBUG_INFO_BTF_MODULES, unshare and mount for the trial',
  }
}

/** How a kernel gets hooks that can refuse. */
function betterHooks({ securityModules, probes }: KernelFacts): string {
  const forbidden = probes.some(({ works, reason }) => !works && reason.includes('EPERM'))
  if (forbidden)
    return 'something around this machine (a sandbox, or the host of a virtual machine) forbids such programs: EPERM; allow them there'
  if (securityModules === null)
    return 'mount -t securityfs securityfs /sys/kernel/security tells which security modules are active; "bpf" must be among them'
  if (securityModules.includes('bpf'))
    return 'bpf is an active security module and its programs do not work: use a kernel with CONFIG_BPF_LSM and CONFIG_DEBUG_INFO_BTF'
  return `boot with lsm=${[...securityModules.filter((name) => name !== 'capability'), 'bpf'].join()} (kernel with CONFIG_BPF_LSM)`
}
