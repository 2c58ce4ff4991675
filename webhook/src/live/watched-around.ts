// SPDX-License-Identifier: Apache-2.0
// What the workloads of a cluster are judged by, as it is now: everything that is known around them, and which meshes are
// expected of them. Tells which namespaces have to be judged anew after a change.

import type { Cluster, Log } from '../../../runtime/src/index.ts'
import { expectingOf, type ScanKnowledge } from '../scan-knowledge.ts'
import type { ScanOptions } from '../scan.ts'
import { liveKnowledge, type Affected } from './live-knowledge.ts'

export type Around = Pick<ScanKnowledge, 'knowledge' | 'knownIn'>

export type AroundWatch = {
  /** Null: nothing is known yet. */
  current: () => Around | null
  /** What is still missing; null: nothing. */
  missing: () => string | null
  /** What could not be read, and what is wrong with what was. */
  problems: () => string[]
  /** Policies that are not in force as they are written, by name, with what is wrong. */
  refusedPolicies: () => ReadonlyMap<string, readonly string[]>
}

export type AroundWatchOptions = Omit<ScanOptions, 'today'> & {
  /** Exemptions end with a day. */
  today: () => string
  cluster: Cluster
  log?: Log
  signal: AbortSignal
  changed: (affected: Affected) => void
  discoverMs?: number
  /** Changes within this time are taken together. */
  settleMs?: number
}

const calendarMs = 60_000

export function watchAround(options: AroundWatchOptions): AroundWatch {
  const { cluster, log, signal, changed, today, settings, discoverMs, settleMs = 500 } = options
  let around: Around | null = null
  let touched: 'all' | Set<string> = new Set()
  let timer: NodeJS.Timeout | undefined
  const touch = (what: Affected) => {
    if (what === 'all') touched = 'all'
    else if (touched !== 'all') for (const name of what) touched.add(name)
    if (!signal.aborted) timer ??= setTimeout(rebuild, settleMs)
  }
  const knowledge = liveKnowledge({
    ...{ cluster, isPartial: true, expects: true, changed: touch },
    ...{ profiles: options.profiles ?? [], policies: () => options.policies ?? [] },
    ...(log === undefined ? {} : { log }),
    ...(settings === undefined ? {} : { settings }),
    ...(discoverMs === undefined ? {} : { discoverMs }),
  })
  let day = today()
  const calendar = setInterval(() => {
    if (day !== today()) touch('all')
    day = today()
  }, calendarMs)
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer)
      clearInterval(calendar)
      void knowledge.stop()
    },
    { once: true },
  )
  const rebuild = () => {
    timer = undefined
    // What is missing tells when it is there.
    if (knowledge.ready() !== null) return
    const before = around
    const facts = knowledge.current()
    around = expectingOf(facts, [], { ...options, today: today(), isCluster: true })
    const affected = touched
    touched = new Set()
    if (affected === 'all' || before === null) return changed('all')
    const { namespaces } = before.knowledge
    for (const name of new Set([...namespaces.keys(), ...facts.namespaces.keys()]))
      // Which mesh is expected here may follow from what other namespaces ask for.
      if (before.knownIn(name).expected.join() !== around.knownIn(name).expected.join())
        affected.add(name)
    if (affected.size > 0) changed(affected)
  }
  return {
    current: () => around,
    missing: () =>
      knowledge.ready() ?? (around === null ? 'what stands around the workloads' : null),
    problems: () => knowledge.problems(),
    refusedPolicies: () => knowledge.refusedPolicies(),
  }
}
