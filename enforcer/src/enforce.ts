// SPDX-License-Identifier: Apache-2.0
// The agent: policies and pods → plan → diff → maps, again whenever a file changes; and back: ring → events.
// What it set up stays in force when it ends, however it ends; the next one takes over.
import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UnderpinError, type Log } from '../../runtime/src/index.ts'
import { collectNames } from './dns/collect.ts'
import { KnownResolvers } from './dns/resolvers.ts'
import type { BeliefTimes } from './dns/times.ts'
import { bindAll } from './identity/bind.ts'
import { collect, noneIdle } from './identity/collect.ts'
import { lookAtProcesses, lookAtSockets, numbersAgree, requireSight } from './identity/host.ts'
import * as abi from './kernel/abi.gen.ts'
import { cgroupId, cgroupMount } from './kernel/cgroups.ts'
import { decode } from './kernel/codec.ts'
import { openRing, returnFreedMemory, type Ring } from './kernel/libbpf.ts'
import { closeTables, readCounters, type Tables } from './kernel/maps.ts'
import { lookAtKernel } from './kernel/facts.ts'
import { forgetAgents, handOver, isContained, makeKnown } from './kernel/guard.ts'
import { chosenOf, mechanismsOf, obstacle } from './kernel/mechanisms.ts'
import { attachObject } from './kernel/object.ts'
import { isSecond, withOrder } from './kernel/order.ts'
import { cutterFor, type Cutter } from './kernel/cutting.ts'
import { attachAsked, detachUnasked } from './kernel/on-demand.ts'
import {
  adopt,
  bumpGeneration,
  commit,
  decidesOf,
  hashKeyOf,
  prepare,
  setControl,
  stillBound,
  sweep,
  type Applied,
} from './plan/apply.ts'
import { compile } from './plan/compile.ts'
import { defaultPosture, type Posture } from './plan/pending.ts'
import { fileSource, noMemory, type Input, type Memory, type Source } from './input.ts'
import { lockPlaces } from './lock.ts'
import { countFlows } from './report/flows.ts'
import { Describer } from './report/records.ts'
import { writeState, type Places, type State } from './state.ts'

export interface EnforceOptions extends Places {
  /** Files or folders of policies; manifests of pods may lie among those of `pods`. */
  policies: string[]
  pods: string[]
  /** Instead of these files. */
  source?: Source
  /** Below this cgroup network decisions are made and subjects looked for; default: the root. */
  cgroup?: string
  /** Of pods that no manifest has, and of containers that no policy selects; default: audit. */
  pending?: Posture
  /** Addresses of the resolvers that names are learned from; default: the node's. */
  resolvers?: readonly string[]
  /** How long their answers are believed. */
  times?: Partial<BeliefTimes>
  /** Count who talks with whom, until disarm. */
  flows?: boolean
  /** End connections that a changed policy denies, besides dropping their packets; default: no. */
  cutDenied?: boolean
  /** The next agent may be in a container, also if this one is in none. */
  handOver?: boolean
  /** Folder of the built BPF objects. */
  objects: string
  log: Log
}

export interface Agent {
  state: () => State
  /** What is in force, for who tells of it; nothing of it is kept or changed. */
  inside: () => Inside
  /** Ends the agent; what is in force stays in force. */
  stop: () => void
}

export interface Inside {
  tables: Tables
  applied: Applied
  /** What the plan in force was made of. */
  input: Input
  mount: string
}

const drainMs = 100
const lookMs = 2000
const settleMs = 10
const sweepMs = 2000
const collectMs = 10_000
const maxEventFile = 16 * 1024 * 1024

