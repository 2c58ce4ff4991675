// SPDX-License-Identifier: Apache-2.0
// What stands around the workloads of a cluster, kept fresh by watches: namespaces, CoveragePolicies, webhook
// configurations, and what the meshes keep there. Tells which namespaces have to be judged anew after a change.

import { hash } from 'node:crypto'
import {
  watchObjects,
  type Cluster,
  type Log,
  type WatchedObject,
} from '../../../runtime/src/index.ts'
import { isWanted, type Wanted } from '../cluster-objects.ts'
import { fields, list, text, type Fields } from '../fields.ts'
import { meshes } from '../meshes/index.ts'
import { wantedOf } from '../meshes/resolve-settings.ts'
import { sorted, type ScanInput } from '../scan-input.ts'
import { knowledgeOf, type ScanKnowledge } from '../scan-knowledge.ts'
import type { ScanOptions } from '../scan.ts'
import { manifestOf } from './around.ts'
import { pathOf, wantedResources, type Resource, type Served } from './resources.ts'

export type Around = Omit<ScanKnowledge, 'problems'> & { input: ScanInput }

/** Namespaces whose workloads may be judged differently now. */
export type Affected = 'all' | ReadonlySet<string>

export type AroundWatch = {
  /** Null: nothing is known yet. */
  current: () => Around | null
  /** What is still missing. */
  missing: () => string[]
  /** Adds what the cluster serves by now. */
  serve: (served: Served) => void
  /** What could not be read, as it was told last. */
  failures: ReadonlyMap<string, string>
}

export type AroundWatchOptions = Omit<ScanOptions, 'today'> & {
  /** Exemptions end with a day. */
  today: () => string
  cluster: Cluster
  log?: Log
  signal: AbortSignal
  changed: (affected: Affected) => void
  /** Changes within this time are taken together. */
  settleMs?: number
}

type Reach = 'all' | 'none' | { namespace: string }

/** Fields that change when nothing else does. */
const restless = new Set(['managedFields', 'resourceVersion', 'generation'])

type Kept = { object: Fields; digest: string }
type Kind = {
  kind: string
  objects: ReadonlyMap<string, Kept>
  synced: boolean
  /** Every object of the kind is here: one that is not does not exist. */
  whole: boolean
}

/** Watches by name, where a kind has many objects that nobody wants. */
const mostNames = 20

const namespaces: Resource = {
  ...{ group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false },
}
const policies: Resource = {
  ...{ group: 'underpin.dev', version: 'v1alpha1', resource: 'coveragepolicies' },
  ...{ kind: 'CoveragePolicy', namespaced: false },
}

