// SPDX-License-Identifier: Apache-2.0
// Keeps every cgroup that is there with the binding that the plan in force gives it. What could not be bound is owed, and
// tried again.
import type { Log } from '../../../runtime/src/index.ts'
import { makeKnown } from '../kernel/guard.ts'
import { readCounters, type Tables } from '../kernel/maps.ts'
import { hashKeyOf, type Applied } from '../plan/apply.ts'
import { bindAll, type Bindings } from './bind.ts'
import { bindPods } from './bind-pods.ts'
import { lookAtProcesses, lookAtSockets, numbersAgree } from './host.ts'

/** Of what the kernel may have been making just when a plan was switched, and bound by the old one. */
const timesLookedAgain = 2

export interface BinderOptions {
  tables: Tables
  /** Folder of the pins. */
  pins: string
  /** Where cgroups are mounted, and below which of them subjects are looked for. */
  mount: string
  cgroup: string
  log: Log
  applied: () => Applied
  /** Rows were written: what was decided before is stale. */
  onWritten: () => void
}

export class Binder {
  private readonly options: BinderOptions
  private owed = false
  /** UID → how often its subjects are looked at again. */
  private readonly lately = new Map<string, number>()
  private missed: number

  constructor(options: BinderOptions) {
    this.options = options
    this.missed = this.missedByKernel()
  }

  /** After a plan is switched: every cgroup, or the pods that it changes. */
  bind(everything: boolean, changedPods: readonly string[]): void {
    for (const uid of changedPods) this.lately.set(uid, timesLookedAgain)
    if (everything || this.owed) this.bindAll()
    else this.bindPods()
  }

  /** Every cgroup is to be looked at, the next time. */
  owe(): void {
    this.owed = true
  }

  /** Now and then: what the kernel missed, what is owed, and pods of late. */
  bindMissed(): void {
    const missed = this.missedByKernel()
    const all = missed !== this.missed || this.owed
    if (!all && this.lately.size === 0) return
    try {
      if (all) this.bindAll()
      else this.bindPods()
      this.missed = missed
      for (const [uid, times] of this.lately)
        if (times > 1) this.lately.set(uid, times - 1)
        else this.lately.delete(uid)
    } catch (error) {
      this.options.log.error({ err: error }, 'cgroups could not be bound, trying again')
    }
  }

  private bindAll(): void {
    const { tables, pins, mount, cgroup, log, onWritten } = this.options
    this.owed = true
    const rows = bindAll(tables, hashKeyOf(tables), mount, cgroup, this.bindings())
    makeKnown(tables, () => lookAtProcesses(pins))
    lookAtSockets(pins)
    // Sockets that belonged to no subject until now are looked at again.
    if (rows > 0) onWritten()
    this.owed = false
    log.debug({ rows }, 'cgroups bound')
  }

  private bindPods(): void {
    const { tables, onWritten } = this.options
    const { plan, bindings } = this.options.applied()
    this.owed = true
    const rows = bindPods(
      tables,
      new Set(this.lately.keys()),
      (uid) => bindings.get(plan.pods.get(uid) ?? plan.pending) ?? 0,
    )
    if (rows === null) return this.bindAll()
    if (rows > 0) onWritten()
    this.owed = false
  }

  private bindings(): Bindings {
    const { plan, bindings } = this.options.applied()
    const id = (key: string) => bindings.get(key) ?? 0
    return {
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
    }
  }

  /** Cgroups that the kernel could not look at when they were made, or had no row for. */
  private missedByKernel(): number {
    const counters = readCounters(this.options.tables.counters)
    return (counters.scratch_busy ?? 0) + (counters.subjects_full ?? 0)
  }
}
