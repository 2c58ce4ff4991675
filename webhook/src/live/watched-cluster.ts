// SPDX-License-Identifier: Apache-2.0
// The workloads and pods of a cluster, each judged when it comes or changes, and kept small. What is asked of the API
// server is one list and one watch of each kind. Only when something around them changes (a namespace's labels, an
// injector) are the pods of the namespaces concerned read again, page by page: their specifications are not kept.

import { watchObjects, type Cluster, type Log } from '../../../runtime/src/index.ts'
import type { Fields } from '../fields.ts'
import { meshes } from '../meshes/index.ts'
import { wantedOf } from '../meshes/resolve-settings.ts'
import type { ScanOptions } from '../scan.ts'
import { Admissions } from './admission.ts'
import { ownerIn, recordOf, type LiveRecord, type OwnerName } from './live-record.ts'
import { pages, Unlistable, type PageOptions } from './pages.ts'
import {
  groupsOf,
  pathOf,
  servedResources,
  workloadResources,
  type Resource,
  type Served,
} from './resources.ts'
import type { Affected } from './live-knowledge.ts'
import { watchAround, type Around, type AroundWatch } from './watched-around.ts'

export type LiveOptions = Omit<ScanOptions, 'today' | 'progress'> & {
  cluster: Cluster
  today: () => string
  log?: Log
  signal: AbortSignal
  /** Records that came, changed or went. */
  changed: (records: readonly LiveRecord[]) => void
  pages?: PageOptions
  /** Between two looks at what the cluster serves. */
  discoverMs?: number
  settleMs?: number
  /** Between two readings of everything because of a change around it. */
  rejudgeMs?: number
}

export type LiveCluster = {
  /** Null: everything was read and judged at least once; else what is missing. */
  missing: () => string | null
  /** Pods and workloads, by uid. */
  records: ReadonlyMap<string, LiveRecord>
  around: () => Around | null
  /** What may not be read or failed, as it was told last. */
  problems: () => string[]
  refusedPolicies: AroundWatch['refusedPolicies']
  /** The workload that people know: a pod's Deployment, not its ReplicaSet. */
  ownerOf: (record: LiveRecord) => OwnerName
  counts: () => { records: number; distinct: number; rejudged: number }
}

const pods: Resource = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true }

