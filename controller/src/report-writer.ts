// SPDX-License-Identifier: Apache-2.0
// Writes reports, and only those that say something new: what is there is known from a watch of our own reports. How
// often something happened may be told a minute later than that it happened. Bounded in rate; what fails is tried again.

import {
  reasonOf,
  watchObjects,
  type Cluster,
  type Counter,
  type Log,
  type WatchedObject,
} from '../../runtime/src/index.ts'
import {
  digestOf,
  managedBy,
  objectOf,
  pathOf,
  stateKey,
  type Digest,
  type ReportBody,
  type ReportFormat,
  type ReportObject,
} from './report-shape.ts'

export type Owner = { apiVersion: string; kind: string; name: string; uid: string }

export type ReportWriterOptions = {
  cluster: Cluster
  log: Log
  signal: AbortSignal
  format: ReportFormat
  /** Instead of the workload: who goes when all reports shall go. The controller then removes them one by one. */
  owner?: Owner
  writes: Counter
  /** A report of ours was changed or removed by somebody else. */
  disturbed: (name: string, namespace: string | undefined) => void
  wrote: (object: ReportObject, before: readonly string[], body: ReportBody) => void
  perSecond?: number
  atOnce?: number
  countsMs?: number
}

type Known = {
  digest: Digest
  state: readonly string[]
  uid: string
  version: string
  wroteAt: number
}
type Job = { key: string; object: ReportObject | null; body: ReportBody | null; tries: number }

/** Of one report; then it waits until something of it changes again. */
const mostTries = 8

