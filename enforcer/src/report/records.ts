// SPDX-License-Identifier: Apache-2.0
// The ledger, in words: who (pod, container or service), which executable started by which, what it tried, how often,
// first and last, under which policy. Read from pinned maps, so it needs no running agent.
import { uptime } from 'node:os'
import {
  formatAddress,
  privilegeName,
  protocols,
  socketUseName,
  type Access,
  type Origin,
  type StartedBy,
} from '../../../policies/src/index.ts'
import * as abi from '../kernel/abi.gen.ts'
import { nameText } from '../dns/text.ts'
import type { Tables } from '../kernel/maps.ts'
import { scopeName } from '../identity/scope.ts'

export type DecisionName = (typeof decisions)[number]
export type HookName = (typeof hooks)[number]
/** In the order of enum attacked. */
const attacks = [
  'map',
  'program',
  'link',
  'pin',
  'mount',
  'agent-signal',
  'agent-trace',
  'agent-process',
  'agent-cgroup',
] as const
export type Attacked = (typeof attacks)[number]

export interface SubjectInfo {
  /** Id of the cgroup at the top of the subject. */
  id: string
  scope: 'pod' | 'unmanaged' | 'host' | 'none'
  /** namespace/name of a pod, the last component of the cgroup otherwise. */
  name: string
  cgroup: string | null
  pod?: string
}

export interface Record {
  subject: SubjectInfo
  /** null: could not be resolved, or its name found no room. */
  executable: string | null
  from: string | null
  /** How the process came into its container; null: not known. */
  lineage: StartedBy | null
  decision: DecisionName
  hook: HookName
  /** Remote address for egress and ingress, the local port for ingress and bind. */
  target: { protocol: string; address: string | null; port: number | null } | null
  /** About egress: the name by which the subject got the address, as far as it asked for one. */
  name?: string
  /** About exec and code: where it comes from. */
  origin?: Origin
  /** About code and files; null: memory, or a path that could not be resolved. */
  file?: string | null
  /** About files. */
  access?: Access[]
  /** About privileges. */
  privilege?: string
  /** About sockets: a family, a netlink protocol, raw or network-admin. */
  socket?: string
  /** About attacks on Underpin itself: what of it. */
  attacked?: Attacked
  outcome: 'would-deny' | 'denied'
  count: number
  first: string
  last: string
  policy: string | null
  rule: string | null
  /** The last process, in the initial pid namespace; null for packets. */
  pid: number | null
  /** Everything of this kind that found no row of its own. */
  other: boolean
}

/** In the order of enum decision and enum hook. */
const decisions = [
  'exec',
  'egress',
  'ingress',
  'bind',
  'protocol',
  'code',
  'file',
  'privilege',
  'socket',
  'guard',
] as const
const hooks = [
  'exec',
  'connect',
  'sendmsg',
  'bind',
  'packet',
  'mmap',
  'mprotect',
  'open',
  'privilege',
  'socket',
  'receive',
  'guard',
] as const
const lineages: (StartedBy | null)[] = [null, null, 'entrypoint', 'exec']
const origins: (Origin | null)[] = [null, 'image', 'other', 'memory']
const protocolNames = new Map<number, string>([
  ...Object.entries(protocols).map(([name, number]) => [number, name] as const),
  [58, 'ICMP'],
])

/** As policies write it, or its number. */
export const protocolName = (number: number): string => protocolNames.get(number) ?? String(number)

/** Pod names by UID (32 hexadecimal digits), as far as the agent knew them. */
export type PodNames = ReadonlyMap<string, string>

/** Turns numbers of the kernel's into words; look-ups are kept while it lives. */
export class Describer {
  private readonly tables: Tables
  private readonly pods: PodNames
  private readonly bootMs: number
  private readonly subjects = new Map<bigint, SubjectInfo>()
  private readonly names = new Map<bigint, string | null>()
  private readonly policies = new Map<number, { key: string; enforce: boolean } | null>()
  private readonly rules = new Map<string, { policy: number; path: string } | null>()

  constructor(tables: Tables, pods: PodNames = new Map(), now = Date.now(), up = uptime()) {
    this.tables = tables
    this.pods = pods
    this.bootMs = now - up * 1000
  }

  time(sinceBoot: bigint): string {
    return new Date(this.bootMs + Number(sinceBoot / 1_000_000n)).toISOString()
  }

  subject(id: bigint): SubjectInfo {
    const known = this.subjects.get(id)
    if (known) return known
    const row = this.tables.subject_names.get({ value: id })
    const info: SubjectInfo = {
      id: `${id}`,
      scope: scopeName[row?.scope ?? 0] ?? 'none',
      name: row ? (row.cgroup.split('/').at(-1) ?? '') : `cgroup ${id}`,
      cgroup: row?.cgroup ?? null,
    }
    if (id >> BigInt(abi.SubjectBit.VIRTUAL)) {
      info.scope = 'unmanaged'
      info.name = `container of pid namespace ${BigInt.asUintN(32, id)}`
    }
    if (row?.scope === abi.Scope.POD) {
      const uid = Buffer.from(row.uid).toString('hex')
      info.pod = uid
      info.name = this.pods.get(uid) ?? `pod ${uid}`
    }
    this.subjects.set(id, info)
    return info
  }

  path(hash: bigint): string | null {
    if (hash === 0n) return null
    const known = this.names.get(hash)
    if (known !== undefined) return known
    const row = this.tables.names.get({ value: hash })
    let text: string | null = null
    if (row) {
      text = row.length > abi.Limit.NAME - 1 ? `…${row.text}` : row.text || '/'
      if (row.state === abi.PathState.DELETED) text += ' (deleted)'
      if (row.state === abi.PathState.UNRESOLVED) text += ' (unresolved)'
    }
    this.names.set(hash, text)
    return text
  }