export function watchCluster(options: LiveOptions): LiveCluster {
  const { cluster, log, signal, changed } = options
  const { discoverMs = 300_000, settleMs = 500, rejudgeMs = 30_000 } = options
  const wanted = wantedOf([...meshes, ...(options.profiles ?? [])])
  const records = new Map<string, LiveRecord>()
  const admissions = new Admissions()
  const kinds = new Map<string, { resource: Resource; synced: boolean }>()
  const failures = new Map<string, string>()
  let rejudged = 0
  let discovered = false
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, run: () => void) => {
    // What is still under way when it ends must not keep the process.
    if (signal.aborted) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }
  signal.addEventListener('abort', () => timers.forEach(clearTimeout), { once: true })

  // --- one object

  const judge = (record: LiveRecord, object: Fields) => {
    const known = around.current()
    if (known === null || !record.isJudged) return
    const finished = record.kind === 'Pod'
    record.admission = admissions.of(object, known, {
      ...(finished ? { finished } : {}),
      ...(options.templates === undefined ? {} : { templates: options.templates }),
    })
  }
  const begin = (resource: Resource) => {
    const path = pathOf(resource)
    if (kinds.has(path)) return
    const state = { resource, synced: false }
    kinds.set(path, state)
    let own = new Map<string, LiveRecord>()
    void watchObjects<LiveRecord>(
      cluster,
      {
        path,
        slim(object) {
          const record = recordOf({ ...object, kind: resource.kind }, kindsWithTemplates())
          if (record !== null) judge(record, { ...object, kind: resource.kind })
          return record
        },
      },
      {
        ...(log === undefined ? {} : { log }),
        signal,
        changed(objects, { uid }) {
          const touched: LiveRecord[] = []
          const take = (one: string) => {
            const [before, now] = [own.get(one), objects.get(one)]
            if (before === now) return
            if (before !== undefined) touched.push(before)
            if (now === undefined) {
              own.delete(one)
              records.delete(one)
            } else {
              own.set(one, now)
              records.set(one, now)
              touched.push(now)
            }
          }
          if (uid !== undefined) take(uid)
          else for (const one of new Set([...objects.keys(), ...own.keys()])) take(one)
          if (touched.length > 0) changed(touched)
        },
        synced() {
          failures.delete(path)
          state.synced = true
        },
        failed(reason) {
          failures.set(path, reason)
          // fail open: what may not be read is told, and the rest is judged.
          if (/^status 40[13]/.test(reason)) state.synced = true
        },
      },
    )
    signal.addEventListener('abort', () => (own = new Map()), { once: true })
  }
  const kindsWithTemplates = () => new Set([...kinds.values()].map(({ resource }) => resource.kind))

  // --- what changed around them

  let waiting: 'all' | Set<string> = new Set()
  let reading: Promise<void> | null = null
  const rejudge = (affected: Affected) => {
    if (affected === 'all') waiting = 'all'
    else if (waiting !== 'all') for (const name of affected) waiting.add(name)
    if (reading !== null) return
    const now = waiting
    waiting = new Set()
    reading = readAgain(now).finally(() => {
      // A namespace is read soon; everything, only so often.
      later(now === 'all' ? rejudgeMs : settleMs, () => {
        reading = null
        if (waiting === 'all' || waiting.size > 0) rejudge(waiting)
      })
    })
  }
  const readAgain = async (affected: Affected) => {
    // Fewer, larger readings where many namespaces are concerned.
    const places = affected === 'all' || affected.size > 20 ? [undefined] : [...affected]
    for (const { resource } of [...kinds.values()]) {
      if (!resource.namespaced) continue
      for (const namespace of places) {
        try {
          await readPlace(resource, namespace)
        } catch (error) {
          if (signal.aborted) return
          const status = error instanceof Unlistable ? error.status : 0
          // fail open: what could not be read again keeps its verdict; it is told, and tried again.
          if (status !== 404) failures.set(pathOf(resource), String(error))
          if (status !== 404 && status !== 403) later(rejudgeMs, () => rejudge(affected))
        }
      }
    }
  }
  const readPlace = async (resource: Resource, namespace: string | undefined) => {
    for await (const page of pages(cluster, pathOf(resource, namespace), options.pages)) {
      if (signal.aborted) return
      const touched = page.items.flatMap((object) => {
        const { uid } = object['metadata'] as { uid: string }
        const record = records.get(uid)
        if (record === undefined) return []
        const before = record.admission
        judge(record, { ...object, kind: resource.kind })
        rejudged += 1
        return record.admission === before ? [] : [record]
      })
      if (touched.length > 0) changed(touched)
    }
  }
  const around = watchAround({
    ...options,
    settleMs,
    changed(affected) {
      // What is judged for the first time is read by its watch.
      if (kinds.size === 0) serve()
      else rejudge(affected)
    },
  })

  // --- what there is

  let served: Served | null = null
  const serve = () => {
    if (served === null) return
    for (const resource of workloadResources(served, options.templates)) begin(resource)
    begin(pods)
  }
  const discover = async () => {
    try {
      served = await servedResources(cluster, groupsOf(wanted, options.templates))
      failures.delete('discovery')
      discovered = true
      if (around.current() !== null) serve()
    } catch (error) {
      failures.set('discovery', error instanceof Error ? error.message : String(error))
    }
    if (!signal.aborted) later(discovered ? discoverMs : 1000, () => void discover())
  }
  void discover()

  return {
    records,
    around: () => around.current(),
    problems: () => [
      ...[...failures].map(([path, reason]) => `${path}: ${reason}`),
      ...around.problems(),
    ],
    refusedPolicies: () => around.refusedPolicies(),
    missing() {
      if (!discovered) return 'what the cluster serves'
      const missing = around.missing()
      if (missing !== null) return missing
      const paths = [...kinds].flatMap(([path, { synced }]) => (synced ? [] : [path]))
      if (paths.length > 0 || kinds.size === 0) return paths.slice(0, 3).join(', ') || 'workloads'
      return null
    },
    ownerOf: (record) => ownerIn(records, record),
    counts: () => ({ records: records.size, distinct: admissions.distinct, rejudged }),
  }
}
