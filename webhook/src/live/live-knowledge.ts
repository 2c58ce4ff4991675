// SPDX-License-Identifier: Apache-2.0
// What is known of a cluster, from watches. Ready when everything was read once; from then on it answers by the last that
// it knows, however long the API server is away, and metrics tell how old that is.

import type { Log, Metrics } from '../../../runtime/src/index.ts'
import type { KnowledgeSource } from '../knowledge-source.ts'
import { meshes } from '../meshes/index.ts'
import { LiveFacts, type LiveWords } from './live-facts.ts'
import { startWatches, type Reach, type Source, type WatchesOptions } from './live-watches.ts'
import { watchedKinds } from './watched.ts'

export type LiveOptions = LiveWords &
  Pick<WatchesOptions, 'cluster' | 'meshNamespaces' | 'discoverMs' | 'times' | 'isPartial'> & {
    log?: Log
    metrics?: Metrics
    /** Reads as well what tells only that a mesh is installed: a review is held against what policies name. */
    expects?: boolean
    /** Facts were made anew. */
    changed?: (affected: Affected) => void
  }

/** Namespaces whose workloads may be judged differently now. */
export type Affected = 'all' | ReadonlySet<string>

export type LiveKnowledge = KnowledgeSource & {
  /** Policies of files are others than before. */
  remake(): void
  /** What could not be read, and what is wrong with what was. */
  problems(): string[]
  /** Policies that are not in force as they are written, by name, with what is wrong. */
  refusedPolicies(): ReadonlyMap<string, readonly string[]>
  stop(): Promise<void>
}

/** Several objects often change together; a request is told of it this much later at most. */
const togetherMs = 25

export function liveKnowledge(options: LiveOptions): LiveKnowledge {
  const { metrics, isPartial = false } = options
  const facts = new LiveFacts(options)
  const ending = new AbortController()
  let affected: 'all' | Set<string> = new Set()
  let wasReady = false
  let timer: NodeJS.Timeout | undefined
  const failures = metrics?.counter(
    'underpin_watch_failures_total',
    'Lists and watches of the API server that failed and were tried again.',
    ['resource'],
  )
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    watches.flush()
    facts.remake()
    const now = affected
    affected = new Set()
    options.changed?.(now)
  }
  const later = () => {
    timer ??= setTimeout(flush, togetherMs).unref()
  }
  const reach = (what: Reach) => {
    if (what === 'all') affected = 'all'
    else if (what !== 'none' && affected !== 'all') affected.add(what.namespace)
  }
  const watches = startWatches(
    {
      ...options,
      signal: ending.signal,
      kinds: watchedKinds([...meshes, ...options.profiles], options.expects),
      changed(what, first) {
        reach(what)
        // The first time nobody is answered before all of it is in use.
        if (first && !wasReady) flush()
        else later()
      },
      failed: (resource) => failures?.add({ resource }),
    },
    facts,
  )
  const { sources } = watches
  if (metrics !== undefined) tellOf(metrics, sources, facts)
  return {
    ready() {
      if (wasReady) return null
      if (!watches.isDiscovered()) return 'what the cluster serves'
      const missing = sources.find(
        ({ watch, required, refused }) =>
          !watch.isSynced() && !(refused && (isPartial || !required)),
      )
      if (missing !== undefined) return `${missing.name} of the cluster`
      wasReady = true
      flush()
      return null
    },
    current: () => facts.current,
    remake: later,
    problems: () => [
      ...sources.flatMap(({ name, failure }) => (failure === null ? [] : [`${name}: ${failure}`])),
      ...facts.problems,
    ],
    refusedPolicies: () => facts.refused,
    async stop() {
      ending.abort()
      clearTimeout(timer)
      await watches.ended()
    },
  }
}

function tellOf(metrics: Metrics, sources: readonly Source[], facts: LiveFacts): void {
  const age = metrics.gauge(
    'underpin_watch_age_seconds',
    'Since the API server last said anything of this kind; what was known then is still used.',
    ['resource'],
  )
  const count = metrics.gauge('underpin_watch_objects', 'Objects that are kept of this kind.', [
    'resource',
  ])
  const refused = metrics.gauge(
    'underpin_policies_refused',
    'Policies of the cluster that are not in force as they are written.',
  )
  const begun = Date.now()
  metrics.beforeScrape(() => {
    for (const { name, watch } of sources) {
      age.set((Date.now() - Math.max(watch.heard(), begun)) / 1000, { resource: name })
      count.set(watch.objects.size, { resource: name })
    }
    refused.set(facts.refused.size)
  })
}
