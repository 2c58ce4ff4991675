// SPDX-License-Identifier: Apache-2.0
// The kernel's decision functions, asked directly: the object is loaded with its `ask` program only; nothing is attached
// and nothing pinned, so nothing outside of the test is decided by it.
import {
  indexCluster,
  noCluster,
  normaliseAddress,
  privilegeNumber,
  protocols,
  socketUseNumber,
  type Decision,
  type RuntimeLike,
  type Surroundings,
} from '../../policies/src/index.ts'
import * as abi from '../../enforcer/src/kernel/abi.gen.ts'
import { decode, encode } from '../../enforcer/src/kernel/codec.ts'
import * as bpf from '../../enforcer/src/kernel/libbpf.ts'
import { tablesOf, type Tables } from '../../enforcer/src/kernel/maps.ts'
import { openForThisKernel } from '../../enforcer/src/kernel/open.ts'
import { compileRuleset } from '../../enforcer/src/plan/compile.ts'
import { adopt, hashKeyOf, sweep, type Applied } from '../../enforcer/src/plan/apply.ts'
import {
  forgetIdentities,
  writeIdentities,
  writePeers,
  type Told,
} from '../../enforcer/src/plan/peer-rows.ts'
import { noPeers, peersOf } from '../../enforcer/src/plan/peers.ts'
import { writeRuleset } from '../../enforcer/src/plan/ruleset-rows.ts'
import { hashName } from '../../enforcer/src/plan/name-hash.ts'
import { hashPath, type HashKey } from '../../enforcer/src/plan/path-hash.ts'

export const object = new URL('../../bpf/.output/underpin.bpf.o', import.meta.url).pathname

export interface Answer {
  enforced: 'allow' | 'deny'
  audited: 'allow' | 'deny'
  policy: string | null
  path: string | null
}

const lineages = {
  unknown: abi.Lineage.UNKNOWN,
  entrypoint: abi.Lineage.ENTRYPOINT,
  exec: abi.Lineage.EXEC,
  first: abi.Lineage.FIRST,
}
const origins = {
  image: abi.Origin.IMAGE,
  other: abi.Origin.OTHER,
  memory: abi.Origin.MEMORY,
}
const accesses = { read: abi.Access.READ, write: abi.Access.WRITE }

const binding = 1
const never = 2n ** 62n
const subject = 4242n

export class Oracle {
  readonly tables: Tables
  private readonly handle: bpf.Handle
  private readonly program: number
  private readonly key: HashKey
  private readonly state: Applied
  private readonly hashes = new Map<string, Partial<abi.PathKey>>()
  private ruleset = 0
  private peers = noPeers
  private readonly told: Told = new Map()

  constructor() {
    this.handle = openForThisKernel(object)
    const programs = bpf.programs(this.handle)
    for (const [name, program] of programs) bpf.setAutoload(program, name === 'ask')
    bpf.loadObject(this.handle, object)
    const maps = bpf.maps(this.handle)
    this.tables = tablesOf((name) => bpf.mapFd(maps.get(name) as bpf.Handle))
    this.tables.control.set(
      { value: 0 },
      { key: [0x0123456789abcdefn, 0xfedcba9876543210n], generation: 1, abi: 1 },
    )
    this.key = hashKeyOf(this.tables)
    this.program = bpf.programFd(programs.get('ask') as bpf.Handle)
    this.state = adopt(this.tables)
    this.tables.subjects.set({ value: subject }, { binding, scope: abi.Scope.POD })
  }

  /** From now on these policies select the subject. */
  use(policies: readonly RuntimeLike[], { cluster, pod, resolvers }: Surroundings = {}): void {
    const old = this.ruleset
    const ids = new Map(policies.map(({ key }, i) => [key, i + 1]))
    for (const { key, policy } of policies)
      this.tables.policies.set(
        { value: ids.get(key) ?? 0 },
        { key, enforce: policy.spec.mode === 'enforce' ? 1 : 0 },
      )
    this.ruleset = this.state.nextRuleset++
    const ordered = [...policies].sort((a, b) => (a.key < b.key ? -1 : 1))
    const ruleset = compileRuleset(ordered, pod, resolvers)
    writeRuleset(this.tables, this.key, this.ruleset, ruleset, ids)
    const peers = peersOf([ruleset], cluster ?? indexCluster(noCluster))
    const rulesets = new Map([[this.ruleset, ruleset]])
    writeIdentities(this.tables, this.told, rulesets, peers)
    writePeers(this.tables, this.peers, peers)
    this.peers = peers
    forgetIdentities(this.tables, this.told, rulesets, peers)
    this.tables.bindings.set({ value: binding }, { ruleset: this.ruleset, scope: abi.Scope.POD })
    if (old) this.state.retired.rulesets.push(old)
    sweep(this.tables, {
      ...this.state,
      retired: { bindings: [], rulesets: this.state.retired.rulesets },
    })
    this.state.retired.rulesets = []
  }