export class ReportWriter {
  readonly #options: ReportWriterOptions
  readonly #known = new Map<string, Known>()
  readonly #jobs = new Map<string, Job>()
  readonly #late = new Map<string, NodeJS.Timeout>()
  #running = 0
  #room: number
  #filled = performance.now()
  #served = { reports: false, cluster: false }
  #synced = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ReportWriterOptions) {
    this.#options = options
    this.#room = options.perSecond ?? 50
    const { format, signal } = options
    this.#watch(pathOf(format, undefined).replace(format.clusterPlural, format.plural), 'reports')
    this.#watch(pathOf(format, undefined), 'cluster')
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer)
      for (const timer of this.#late.values()) clearTimeout(timer)
    })
  }

  /** What is there was read. */
  get isSynced(): boolean {
    return this.#synced.size === 2
  }

  /** The API server has both kinds. */
  get isServed(): boolean {
    return this.#served.reports && this.#served.cluster
  }

  get waiting(): number {
    return this.#jobs.size + this.#running
  }

  get count(): number {
    return this.#known.size
  }

  /** Namespaces and names of the reports that are there. */
  *names(): Generator<{ namespace: string | undefined; name: string }> {
    for (const key of this.#known.keys()) yield nameIn(key)
  }

  put(body: ReportBody): void {
    const { format, owner, countsMs = 60_000 } = this.#options
    const object = objectOf(body, format)
    if (owner !== undefined) object.metadata.ownerReferences = [owner]
    const key = keyOf(object.metadata.name, object.metadata.namespace)
    const digest = digestOf(object)
    const known = this.#known.get(key)
    clearTimeout(this.#late.get(key))
    this.#late.delete(key)
    if (known?.digest.whole === digest.whole) {
      this.#jobs.delete(key)
      return
    }
    const dueMs = (known?.wroteAt ?? 0) + countsMs - Date.now()
    if (known?.digest.kind === digest.kind && dueMs > 0) {
      this.#jobs.delete(key)
      const timer = setTimeout(() => {
        this.#late.delete(key)
        this.#enqueue({ key, object, body, tries: 0 })
      }, dueMs)
      this.#late.set(key, timer)
      return
    }
    this.#enqueue({ key, object, body, tries: 0 })
  }

  /** Of what is gone. Only what is known to be ours. */
  remove(name: string, namespace: string | undefined): void {
    const key = keyOf(name, namespace)
    clearTimeout(this.#late.get(key))
    this.#late.delete(key)
    if (this.#known.has(key)) this.#enqueue({ key, object: null, body: null, tries: 0 })
    else this.#jobs.delete(key)
  }

  #enqueue(job: Job): void {
    this.#jobs.set(job.key, job)
    this.#next()
  }

  #next(): void {
    const { signal, perSecond = 50, atOnce = 8 } = this.#options
    const now = performance.now()
    this.#room = Math.min(perSecond, this.#room + ((now - this.#filled) / 1000) * perSecond)
    this.#filled = now
    while (!signal.aborted && this.isServed && this.#running < atOnce && this.#room >= 1) {
      const [job] = this.#jobs.values()
      if (job === undefined) return
      this.#jobs.delete(job.key)
      this.#room -= 1
      this.#running += 1
      void this.#run(job).finally(() => {
        this.#running -= 1
        this.#next()
      })
    }
    if (this.#jobs.size > 0 && this.isServed && this.#room < 1)
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#next()
      }, 1000 / perSecond)
  }

  async #run(job: Job): Promise<void> {
    const { log, writes, signal } = this.#options
    const verb = job.object === null ? 'delete' : 'apply'
    // The watch may tell of it before the answer does.
    const before = this.#known.get(job.key)?.state ?? []
    try {
      const { status, body } = await (job.object === null ? this.#delete(job) : this.#apply(job))
      const isFine = status < 300 || (job.object === null && (status === 404 || status === 409))
      writes.add({ verb, outcome: isFine ? 'written' : 'refused' })
      if (isFine) return this.#done(job, body, before)
      const { message } = (body ?? {}) as { message?: string }
      log.warn({ report: job.key, status, found: message?.slice(0, 300) }, 'report was refused')
      // Of what the API server will not take there is nothing to try again; its namespace may be going.
      if (status === 429 || status >= 500 || status === 409) this.#again(job)
    } catch (error) {
      if (signal.aborted) return
      writes.add({ verb, outcome: 'failed' })
      log.warn({ report: job.key, reason: reasonOf(error) }, 'report could not be written')
      this.#again(job)
    }
  }

  #again(job: Job): void {
    const { signal } = this.#options
    // A newer one is waiting already.
    if (signal.aborted || job.tries >= mostTries || this.#jobs.has(job.key)) return
    const timer = setTimeout(
      () => {
        this.#late.delete(job.key)
        if (!this.#jobs.has(job.key)) this.#enqueue({ ...job, tries: job.tries + 1 })
      },
      Math.min(60_000, 500 * 2 ** job.tries),
    )
    clearTimeout(this.#late.get(job.key))
    this.#late.set(job.key, timer)
  }

  #done({ key, object, body }: Job, answer: unknown, before: readonly string[]): void {
    if (object === null || body === null) {
      this.#known.delete(key)
      return
    }
    const { metadata = {} } = (answer ?? {}) as {
      metadata?: { uid?: string; resourceVersion?: string }
    }
    const { uid = '', resourceVersion: version = '' } = metadata
    const digest = digestOf(object)
    this.#known.set(key, { digest, state: body.state, uid, version, wroteAt: Date.now() })
    this.#options.wrote(object, before, body)
  }

  #apply({ object }: Job) {
    const { cluster, format, signal } = this.#options
    const { name, namespace } = object?.metadata ?? { name: '' }
    return cluster.send({
      ...{ method: 'PATCH', signal, body: object, contentType: 'application/apply-patch+yaml' },
      path: `${pathOf(format, namespace)}/${name}?fieldManager=underpin-controller&force=true`,
    })
  }

  #delete({ key }: Job) {
    const { cluster, format, signal } = this.#options
    const { name, namespace } = nameIn(key)
    const uid = this.#known.get(key)?.uid
    return cluster.send({
      ...{ method: 'DELETE', signal, path: `${pathOf(format, namespace)}/${name}` },
      // Somebody may have made another one of this name.
      ...(uid === undefined || uid === ''
        ? {}
        : {
            body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
          }),
    })
  }

  #watch(path: string, which: 'reports' | 'cluster'): void {
    const { cluster, log, signal, disturbed } = this.#options
    type Slim = Known & { key: string }
    const own = new Map<string, string>()
    const slim = (object: WatchedObject): Slim => ({
      key: keyOf(object.metadata.name, object.metadata.namespace),
      digest: digestOf(object),
      state: stateOf(object),
      uid: object.metadata.uid,
      version: object.metadata.resourceVersion ?? '',
      wroteAt: 0,
    })
    const labelSelector = Object.entries(managedBy)
      .map(([key, value]) => `${key}=${value}`)
      .join()
    void watchObjects<Slim>(
      cluster,
      { path, labelSelector, slim, pageSize: 200 },
      {
        ...{ log, signal },
        changed: (objects, { uid }) => {
          for (const one of uid === undefined
            ? new Set([...objects.keys(), ...own.keys()])
            : [uid]) {
            const now = objects.get(one)
            const key = now?.key ?? own.get(one)
            if (key === undefined) continue
            const known = this.#known.get(key)
            if (now === undefined) {
              own.delete(one)
              if (known?.uid === one) {
                this.#known.delete(key)
                const { name, namespace } = nameIn(key)
                if (this.#synced.has(which)) disturbed(name, namespace)
              }
              continue
            }
            own.set(one, key)
            const { digest, state, version } = now
            const report = { digest, state, version, uid: one }
            if (known?.digest.whole === report.digest.whole) continue
            // Told late: what was written since is known from its answer.
            if (known?.uid === one && isOlder(report.version, known.version)) continue
            this.#known.set(key, { ...report, wroteAt: known?.wroteAt ?? 0 })
            const { name, namespace } = nameIn(key)
            if (this.#synced.has(which)) disturbed(name, namespace)
          }
        },
        synced: (served) => {
          this.#synced.add(which)
          this.#served[which] = served
          if (!served) log.debug({ path }, 'no such kind of report in this cluster yet')
          this.#next()
        },
      },
    )
  }
}

const keyOf = (name: string, namespace: string | undefined): string => `${namespace ?? ''}/${name}`
const nameIn = (key: string): { name: string; namespace: string | undefined } => {
  const slash = key.indexOf('/')
  const namespace = slash === 0 ? undefined : key.slice(0, slash)
  return { namespace, name: key.slice(slash + 1) }
}

/** Decimal numbers that grow (Kubernetes 1.35); of anything else nothing is known. */
const isOlder = (some: string, other: string): boolean =>
  /^\d+$/.test(some) && /^\d+$/.test(other) && BigInt(some) < BigInt(other)

function stateOf(object: WatchedObject): string[] {
  const annotations = object.metadata['annotations'] as Record<string, string> | undefined
  return (annotations?.[stateKey] ?? '').split(' ').filter((word) => word !== '')
}