  policy(id: number): string | null {
    if (id === 0) return null
    let known = this.policies.get(id)
    if (known === undefined) {
      const row = this.tables.policies.get({ value: id })
      known = row ? { key: row.key, enforce: row.enforce === 1 } : null
      this.policies.set(id, known)
    }
    return known?.key ?? null
  }

  /** An event, as the ledger would have it if nothing like it had been before. */
  recordOf({ what, time, ...rest }: abi.Event): Record {
    return this.record(what, { ...rest, first: time, last: time })
  }

  record(
    key: abi.LedgerKey,
    row: Pick<abi.LedgerRow, 'count' | 'first' | 'last' | 'exe' | 'from' | 'pid' | 'name'>,
  ): Record {
    const decision = decisions[key.decision] ?? 'exec'
    return {
      subject: this.subject(key.subject),
      executable: this.path(row.exe),
      from: this.path(row.from),
      lineage: lineages[key.lineage] ?? null,
      decision,
      hook: hooks[key.hook] ?? 'exec',
      target: key.other ? null : targetOf(key, decision),
      ...(!key.other && this.nameOf(row.name)),
      ...(!key.other && this.objectOf(key, decision)),
      outcome: key.outcome === abi.Outcome.DENIED ? 'denied' : 'would-deny',
      count: Number(row.count),
      first: this.time(row.first),
      last: this.time(row.last),
      policy: this.policy(key.policy),
      rule: this.rulePath(key),
      pid: row.pid === 0 ? null : row.pid,
      other: key.other !== 0,
    }
  }

  private nameOf(hash: bigint): { name?: string } {
    if (hash === 0n) return {}
    const row = this.tables.dns_texts.get({ value: hash })
    return row ? { name: nameText(row.label.subarray(0, row.length)) } : {}
  }

  /** What was opened, mapped or asked for, where it is no address. */
  private objectOf(
    key: abi.LedgerKey,
    decision: DecisionName,
  ): Pick<Record, 'origin' | 'file' | 'access' | 'privilege' | 'socket' | 'attacked'> {
    const origin = origins[key.origin]
    const file = () => this.path(Buffer.from(key.address).readBigUInt64LE())
    switch (decision) {
      case 'exec':
        return origin ? { origin } : {}
      case 'code':
        return { file: file(), ...(origin && { origin }) }
      case 'file':
        return {
          file: file(),
          access: [
            ...(key.port & abi.Access.READ ? (['read'] as const) : []),
            ...(key.port & abi.Access.WRITE ? (['write'] as const) : []),
          ],
        }
      case 'privilege':
        return { privilege: privilegeName(key.port) ?? `capability ${key.port}` }
      case 'socket':
        return { socket: socketText(key.port) }
      case 'guard':
        return { attacked: attacks[key.port] ?? 'map' }
      default:
        return {}
    }
  }

  /** Rule numbers mean something in one ruleset only; a policy's id says which policy it was. */
  private rulePath(key: abi.LedgerKey): string | null {
    if (key.policy === 0) return null
    if (key.rule === abi.RuleBlame.RULE_NONE) return 'spec.processes'
    if (this.rules.size === 0)
      for (const [{ rule }, row] of this.tables.rules.entries())
        this.rules.set(`${row.policy}/${rule}`, { policy: row.policy, path: row.path })
    return this.rules.get(`${key.policy}/${key.rule}`)?.path ?? null
  }
}

const socketText = (use: number): string =>
  socketUseName(use) ??
  (use < abi.SocketUse.USE_NETLINK
    ? `family ${use}`
    : `netlink protocol ${use - abi.SocketUse.USE_NETLINK}`)

function targetOf(key: abi.LedgerKey, decision: DecisionName): Record['target'] {
  if (['exec', 'code', 'file', 'privilege', 'socket', 'guard'].includes(decision)) return null
  const protocol = protocolNames.get(key.protocol) ?? String(key.protocol)
  const four = key.family === 4
  const bytes = four
    ? Uint8Array.from([...new Uint8Array(10), 255, 255, ...key.address.subarray(0, 4)])
    : key.address
  const known = key.family === 4 || key.family === 6
  return {
    protocol,
    address: !known || decision === 'bind' ? null : formatAddress({ family: four ? 4 : 6, bytes }),
    port: protocol === 'ICMP' ? null : key.port,
  }
}

/** Everything in the ledger, most frequent first within a subject. */
export function readRecords(tables: Tables, pods: PodNames = new Map()): Record[] {
  const describer = new Describer(tables, pods)
  return [...tables.ledger.entries()]
    .map(([key, row]) => describer.record(key, row))
    .sort(
      (a, b) =>
        a.subject.name.localeCompare(b.subject.name) ||
        a.subject.id.localeCompare(b.subject.id) ||
        (a.executable ?? '').localeCompare(b.executable ?? '') ||
        a.decision.localeCompare(b.decision) ||
        b.count - a.count,
    )
}

/** What was counted when not even an "other" row found room: by decision and outcome. */
export function readRest(
  tables: Tables,
): { decision: DecisionName; outcome: 'would-deny' | 'denied'; count: number }[] {
  return decisions.flatMap((decision, number) =>
    ([abi.Outcome.WOULD_DENY, abi.Outcome.DENIED] as const).flatMap((outcome) => {
      const count = Number(tables.ledger_rest.get({ value: number * 3 + outcome })?.value ?? 0n)
      return count === 0
        ? []
        : [
            {
              decision,
              outcome:
                outcome === abi.Outcome.DENIED ? ('denied' as const) : ('would-deny' as const),
              count,
            },
          ]
    }),
  )
}