export async function enforce(options: EnforceOptions): Promise<Agent> {
  const unlock = lockPlaces(options)
  try {
    return await begin(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function begin(options: EnforceOptions, unlock: () => void): Promise<Agent> {
  const { log } = options
  const memory = noMemory()
  const source = options.source ?? fileSource(options)
  const first = (await source.read(memory)) as Input // nothing was seen before
  if (first.problems.length > 0)
    throw new UnderpinError('policy-invalid', {
      operation: 'load policies',
      object: options.policies.join(', '),
      found: `${first.problems.length} problem${first.problems.length === 1 ? '' : 's'}`,
      remedy: `nothing was changed:\n${first.problems.join('\n')}`,
    })
  const facts = await lookAtKernel(options.objects)
  const blocked = obstacle(facts)
  // fail closed for the agent: what cannot tell who does what must not look as if it enforced.
  if (blocked)
    throw new UnderpinError('kernel-lacks', {
      operation: 'enforce policies',
      object: facts.release,
      found: blocked.found,
      remedy: blocked.remedy,
    })
  const chosen = chosenOf(facts)
  const mount = cgroupMount()
  const cgroup = options.cgroup ?? mount
  requireSight(mount, cgroup)
  const { tables, loaded, leftOut } = attachObject({
    object: join(options.objects, 'underpin.bpf.o'),
    pins: options.pins,
    cgroup,
    mechanism: chosen,
  })
  tables.flags.set({ value: abi.Flag.BLIND_ORIGIN }, { value: facts.origin.works ? 0 : 1 })
  const mechanisms = withOrder(mechanismsOf(facts, leftOut), isSecond(options.pins, cgroup))
  log.info({ mechanism: chosen ?? 'none', takenOver: !loaded, cgroup }, 'attached')
  for (const { decision, degraded, better } of mechanisms)
    if (degraded) log.warn({ decision, degraded, better }, 'degraded')
  const state: State = {
    pid: process.pid,
    started: new Date().toISOString(),
    policies: options.policies[0] ?? '',
    pins: options.pins,
    cgroup,
    mechanisms,
    generation: 0,
    applied: '',
    loaded: [],
    problems: [],
    pods: {},
    pending: options.pending ?? defaultPosture,
  }
  if (options.flows) countFlows({ ...options, cgroup, pinned: true }).close()
  setControl(tables, { top: cgroupId(cgroup) })
  const look = () => lookAtProcesses(options.pins)
  makeKnown(tables, look)
  forgetAgents(tables)
  makeKnown(tables, look)
  const agent = new Loop(options, source, tables, state, mount, memory, first)
  if (options.cutDenied) agent.cutter = cutterFor(options, state)
  for (let input: Input | null = first; input && !agent.apply(input);)
    input = await source.read(memory)
  agent.start()
  return {
    state: () => state,
    inside: () => agent.inside(),
    stop: () => {
      agent.stop()
      unlock()
    },
  }
}

class Loop {
  private readonly options: EnforceOptions
  private readonly tables: Tables
  private readonly state: State
  private readonly mount: string
  private readonly memory: Memory
  private applied: Applied
  private seen: unknown
  private input: Input
  private readonly source: Source
  private ring: Ring | undefined
  private readonly timers: NodeJS.Timeout[] = []
  private unwatch: () => void = () => undefined
  private settling: NodeJS.Timeout | undefined
  private sweeping: NodeJS.Timeout | undefined
  private stopped = false
  private reading = false
  private unbound = false
  cutter: Cutter | undefined
  private readonly resolvers: KnownResolvers
  private missed = 0
  private posture: Posture

  constructor(
    options: EnforceOptions,
    source: Source,
    tables: Tables,
    state: State,
    mount: string,
    memory: Memory,
    input: Input,
  ) {
    this.source = source
    this.input = input
    this.memory = memory
    this.options = options
    this.tables = tables
    this.state = state
    this.mount = mount
    this.applied = adopt(tables)
    this.posture = options.pending ?? defaultPosture
    this.resolvers = new KnownResolvers(options.resolvers, options.times)
    this.missed = readCounters(tables.counters).scratch_busy ?? 0
  }

  inside(): Inside {
    const { tables, applied, input, mount } = this
    return { tables, applied, input, mount }
  }

  /** Puts a plan in force, or keeps the previous one and says why. False: the source has another one to try at once. */
  apply(input: Input): boolean {
    const { log } = this.options
    this.seen = input.documents
    let again = false
    if (input.problems.length > 0) {
      this.state.problems = input.problems
      log.error({ problems: input.problems }, 'policies have problems, keeping the previous plan')
    } else {
      const before = process.hrtime.bigint()
      try {
        const plan = compile(
          input.policies,
          input.pods,
          this.memory.compiled,
          this.posture,
          this.resolvers.now,
          input.cluster,
        )
        attachAsked(this.options.pins, decidesOf(plan))
        this.resolvers.write(this.tables)
        const { next, steps } = prepare(this.tables, this.applied, plan)
        commit(this.tables, next, steps)
        this.applied = next
        this.input = input
        detachUnasked(this.options.pins, decidesOf(plan))
        // What was decided before the switch is stale from here on, however long binding takes, or if it fails.
        this.state.generation = bumpGeneration(this.tables)
        if (steps.rebind || this.unbound) this.bind()
        const ended = this.cutter?.cut(this.tables) ?? 0
        if (ended > 0) log.info({ connections: ended }, 'connections ended that policy denies')
        this.state.applied = new Date().toISOString()
        this.state.loaded = input.policies.map(({ key, policy, file, line }) => ({
          key,
          mode: policy.spec.mode ?? 'audit',
          file,
          line,
        }))
        this.state.pods = Object.fromEntries(
          input.pods.map((p) => [p.uid, `${p.namespace.name}/${p.name}`]),
        )
        this.state.problems = [...(input.refused ?? [])]
        this.sweepLater()
        const ms = Number(process.hrtime.bigint() - before) / 1e6
        log.info(
          { policies: plan.policies.length, generation: this.state.generation, ms },
          'plan applied',
        )
        again = this.source.outcome?.(null) ?? false
      } catch (error) {
        again = this.source.outcome?.(reasonOf(error)) ?? false
        if (this.state.generation === 0 && !again) throw error
        this.state.problems = [reasonOf(error)]
        log.error({ err: error }, 'plan could not be applied, keeping the previous plan')
      }
    }
    writeState(this.options.state, this.state)
    return !again
  }

  start(): void {
    this.ring = openRing(this.tables.events, 'events', (record) =>
      this.events.push(decode(abi.event, record)),
    )
    this.timers.push(setInterval(() => this.drain(), drainMs))
    let idle = noneIdle
    this.timers.push(setInterval(() => (idle = collect(this.tables, idle)), collectMs))
    this.timers.push(setInterval(() => collectNames(this.tables), collectMs))
    this.timers.push(setInterval(returnFreedMemory, collectMs))
    // Watching tells soon; looking again tells surely (mounted ConfigMaps, network file systems).
    this.timers.push(setInterval(() => void this.look(), lookMs))
    this.timers.push(setInterval(() => this.bindMissed(), lookMs))
    this.unwatch = this.source.onChange(() => this.lookSoon())
  }

  stop(): void {
    this.stopped = true
    for (const timer of this.timers) clearInterval(timer)
    clearTimeout(this.settling)
    clearTimeout(this.sweeping)
    this.unwatch()
    this.drain()
    this.ring?.close()
    if (this.options.handOver === true || isContained(this.tables)) this.handOver()
    sweep(this.tables, this.applied)
    this.cutter?.close()
    closeTables(this.tables)
  }

  private handOver(): void {
    // fail open for what nobody knows: one of these is the next agent's own pod, which could not begin otherwise.
    if (this.posture === 'deny') {
      this.posture = 'audit'
      this.apply(this.input)
    }
    handOver(this.tables)
  }

  /** Until it has succeeded it is owed. */
  private bind(): void {
    this.unbound = true
    const { plan, bindings } = this.applied
    const id = (key: string) => bindings.get(key) ?? 0
    const written = bindAll(this.tables, hashKeyOf(this.tables), this.mount, this.state.cgroup, {
      automaton: plan.automaton,
      accepts: new Map(
        [...plan.accepts].map(([set, { binding, container }]) => [
          set,
          {
            id: id(binding),
            scope: plan.bindings.get(binding)?.scope ?? 'host',
            container: id(container),
          },
        ]),
      ),
      pods: new Map([...plan.pods].map(([uid, key]) => [uid, id(key)])),
      container: id(plan.container),
      pending: id(plan.pending),
      numbersAgree: numbersAgree(),
    })
    makeKnown(this.tables, () => lookAtProcesses(this.options.pins))
    lookAtSockets(this.options.pins)
    // Sockets that belonged to no subject until now are looked at again.
    if (written > 0) this.state.generation = bumpGeneration(this.tables)
    this.unbound = false
    this.options.log.debug({ rows: written }, 'cgroups bound')
  }

  /** What the kernel had no room to look at when it was made, and what could not be bound before. */
  private bindMissed(): void {
    const missed = readCounters(this.tables.counters).scratch_busy ?? 0
    if (missed === this.missed && !this.unbound) return
    try {
      this.bind()
      this.missed = missed
      writeState(this.options.state, this.state)
    } catch (error) {
      this.options.log.error({ err: error }, 'cgroups could not be bound, trying again')
    }
  }

  /** What is retired by now, a while later, for all plans of that while together. */
  private sweepLater(): void {
    if (this.sweeping) return
    const { retired } = this.applied
    if (retired.rulesets.length === 0 && retired.bindings.length === 0) return
    this.sweeping = setTimeout(() => {
      this.sweeping = undefined
      // A cgroup that was made just when the plan was switched may have got what the old one said.
      if (stillBound(this.tables, retired.bindings).size > 0) this.unbound = true
      this.bindMissed()
      sweep(this.tables, this.applied, retired)
      this.sweepLater()
    }, sweepMs).unref()
  }

  private lookSoon(): void {
    // Not put off by what comes meanwhile: where something always changes, it would be put off for ever.
    this.settling ??= setTimeout(() => void this.look(), settleMs)
  }

  private async look(): Promise<void> {
    clearTimeout(this.settling)
    this.settling = undefined
    if (this.reading) return this.lookSoon()
    this.reading = true
    if (this.resolvers.changed()) this.seen = undefined // what policies imply is another now
    try {
      for (;;) {
        const input = await this.source.read(this.memory, this.seen)
        if (this.stopped) return // the tables are closed
        if (!input || this.apply(input)) break
      }
    } catch (error) {
      if (this.stopped) return
      // fail closed: a folder that cannot be read is not an empty folder; what is in force stays.
      this.seen = undefined // and it is read again, so that the problem goes when it is the same as before
      const problem = reasonOf(error)
      if (this.state.problems[0] !== problem) {
        this.state.problems = [problem]
        this.options.log.error(
          { err: error },
          'policies could not be read, keeping the previous plan',
        )
        writeState(this.options.state, this.state)
      }
    } finally {
      this.reading = false
    }
  }

  private events: abi.Event[] = []

  private drain(): void {
    this.ring?.consume()
    const events = this.events
    if (events.length === 0) return
    this.events = []
    const describer = new Describer(this.tables, new Map(Object.entries(this.state.pods)))
    const lines = events.map((event) => {
      const record = describer.recordOf(event)
      return JSON.stringify({ time: record.last, ...record, first: undefined, last: undefined })
    })
    this.write(`${lines.join('\n')}\n`)
  }

  /** Bounded: two files of at most 16 MiB. */
  private write(lines: string): void {
    const path = join(this.options.state, 'events.jsonl')
    try {
      if (existsSync(path) && statSync(path).size > maxEventFile) renameSync(path, `${path}.1`)
      appendFileSync(path, lines, { mode: 0o600 })
    } catch (error) {
      // fail open for telemetry: verdicts do not depend on it, and the ledger has the counts.
      this.options.log.error({ err: error }, 'events could not be written, ignoring')
    }
  }
}