  private question(decision: Decision): Buffer {
    const question: Partial<abi.Question> = {
      subject,
      decision: abi.Decision[decision.kind.toUpperCase() as 'EXEC'],
      exe: this.path(decision.exe),
      from: this.path(decision.from),
      lineage: lineages[decision.startedBy ?? 'unknown'],
    }
    if (decision.kind === 'exec' && decision.script !== undefined) {
      question.script = this.path(decision.script)
      question.hasScript = 1
    }
    if (decision.kind === 'exec') {
      question.origin = origins[decision.origin ?? 'image']
      question.scriptOrigin = origins[decision.scriptOrigin ?? 'image']
    }
    if (decision.kind === 'ingress') question.looped = decision.looped ? 1 : 0
    if (decision.kind === 'code') question.origin = origins[decision.origin]
    if (decision.kind === 'file') {
      question.script = this.path(decision.path)
      question.port = decision.access.reduce(
        (all, one) => all | accesses[one],
        decision.moves ? abi.Access.MOVE : 0,
      )
    }
    if (decision.kind === 'privilege') question.port = privilegeNumber(decision.privilege)
    if (decision.kind === 'socket') question.port = socketUseNumber(decision.use)
    if (decision.kind === 'egress' || decision.kind === 'ingress' || decision.kind === 'bind') {
      const { family, bytes } = normaliseAddress(
        decision.kind === 'bind' ? '127.0.0.1' : decision.address,
      )
      if (decision.kind === 'egress') this.learn(decision, family, bytes)
      question.family = family
      question.address = family === 4 ? bytes.subarray(12) : bytes
      question.port = decision.port
      question.protocol =
        decision.protocol === 'ICMP'
          ? family === 4
            ? 1
            : 58
          : typeof decision.protocol === 'number'
            ? decision.protocol
            : protocols[decision.protocol]
    }
    return encode(abi.question, question as abi.Question)
  }

  /** By these names, and one that has expired, the subject got the address. */
  private learn({ names = [] }: { names?: readonly string[] }, family: number, bytes: Uint8Array) {
    const address = new Uint8Array(16)
    address.set(family === 4 ? bytes.subarray(12) : bytes)
    const belief = [...names.map((name) => [name, never] as const), ['a.test', 1n] as const].map(
      ([name, expires]) => {
        const { hash, above } = hashName(this.key, name)
        return { expires, name: { hash, above: above.slice(0, 8) } }
      },
    )
    this.tables.dns_addresses.set({ subject, family, address }, { belief: belief.slice(0, 4) })
  }

  private run(question: Buffer, repeat = 1): { output: Buffer; nanoseconds: number } {
    const output = Buffer.alloc(question.length)
    const { result, nanoseconds } = bpf.testRun(this.program, question, output, repeat)
    if (result !== 0) throw new Error(`ask answered ${result}`)
    return { output, nanoseconds }
  }

  /** Nanoseconds of one decision, when it is made `repeat` times in a row. */
  time(decision: Decision, repeat: number): number {
    return this.run(this.question(decision), repeat).nanoseconds
  }

  ask(decision: Decision): Answer {
    const { output } = this.run(this.question(decision))
    const answer = decode(abi.question, output)
    const rule = this.tables.rules.get({ ruleset: this.ruleset, rule: answer.rule })
    const verdict = (value: number) => (value === abi.Verdict.DENY ? 'deny' : 'allow')
    return {
      enforced: verdict(answer.enforced),
      audited: verdict(answer.audited),
      policy: this.tables.policies.get({ value: answer.policy })?.key ?? null,
      path: answer.policy === 0 ? null : (rule?.path ?? 'spec.processes'),
    }
  }

  close(): void {
    bpf.closeObject(this.handle)
  }

  private path(path: string | null): abi.PathKey {
    const known = this.hashes.get(path ?? '')
    if (known) return known as abi.PathKey
    const { hash, dirs } = path === null ? { hash: 0n, dirs: [] } : hashPath(this.key, path)
    const key = {
      hash,
      dirs,
      dirCount: dirs.length,
      state: path === null ? abi.PathState.UNRESOLVED : abi.PathState.RESOLVED,
    }
    this.hashes.set(path ?? '', key)
    return key
  }
}
