// SPDX-License-Identifier: Apache-2.0
// What the webhook knows, from watches of the cluster. Ready when everything was read once; from then on it answers by
// the last that it knows, however long the API server is away, and metrics tell how old that is.

import type { Cluster, Log, Metrics, WatchTimes } from '../../../runtime/src/index.ts'
import { watchObjects, type Watch } from '../../../runtime/src/index.ts'
import type { ClusterObject } from '../cluster-objects.ts'
import type { Fields } from '../fields.ts'
import type { KnowledgeSource } from '../knowledge-source.ts'
import { meshes } from '../meshes/index.ts'
import type { Namespace } from '../namespace.ts'
import { preferredVersions } from './resources.ts'
import { LiveFacts, type LiveWords } from './live-facts.ts'
import { slimNamespace, slimPolicy, watchedKinds, type WatchedKind } from './watched.ts'

export type LiveOptions = LiveWords & {
  cluster: Cluster
  log: Log
  metrics: Metrics
  /** Where control planes of meshes are; empty: anywhere. */
  meshNamespaces?: readonly string[]
  /** How often is looked whether a mesh's kinds were installed. */
  discoverMs?: number
  times?: Partial<WatchTimes>
}

export type LiveKnowledge = KnowledgeSource & {
  /** Policies of files are others than before. */
  remake(): void
  stop(): Promise<void>
}

/** Several objects often change together; a request is told of it this much later at most. */
const togetherMs = 25
const usuallyDiscoverMs = 60_000
const policiesPath = '/apis/underpin.dev/v1alpha1/coveragepolicies'

type Source = {
  name: string
  watch: Watch<unknown>
  /** Without it nothing is judged; what is not must have been asked for once. */
  required: boolean
  refused: boolean
}