export function watchAround(options: AroundWatchOptions): AroundWatch {
  const { cluster, signal, log, changed, settleMs = 500 } = options
  const wanted = wantedOf([...meshes, ...(options.profiles ?? [])])
  const kinds = new Map<string, Kind>()
  const failures = new Map<string, string>()
  let around: Around | null = null
  let touched: 'all' | Set<string> = new Set()
  let timer: NodeJS.Timeout | undefined
  let day = options.today()
  const calendar = setInterval(() => {
    if (day !== options.today()) touch('all')
    day = options.today()
  }, 60_000)
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer)
      clearInterval(calendar)
    },
    { once: true },
  )

  const missing = () => [...kinds].flatMap(([path, { synced }]) => (synced ? [] : [path]))
  const rebuild = () => {
    timer = undefined
    if (kinds.size === 0 || missing().length > 0) return
    const before = around
    around = aroundOf(kinds, options)
    const { knownIn } = around
    const affected = touched
    touched = new Set()
    if (affected === 'all' || before === null) return changed('all')
    for (const name of new Set([...before.input.namespaces.keys(), ...affected]))
      // Which mesh is expected here may follow from what other namespaces ask for.
      if (before.knownIn(name).expected.join() !== knownIn(name).expected.join()) affected.add(name)
    if (affected.size > 0) changed(affected)
  }
  const touch = (what: Reach) => {
    if (what === 'all') touched = 'all'
    else if (what !== 'none' && touched !== 'all') touched.add(what.namespace)
    if (!signal.aborted) timer ??= setTimeout(rebuild, settleMs)
  }
  const watch = (resource: Resource, name?: string) => {
    const path = pathOf(resource)
    const key = name === undefined ? path : `${path}/${name}`
    if (kinds.has(key)) return
    const { kind } = resource
    const state: Kind = { kind, objects: new Map(), synced: false, whole: false }
    kinds.set(key, state)
    // Of a deleted object only its uid is told.
    const known = new Map<string, Kept>()
    void watchObjects<Kept>(
      cluster,
      {
        path,
        ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
        slim: (object) => keptOf(object, resource, wanted),
      },
      {
        ...(log === undefined ? {} : { log }),
        signal,
        changed(objects, { uid }) {
          state.objects = objects
          const uids = uid === undefined ? new Set([...objects.keys(), ...known.keys()]) : [uid]
          for (const one of uids) {
            const [before, now] = [known.get(one), objects.get(one)]
            if (before?.digest === now?.digest) continue
            if (now === undefined) known.delete(one)
            else known.set(one, now)
            touch(reachOf(resource, (now ?? before)?.object ?? {}))
          }
        },
        synced() {
          failures.delete(key)
          if (!state.whole) touch('all')
          state.synced = true
          state.whole = true
        },
        failed(reason) {
          failures.set(key, reason)
          // fail open: what may not be read does not keep the rest from being judged; it is told.
          if (!state.synced && /^status 40[13]/.test(reason)) {
            state.synced = true
            touch('all')
          }
        },
      },
    )
  }
  watch(namespaces)
  watch(policies)
  return {
    current: () => around,
    missing,
    failures,
    serve(served) {
      for (const { resource, names } of wantedResources(served, wanted)) {
        if (resource.kind === 'Namespace') continue
        const exact = names?.every((name) => !name.endsWith('*')) === true
        if (exact && names.length <= mostNames) for (const name of names) watch(resource, name)
        else watch(resource)
      }
    },
  }
}

/** A new node says nothing of the pods that are there; a namespace, of its own ones. */
function reachOf({ kind }: Resource, object: Fields): Reach {
  if (kind === 'Node') return 'none'
  return kind === 'Namespace' ? { namespace: text(object, 'metadata', 'name') ?? '' } : 'all'
}

function keptOf(object: WatchedObject, resource: Resource, wanted: readonly Wanted[]): Kept | null {
  const isOurs = resource.kind === 'CoveragePolicy' || resource.kind === 'Namespace'
  if (!isOurs && !isWanted(object, wanted)) return null
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([key]) => !restless.has(key)),
  )
  const { status, ...rest } = object
  const read = resource.kind === 'Node' ? readiness(object) : isOurs ? undefined : status
  const kept: Fields = { ...rest, metadata, ...(read === undefined ? {} : { status: read }) }
  return { object: kept, digest: hash('sha1', JSON.stringify(kept)) }
}

/** Of a node's status, which says anew every few seconds that it lives: since when it is ready. */
function readiness(object: unknown): Fields {
  const found = list(object, 'status', 'conditions').find((one) => text(one, 'type') === 'Ready')
  const lastTransitionTime = text(found, 'lastTransitionTime')
  return {
    nodeInfo: fields(object, 'status', 'nodeInfo'),
    conditions: found === undefined ? [] : [{ type: 'Ready', lastTransitionTime }],
  }
}

function aroundOf(kinds: ReadonlyMap<string, Kind>, options: AroundWatchOptions): Around {
  const all = [...kinds.values()]
  const partly = new Set(all.filter(({ whole }) => !whole).map(({ kind }) => kind))
  const complete = new Set(all.map(({ kind }) => kind).filter((kind) => !partly.has(kind)))
  const objects = all.flatMap(({ objects: some }) => [...some.values()].map((one) => one.object))
  const input = sorted(objects.map(manifestOf), options)
  // What a mesh consists of is judged with all other workloads.
  const known = { ...input, subjects: [] }
  const { problems, ...rest } = knowledgeOf(known, { ...options, today: options.today(), complete })
  known.unread.push(
    ...problems.map(({ path, found, expected }) => ({
      ...{ file: '(cluster)', line: null },
      message: `mesh settings: ${path}: found ${found}, expected ${expected}`,
    })),
  )
  return { ...rest, input: known }
}
