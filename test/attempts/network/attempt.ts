// SPDX-License-Identifier: Apache-2.0
// What an attempt to talk is: a real program (programs/*.c) in a network namespace of its own, a wire to another one whose
// end is watched, the policy, and what must be in the report.
import type { ClusterSpec } from '../../harness/sandbox.ts'

/** Decisions that another mechanism than the hooks of cgroups carries out. */
export type Need = 'socket'

/** What an attempt finds. */
export interface Where {
  /** The program, and the same under another path. */
  exe: string
  other: string
  /** Number of the attempt, for ports of its own. */
  number: number
  /** Hardware address and link-local address of the other end. */
  link: string
  linkLocal: string
  /** A process in the other end's network namespace. */
  outside: number
  /** Names of processes outside of every policy: one that speaks over sockets it is given, one that gives a packet socket. */
  taker: string
  giver: string
  /** A path of its own. */
  file: string
}

export type Arrival =
  /** The other end sees the mark. */
  | 'mark'
  /** It sees any packet to the forbidden address, which is this attempt's alone. */
  | 'packet'
  /** The program says that it succeeded. */
  | 'program'
  /** The other end gets answers to connections that it asks for. */
  | 'answers'

export interface Attempt {
  name: string
  /** What it tries, in one sentence. */
  tries: string
  /** The program's name, if it is another one. */
  program?: string
  arguments?: (where: Where) => string[]
  /** Left out: stopped on every kernel. */
  needs?: Need
  /** Where the state says this of the decision, the hook that stops it is missing. */
  unless?: RegExp
  policy: (where: Pick<Where, 'exe' | 'other'>) => ClusterSpec
  /** The policy while it prepares, before `policy` comes in force. */
  before?: (where: Pick<Where, 'exe' | 'other'>) => ClusterSpec
  /** What the other end is told when the program listens. */
  tells?: (port: number, mark: string) => string
  arrival?: Arrival
  /** What the report calls it: one of these. */
  decisions: readonly string[]
  rule?: string
  /** Nothing stops it where its `needs` have no mechanism; why some kernels, of whatever version, do not offer it. */
  mayLack?: string
}

/** Where everybody may send, and the addresses of IPv4 of which each attempt has one. */
export const allowedNetworks = ['10.77.255.0/24', 'fd77:0:0:ffff::/64']
/** Everything but what an attempt is about. */
export const talker = (exe: string, more: object = {}) => ({
  exe,
  egress: [{ to: allowedNetworks.map((cidr) => ({ cidr })) }],
  ...more,
})

/** Connections that the peer begins and does not make (KNOCKS in programs/peer.c). */
export const knocks = 500
/** The first of the ports from which it does: below those that the kernel gives to others. */
export const knocksFrom = (mark: string): number => (mark.includes(':audit:') ? 20_000 : 10_000)