export function liveKnowledge(options: LiveOptions): LiveKnowledge {
  const { cluster, log, metrics } = options
  const facts = new LiveFacts(options)
  const ending = new AbortController()
  const { signal } = ending
  const sources: Source[] = []
  /** By kind, and there one for each of its watches. */
  const lists = new Map<string, readonly ReadonlyMap<string, ClusterObject>[]>()
  const dirty = new Set<string>()
  let isDiscovered = false
  let wasReady = false
  let timer: NodeJS.Timeout | undefined
  const failures = metrics.counter(
    'underpin_watch_failures_total',
    'Lists and watches of the API server that failed and were tried again.',
    ['resource'],
  )

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    for (const kind of dirty)
      facts.objectsAre(
        kind,
        (lists.get(kind) ?? []).flatMap((objects) => [...objects.values()]),
      )
    dirty.clear()
    facts.remake()
  }
  const later = () => {
    timer ??= setTimeout(flush, togetherMs).unref()
  }

  function watch<T>(
    name: string,
    what: Parameters<typeof watchObjects<T>>[1],
    tell: {
      changed: (objects: ReadonlyMap<string, T>, uid: string | undefined, gone: boolean) => void
      synced?: (served: boolean) => void
      required: boolean
    },
  ): void {
    const source: Omit<Source, 'watch'> = { name, required: tell.required, refused: false }
    const watched = watchObjects<T>(cluster, what, {
      changed: (objects, { type, uid }) => tell.changed(objects, uid, type === 'deleted'),
      synced: (served) => {
        source.refused = false
        tell.synced?.(served)
        // The first time nobody is answered before all of it is in use.
        if (!wasReady) flush()
        else later()
      },
      failed: (reason) => {
        failures.add({ resource: name })
        // fail open: a mesh is then judged as without this object, and verdicts say what was assumed.
        source.refused ||= reason.startsWith('status 403')
      },
      ...{ log, signal },
      ...(options.times === undefined ? {} : { times: options.times }),
    })
    sources.push(Object.assign(source, { watch: watched }))
  }

  watchNamespaces()
  watch<Fields>(
    'coveragepolicies.underpin.dev',
    { path: policiesPath, slim: slimPolicy },
    {
      changed: (objects) => {
        for (const { name, problems } of facts.policiesAre(objects))
          log.error(
            { policy: name, problems },
            'policy cannot be used, keeping what it said before',
          )
        later()
      },
      synced: (served) => {
        if (!served)
          log.warn('the cluster has no CoveragePolicies: their definition is not installed')
      },
      required: true,
    },
  )
  const kinds = watchedKinds([...meshes, ...options.profiles])
  for (const kind of kinds) if (!kind.custom) watchKind(kind, kind.version)
  const discovering = discover()

  function watchNamespaces(): void {
    const names = new Map<string, string>()
    watch<Namespace>(
      'namespaces',
      { path: '/api/v1/namespaces', slim: slimNamespace },
      {
        changed: (objects, uid, gone) => {
          const changed = uid === undefined ? new Set([...names.keys(), ...objects.keys()]) : [uid]
          for (const one of changed) {
            const before = names.get(one)
            const namespace = gone ? undefined : objects.get(one)
            if (namespace === undefined) names.delete(one)
            else names.set(one, namespace.name)
            if (namespace === undefined && before !== undefined) facts.namespaceGone(before)
          }
          // One that was deleted and made again between two lists has the same name and another UID.
          for (const one of changed) {
            const namespace = gone ? undefined : objects.get(one)
            if (namespace !== undefined) facts.namespaceIs(namespace)
          }
        },
        required: true,
      },
    )
  }

  function watchKind(kind: WatchedKind, version: string): void {
    const base = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${version}`
    const { meshNamespaces = [] } = options
    const places = kind.ofControlPlane && meshNamespaces.length > 0 ? meshNamespaces : [null]
    const name = kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`
    const synced = new Set<string | null>()
    for (const place of places) {
      const last = new Map<string, ClusterObject>()
      lists.set(kind.kind, [...(lists.get(kind.kind) ?? []), last])
      const { labelSelector, fieldSelector, slim } = kind
      watch<ClusterObject>(
        place === null ? name : `${name} in ${place}`,
        {
          path:
            place === null
              ? `${base}/${kind.resource}`
              : `${base}/namespaces/${place}/${kind.resource}`,
          slim,
          // A ConfigMap may have a megabyte.
          pageSize: kind.kind === 'ConfigMap' ? 50 : 250,
          ...(labelSelector === undefined ? {} : { labelSelector }),
          ...(fieldSelector === undefined ? {} : { fieldSelector }),
        },
        {
          changed: (objects, uid) => {
            const changed = uid === undefined ? new Set([...last.keys(), ...objects.keys()]) : [uid]
            let differs = false
            for (const one of changed) differs = taken(last, one, objects.get(one)) || differs
            if (!differs) return
            dirty.add(kind.kind)
            later()
          },
          synced: (served) => {
            if (served) synced.add(place)
            if (synced.size === places.length) facts.kindIsWhole(kind.kind)
          },
          required: kind.kind === 'MutatingWebhookConfiguration',
        },
      )
    }
  }

  /** Kinds of meshes that are not installed are not asked for again and again. */
  async function discover(): Promise<void> {
    const open = new Set(kinds.filter(({ custom }) => custom))
    while (!signal.aborted && open.size > 0) {
      const versions = await preferredVersions(cluster, signal).catch(() => null)
      for (const kind of open) {
        const version = versions?.get(kind.group)
        if (version === undefined) continue
        open.delete(kind)
        watchKind(kind, version)
      }
      isDiscovered ||= versions !== null
      const waitMs = isDiscovered ? (options.discoverMs ?? usuallyDiscoverMs) : 1000
      await pause(waitMs * (0.75 + Math.random() / 2), signal)
    }
    isDiscovered = true
  }

  tellOf(metrics, sources, facts)
  return {
    ready() {
      if (wasReady) return null
      if (!isDiscovered) return 'what the cluster serves'
      const missing = sources.find(
        ({ watch: one, required, refused }) => !one.isSynced() && (required || !refused),
      )
      if (missing !== undefined) return `${missing.name} of the cluster`
      if (dirty.size > 0) flush()
      wasReady = true
      return null
    },
    current: () => facts.current,
    remake: later,
    async stop() {
      ending.abort()
      clearTimeout(timer)
      await Promise.all([discovering, ...sources.map(({ watch: one }) => one.ended)])
    },
  }
}

/** Whether it is another than before: nodes tell all the time that nothing changed. */
function taken(
  last: Map<string, ClusterObject>,
  uid: string,
  now: ClusterObject | undefined,
): boolean {
  const before = last.get(uid)
  if (now === undefined) return last.delete(uid)
  if (before !== undefined && JSON.stringify(before.object) === JSON.stringify(now.object))
    return false
  last.set(uid, now)
  return true
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
    refused.set(facts.refused)
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        done()
      },
      { once: true },
    )
  })
}
