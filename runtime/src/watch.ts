// SPDX-License-Identifier: Apache-2.0
// Objects of a cluster as they are now: a list in pages, then a watch from there on, for ever (as k8s.io/client-go v0.36
// tools/cache/reflector.go does it). Nothing is removed because asking failed; what went meanwhile goes with the next
// list. Each object is slimmed before it is kept, so memory follows what is used of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster, ClusterAnswer } from './cluster.ts'
import { reasonOf } from './errors.ts'
import type { Log } from './log.ts'

export type WatchedObject = {
  apiVersion?: string
  kind?: string
  metadata: {
    uid: string
    name: string
    namespace?: string
    resourceVersion?: string
    [field: string]: unknown
  }
  [field: string]: unknown
}

export type WatchWhat<T> = {
  /** Of the collection: /api/v1/pods, /apis/underpin.dev/v1alpha1/runtimepolicies. */
  path: string
  fieldSelector?: string
  labelSelector?: string
  /** What is kept of an object; null: nothing. */
  slim?: (object: WatchedObject) => T | null
  /** Objects asked for at once: what a page takes as text and as objects is in memory for a moment. */
  pageSize?: number
}

export type WatchEvent = {
  /** `listed`: any number of objects at once. */
  type: 'added' | 'modified' | 'deleted' | 'listed'
  uid?: string
}

export type Watching<T> = {
  /** Something is another than before; the map is the watch's own and always the newest. */
  changed: (objects: ReadonlyMap<string, T>, event: WatchEvent) => void
  /** A list is complete; `served` false: the API server knows no such kind yet, so there are none. */
  synced?: (served: boolean) => void
  /** Once for each attempt. */
  failed?: (reason: string) => void
  log?: Log
  signal?: AbortSignal
  times?: Partial<WatchTimes>
}

export type WatchTimes = {
  /** The server ends a watch after this long, or up to half as long again. */
  watchMs: number
  /** Bookmarks come every minute; a connection on which nothing comes for so long is another one's. */
  idleMs: number
  backOffMs: number
  longestBackOffMs: number
}

export type Watch<T> = {
  objects: ReadonlyMap<string, T>
  /** A list was complete. */
  isSynced: () => boolean
  /** When the API server last said anything, by Date.now(); 0: never. */
  heard: () => number
  /** Resolves when the signal has ended it. */
  ended: Promise<void>
}

const usual: WatchTimes = {
  watchMs: 240_000,
  idleMs: 150_000,
  backOffMs: 800,
  longestBackOffMs: 30_000,
}
/** Watches that fail one after the other before everything is listed again. */
const patience = 3

export function watchObjects<T = WatchedObject>(
  cluster: Cluster,
  what: WatchWhat<T>,
  watching: Watching<T>,
): Watch<T> {
  const one = new Reflector(cluster, what, watching)
  return {
    objects: one.objects,
    isSynced: () => one.synced,
    heard: () => one.heard,
    ended: one.run(),
  }
}

/** Why asking failed, and how long to wait at least. */
class Refused extends Error {
  readonly status: number
  readonly waitMs: number
  constructor({ status, body, retryAfterMs }: ClusterAnswer) {
    const { message, details } = (body ?? {}) as {
      message?: string
      details?: { retryAfterSeconds?: number }
    }
    super(`status ${status}${message === undefined ? '' : `: ${message.slice(0, 500)}`}`)
    this.status = status
    this.waitMs = retryAfterMs ?? Math.min(120, details?.retryAfterSeconds ?? 0) * 1000
  }
}

class WentBack extends Error {}

/** Decimal numbers that only grow (Kubernetes 1.35); anything else is never older. */
const isOlder = (some: string, other: string): boolean =>
  /^\d+$/.test(some) && /^\d+$/.test(other) && BigInt(some) < BigInt(other)

class Reflector<T> {
  readonly objects = new Map<string, T>()
  synced = false
  heard = 0
  private readonly cluster: Cluster
  private readonly what: WatchWhat<T>
  private readonly watching: Watching<T>
  private readonly times: WatchTimes
  /** resourceVersion of what is kept, so that a list tells what really changed. */
  private readonly versions = new Map<string, string>()
  private version = ''
  private failures = 0
  private refusals = 0

  constructor(cluster: Cluster, what: WatchWhat<T>, watching: Watching<T>) {
    this.cluster = cluster
    this.what = what
    this.watching = watching
    this.times = { ...usual, ...watching.times }
  }

  async run(): Promise<void> {
    const { signal } = this.watching
    while (!signal?.aborted) {
      try {
        if (this.version === '') await this.list()
        await this.watch()
      } catch (error) {
        if (signal?.aborted) return
        await this.failed(error)
      }
    }
  }

  private async failed(error: unknown): Promise<void> {
    const { log, failed, signal } = this.watching
    const status = error instanceof Refused ? error.status : 0
    this.failures++
    // 410 Gone: what changed since then is not known any more. Other watches that are refused again and again may be so
    // because of where they want to begin. One that cannot be reached is asked to go on from there.
    if (status !== 0) this.refusals++
    if (status === 410 || error instanceof WentBack || this.refusals >= patience) this.version = ''
    const { backOffMs, longestBackOffMs } = this.times
    const wait = Math.min(longestBackOffMs, backOffMs * 2 ** Math.min(this.failures - 1, 16))
    // Everybody's watch ends when an API server does: they must not all come back at once.
    const waitMs = Math.max(
      wait / 2 + (Math.random() * wait) / 2,
      error instanceof Refused ? error.waitMs : 0,
    )
    const reason = reasonOf(error)
    const { path } = this.what
    const told = { path, reason, waitMs: Math.round(waitMs) }
    if (this.failures === 1 || this.failures % 10 === 0)
      log?.warn(told, 'watch failed, trying again')
    else log?.debug(told, 'watch failed, trying again')
    failed?.(reason)
    await sleep(waitMs, undefined, signal && { signal }).catch(() => undefined)
  }

