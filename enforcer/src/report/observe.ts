// SPDX-License-Identifier: Apache-2.0
// Live decisions, allowed ones too, while somebody watches. One watcher at a time: a ring has one reader.
// Nothing is decided differently meanwhile; what the watcher is too slow for is counted as lost.
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import * as abi from '../kernel/abi.gen.ts'
import { decode } from '../kernel/codec.ts'
import { openRing, tryLock } from '../kernel/libbpf.ts'
import { readCounters, type Tables } from '../kernel/maps.ts'
import { CgroupPaths } from './watch.ts'
import { Describer, type PodNames, type Record } from './records.ts'

export type Observed = Omit<Record, 'outcome' | 'count' | 'first' | 'last' | 'other'> & {
  time: string
  /** A decision on a subject, or something that happened anywhere on the machine. */
  event: 'decision' | 'start' | 'exit' | 'open'
  outcome: 'allowed' | 'would-deny' | 'denied'
  /** About exit: the status, as wait(2) has it. */
  status?: number
}

export interface Observer {
  /** What happened since the last call. */
  take: () => Observed[]
  /** Ends the watch; answers how many decisions were lost. */
  close: () => number
}

const outcomes = ['allowed', 'would-deny', 'denied'] as const

/** `state`: folder of the lock. */
export function observe(tables: Tables, state: string, pods: PodNames): Observer {
  mkdirSync(state, { recursive: true, mode: 0o700 })
  // The lock goes with the process, however it ends.
  const lock = openSync(join(state, 'observe.lock'), 'w', 0o600)
  if (!tryLock(lock)) {
    closeSync(lock)
    throw new UnderpinError('usage', {
      operation: 'observe',
      object: state,
      found: 'somebody else observing',
      expected: 'one at a time',
      remedy: 'end that one first',
    })
  }
  let events: abi.Event[] = []
  const cgroups = new CgroupPaths()
  const ring = openRing(tables.observed, 'observed', (record) =>
    events.push(decode(abi.event, record)),
  )
  ring.consume() // what an earlier watcher left behind
  events = []
  const lost = () => readCounters(tables.counters).observed_lost ?? 0
  const before = lost()
  const watch = (on: number) => tables.flags.set({ value: abi.Flag.OBSERVE }, { value: on })
  watch(1)
  return {
    take() {
      ring.consume()
      const taken = events
      events = []
      // A new one each time: a name that was not known yet may be known now.
      const describer = new Describer(tables, pods)
      return taken.map((event) => observed(describer, cgroups, event))
    },
    close() {
      watch(0)
      ring.close()
      closeSync(lock)
      return lost() - before
    },
  }
}

const kinds = new Map<number, Observed['event']>([
  [abi.EventKind.DECISION, 'decision'],
  [abi.EventKind.START, 'start'],
  [abi.EventKind.EXIT, 'exit'],
  [abi.EventKind.OPEN, 'open'],
])

function observed(describer: Describer, cgroups: CgroupPaths, seen: abi.Event): Observed {
  const { what } = seen
  const { count, first, last, other, ...record } = describer.recordOf(seen)
  void [first, other]
  const event = kinds.get(seen.kind) ?? 'decision'
  // What belongs to no subject is named by its cgroup.
  if (event !== 'decision' && record.subject.scope === 'none') {
    const path = cgroups.path(what.subject)
    record.subject = { ...record.subject, cgroup: path, name: path ?? record.subject.name }
  }
  return {
    ...record,
    time: last,
    event,
    outcome: outcomes[what.outcome] ?? 'allowed',
    ...(event === 'exit' && { status: count }),
  }
}
