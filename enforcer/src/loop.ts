// SPDX-License-Identifier: Apache-2.0
// The agent at work: whenever what it reads changes, the plan of it is put in force; and what the kernel tells is written.
import { reasonOf } from '../../runtime/src/index.ts'
import { collectNames } from './dns/collect.ts'
import { KnownResolvers } from './dns/resolvers.ts'
import type { EnforceOptions, Inside } from './enforce.ts'
import { Binder } from './identity/binder.ts'
import { collect, noneIdle } from './identity/collect.ts'
import type { Input, Memory, Source } from './input.ts'
import type { Cutter } from './kernel/cutting.ts'
import { handOver, isContained } from './kernel/guard.ts'
import { returnFreedMemory } from './kernel/libbpf.ts'
import { closeTables, type Tables } from './kernel/maps.ts'
import { attachAsked, detachUnasked } from './kernel/on-demand.ts'
import {
  adopt,
  bumpGeneration,
  commit,
  decidesOf,
  prepare,
  restPending,
  stillBound,
  sweep,
  type Applied,
} from './plan/apply.ts'
import { compile } from './plan/compile.ts'
import { EventLog } from './report/event-log.ts'
import { writeState, type State } from './state.ts'

const drainMs = 100
const lookMs = 2000
const settleMs = 10
const sweepMs = 2000
const collectMs = 10_000

export class Loop {
  private readonly options: EnforceOptions
  private readonly tables: Tables
  private readonly state: State
  private readonly mount: string
  private readonly memory: Memory
  private applied: Applied
  private seen: unknown
  private input: Input
  private readonly source: Source
  private events: EventLog | undefined
  private readonly timers: NodeJS.Timeout[] = []
  private unwatch: () => void = () => undefined
  private settling: NodeJS.Timeout | undefined
  private sweeping: NodeJS.Timeout | undefined
  private stopped = false
  private reading = false
  cutter: Cutter | undefined
  private readonly resolvers: KnownResolvers
  private readonly binder: Binder

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
    this.resolvers = new KnownResolvers(options.resolvers, options.times)
    this.binder = new Binder({
      ...{ tables, pins: options.pins, mount, cgroup: state.cgroup, log: options.log },
      applied: () => this.applied,
      onWritten: () => (state.generation = bumpGeneration(tables)),
    })
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
          this.state.pending,
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
        const { set, delete: gone } = steps.pods
        this.binder.bind(steps.rebind, [...set.map(([uid]) => uid), ...gone])
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
    this.events = new EventLog(this.tables, this.options.state, this.options.log)
    this.timers.push(setInterval(() => this.events?.drain(this.state.pods), drainMs))
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
    this.events?.drain(this.state.pods)
    this.events?.close()
    if (this.options.handOver === true || isContained(this.tables)) {
      // fail open for what nobody knows: one of these is the next agent's own pod, which could not begin otherwise.
      restPending(this.tables)
      handOver(this.tables)
    }
    sweep(this.tables, this.applied)
    this.cutter?.close()
    closeTables(this.tables)
  }

  private bindMissed(): void {
    const { generation } = this.state
    this.binder.bindMissed()
    if (this.state.generation !== generation) writeState(this.options.state, this.state)
  }

  /** What is retired by now, a while later, for all plans of that while together. */
  private sweepLater(): void {
    if (this.sweeping) return
    const { retired } = this.applied
    if (retired.rulesets.length === 0 && retired.bindings.length === 0) return
    this.sweeping = setTimeout(() => {
      this.sweeping = undefined
      // A cgroup that was made just when the plan was switched may have got what the old one said.
      if (stillBound(this.tables, retired.bindings).size > 0) {
        this.binder.owe()
        this.bindMissed()
      }
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
}
