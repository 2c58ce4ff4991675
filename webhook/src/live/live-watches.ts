// SPDX-License-Identifier: Apache-2.0
// The watches behind what is known of a cluster: its namespaces, CoveragePolicies, webhook configurations, and the kinds of
// each mesh once they are installed. What they tell goes into facts, several changes at once.

import {
  watchObjects,
  type Cluster,
  type Log,
  type Watch,
  type WatchTimes,
} from '../../../runtime/src/index.ts'
import type { ClusterObject } from '../cluster-objects.ts'
import type { Fields } from '../fields.ts'
import type { Namespace } from '../namespace.ts'
import type { LiveFacts } from './live-facts.ts'
import { preferredVersions } from './resources.ts'
import { slimNamespace, slimPolicy, type WatchedKind } from './watched.ts'

export type WatchesOptions = {
  cluster: Cluster
  log?: Log
  signal: AbortSignal
  kinds: readonly WatchedKind[]
  /** Where control planes of meshes are; empty: anywhere. */
  meshNamespaces?: readonly string[]
  /** How often is looked whether a mesh's kinds were installed. */
  discoverMs?: number
  times?: Partial<WatchTimes>
  /** What may not be read does not keep the rest from being used. */
  isPartial?: boolean
  /** Facts are others now. `first`: something was read for the first time. */
  changed: (reach: Reach, first: boolean) => void
  failed?: (resource: string) => void
}

/** What may be judged differently: everything, the workloads of a namespace, or nothing that is there already. */
export type Reach = 'all' | 'none' | { namespace: string }

export type Source = {
  name: string
  watch: Watch<unknown>
  /** Without it nothing is judged; what is not must have been asked for once. */
  required: boolean
  refused: boolean
  /** Why it could not be read the last time; null: it was. */
  failure: string | null
}

export type Watches = {
  sources: readonly Source[]
  /** It is known which of the kinds the cluster has. */
  isDiscovered: () => boolean
  /** Gives facts what was told since the last time. */
  flush: () => void
  ended: () => Promise<unknown>
}

const usuallyDiscoverMs = 60_000
const policiesPath = '/apis/underpin.dev/v1alpha1/coveragepolicies'

export function startWatches(options: WatchesOptions, facts: LiveFacts): Watches {
  const { cluster, log, signal, kinds, changed, isPartial = false } = options
  const sources: Source[] = []
  /** By kind, and there one for each of its watches. */
  const lists = new Map<string, ReadonlyMap<string, ClusterObject>[]>()
  const dirty = new Set<string>()
  let isDiscovered = false

  function watch<T>(
    name: string,
    what: Parameters<typeof watchObjects<T>>[1],
    tell: {
      changed: (objects: ReadonlyMap<string, T>, uid: string | undefined) => void
      synced?: (served: boolean) => void
      required: boolean
    },
  ): void {
    const { required } = tell
    const source: Omit<Source, 'watch'> = { name, required, refused: false, failure: null }
    let wasSynced = false
    const watched = watchObjects<T>(cluster, what, {
      changed: (objects, { uid }) => tell.changed(objects, uid),
      synced: (served) => {
        Object.assign(source, { refused: false, failure: null })
        tell.synced?.(served)
        changed(wasSynced ? 'none' : 'all', !wasSynced)
        wasSynced = true
      },
      failed: (reason) => {
        options.failed?.(name)
        source.failure = reason
        const isRefused =
          reason.startsWith('status 403') || (isPartial && reason.startsWith('status 401'))
        if (source.refused || !isRefused) return
        // fail open: a mesh is then judged as without this object, and verdicts say what was assumed.
        source.refused = true
        changed('all', true)
      },
      ...(log === undefined ? {} : { log }),
      signal,
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
        const { problems, differs } = facts.policiesAre(objects)
        for (const one of problems)
          log?.error(one, 'policy cannot be used, keeping what it said before')
        if (differs) changed('all', false)
      },
      synced: (served) => {
        if (!served)
          log?.warn('the cluster has no CoveragePolicies: their definition is not installed')
      },
      required: true,
    },
  )
  for (const kind of kinds) if (!kind.custom) watchKind(kind, kind.version)
  const discovering = discover()

  function watchNamespaces(): void {
    const names = new Map<string, string>()
    watch<Namespace>(
      'namespaces',
      { path: '/api/v1/namespaces', slim: slimNamespace },
      {
        changed: (objects, uid) => {
          const uids = uid === undefined ? new Set([...names.keys(), ...objects.keys()]) : [uid]
          for (const one of uids) {
            const before = names.get(one)
            const namespace = objects.get(one)
            if (namespace === undefined) names.delete(one)
            else names.set(one, namespace.name)
            if (namespace !== undefined || before === undefined) continue
            facts.namespaceGone(before)
            changed({ namespace: before }, false)
          }
          // One that was deleted and made again between two lists has the same name and another UID.
          for (const one of uids) {
            const namespace = objects.get(one)
            if (namespace !== undefined && facts.namespaceIs(namespace))
              changed({ namespace: namespace.name }, false)
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
      const folder = place === null ? base : `${base}/namespaces/${place}`
      watch<ClusterObject>(
        place === null ? name : `${name} in ${place}`,
        {
          ...{ path: `${folder}/${kind.resource}`, slim },
          // A ConfigMap may have a megabyte.
          pageSize: kind.kind === 'ConfigMap' ? 50 : 250,
          ...(labelSelector === undefined ? {} : { labelSelector }),
          ...(fieldSelector === undefined ? {} : { fieldSelector }),
        },
        {
          changed: (objects, uid) => {
            const uids = uid === undefined ? new Set([...last.keys(), ...objects.keys()]) : [uid]
            let differs = false
            for (const one of uids) differs = taken(last, one, objects.get(one)) || differs
            if (!differs) return
            dirty.add(kind.kind)
            // A new node says nothing of the pods that are there.
            changed(kind.kind === 'Node' ? 'none' : 'all', false)
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
      if (versions !== null && !isDiscovered) {
        isDiscovered = true
        changed('none', true)
      }
      const waitMs = isDiscovered ? (options.discoverMs ?? usuallyDiscoverMs) : 1000
      await pause(waitMs * (0.75 + Math.random() / 2), signal)
    }
    isDiscovered = true
  }

  return {
    sources,
    isDiscovered: () => isDiscovered,
    flush() {
      for (const kind of dirty)
        facts.objectsAre(
          kind,
          (lists.get(kind) ?? []).flatMap((objects) => [...objects.values()]),
        )
      dirty.clear()
    },
    ended: () => Promise.all([discovering, ...sources.map(({ watch: one }) => one.ended)]),
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