  private async list(): Promise<void> {
    const { slim, pageSize = 500 } = this.what
    const found = new Set<string>()
    const fresh = new Map<string, { object: T; version: string }>()
    let next = ''
    let version: string
    do {
      const answer = await this.cluster.get(
        this.url({ limit: String(pageSize), ...(next === '' ? {} : { continue: next }) }),
        this.watching.signal,
      )
      // fail closed: a kind that is known and not served any more has not lost its objects; their end would be told.
      if (answer.status === 404 && this.objects.size === 0 && next === '') this.complete(false)
      if (answer.status !== 200) throw new Refused(answer)
      this.heard = Date.now()
      const { metadata, items, kind, apiVersion } = answer.body as {
        metadata?: { continue?: string; resourceVersion?: string }
        items?: WatchedObject[]
        kind?: string
        apiVersion?: string
      }
      if (!Array.isArray(items) || typeof metadata?.resourceVersion !== 'string')
        throw new Error('an answer that is no list')
      for (const item of items) {
        const { uid, resourceVersion = '' } = item.metadata
        found.add(uid)
        if (resourceVersion !== '' && this.versions.get(uid) === resourceVersion) continue
        // Items of a list do not say what they are.
        if (kind?.endsWith('List') && item.kind === undefined)
          Object.assign(item, { apiVersion, kind: kind.slice(0, -'List'.length) })
        const object = slim ? slim(item) : (item as unknown as T)
        if (object === null) found.delete(uid)
        else fresh.set(uid, { object, version: resourceVersion })
      }
      version = metadata.resourceVersion
      next = metadata.continue ?? ''
    } while (next !== '')
    let differs = fresh.size > 0
    for (const uid of this.objects.keys()) {
      if (found.has(uid)) continue
      this.drop(uid)
      differs = true
    }
    for (const [uid, { object, version: at }] of fresh) this.keep(uid, object, at)
    this.version = version
    this.fine()
    const first = !this.synced
    if (differs || first) this.tell({ type: 'listed' })
    this.complete(true)
  }

  private complete(served: boolean): void {
    this.synced = true
    this.guarded(() => this.watching.synced?.(served))
  }

  private async watch(): Promise<void> {
    const { watchMs, idleMs } = this.times
    const begun = Date.now()
    let heard = false
    let wrong: unknown
    const seconds = Math.ceil((watchMs * (1 + Math.random() / 2)) / 1000)
    const url = this.url({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.version,
      timeoutSeconds: String(seconds),
    })
    const line = (text: string) => {
      try {
        this.event(text)
        heard = true
        this.fine()
      } catch (error) {
        wrong = error
        throw error
      }
    }
    const answer = await this.cluster
      .stream(url, { idleMs, line }, this.watching.signal)
      .catch((error: unknown) => {
        throw wrong ?? error
      })
    if (answer.status !== 200) throw new Refused(answer)
    // Something on the way that ends every answer at once must not be asked a thousand times a second.
    if (!heard && Date.now() - begun < 1000) throw new Error('the watch ended at once')
    this.fine()
  }

  private fine(): void {
    this.failures = 0
    this.refusals = 0
  }

  private event(text: string): void {
    const { type, object } = JSON.parse(text) as { type?: string; object?: WatchedObject }
    this.heard = Date.now()
    if (type === 'ERROR') {
      const { code } = object as unknown as { code?: number }
      throw new Refused({ status: code ?? 0, body: object, retryAfterMs: null })
    }
    const { uid, resourceVersion = '' } = object?.metadata ?? {}
    if (object === undefined || resourceVersion === '')
      throw new Error(`an event ${type} of nothing`)
    // A cluster that was restored from a backup says nothing of what is older than where we are.
    if (isOlder(resourceVersion, this.version)) throw new WentBack('a cluster that went back')
    this.version = resourceVersion
    if (type === 'BOOKMARK' || uid === undefined) return
    const kept = type === 'DELETED' ? null : this.slimmed(object)
    if (kept === null) {
      if (this.objects.has(uid)) {
        this.drop(uid)
        this.tell({ type: 'deleted', uid })
      }
      return
    }
    const known = this.objects.has(uid)
    this.keep(uid, kept, resourceVersion)
    this.tell({ type: known ? 'modified' : 'added', uid })
  }

  private slimmed(object: WatchedObject): T | null {
    return this.what.slim ? this.what.slim(object) : (object as unknown as T)
  }

  private keep(uid: string, object: T, version: string): void {
    this.objects.set(uid, object)
    this.versions.set(uid, version)
  }

  private drop(uid: string): void {
    this.objects.delete(uid)
    this.versions.delete(uid)
  }

  private tell(event: WatchEvent): void {
    this.guarded(() => this.watching.changed(this.objects, event))
  }

  /** Whoever is told may fail; the watch goes on, and what it knows is whole. */
  private guarded(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.watching.log?.error({ path: this.what.path, err: error }, 'change could not be used')
    }
  }

  private url(parameters: Record<string, string>): string {
    const { path, fieldSelector, labelSelector } = this.what
    const query = new URLSearchParams({
      ...parameters,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    })
    return `${path}?${query.toString()}`
  }
}
