// SPDX-License-Identifier: Apache-2.0
// Writes the status of policies: only when it changed, and mere counts not more than once a minute. Tells who listens when
// the first condition has another reason than before.

import {
  reasonOf,
  watchObjects,
  type Cluster,
  type Counter,
  type Log,
  type WatchedObject,
} from '../../runtime/src/index.ts'
import type { Regarding } from './events.ts'
import type { Condition } from './policy-fold.ts'

type AnyStatus = { conditions: Condition[] }

export type StatusWriterOptions<S extends AnyStatus> = {
  cluster: Cluster
  log: Log
  signal: AbortSignal
  writes: Counter
  /** Kinds of underpin.dev, as their paths name them. */
  plurals: Readonly<Record<string, string>>
  /** What is so now, by uid; a policy of which nothing is known yet is asked for again. */
  statuses: (policies: readonly Policy<S>[], now: string) => ReadonlyMap<string, S>
  /** Without what is a mere count. */
  uncounted: (status: Partial<S>) => Partial<S>
  became?: (regarding: Regarding, condition: Condition) => void
  changed: () => void
  countsMs?: number
}

export type Policy<S> = {
  key: string
  kind: string
  namespace: string | undefined
  name: string
  uid: string
  generation: number
  mode: string
  /** As it was written or read last. */
  status: Partial<S> | null
}

const group = 'underpin.dev/v1alpha1'

/** Writes at once; the API server has others to serve. */
const atOnce = 4

export class StatusWriter<S extends AnyStatus> {
  readonly #options: StatusWriterOptions<S>
  readonly #kinds: { objects: ReadonlyMap<string, Policy<S>>; synced: boolean }[] = []
  /** What was written last, and when: a watch tells it late. */
  readonly #written = new Map<string, { status: S; at: number }>()
  #writing: Promise<void> | null = null

  constructor(options: StatusWriterOptions<S>) {
    this.#options = options
    for (const [kind, plural] of Object.entries(options.plurals)) this.#watch(kind, plural)
  }

  get isSynced(): boolean {
    return this.#kinds.every(({ synced }) => synced)
  }

  /** Resolves when everything that is due was written. True: something is left for later. */
  async write(): Promise<boolean> {
    if (this.#writing !== null) await this.#writing
    const { statuses, uncounted, countsMs = 60_000, signal } = this.#options
    const policies = this.#kinds
      .flatMap(({ objects }) => [...objects.values()])
      .map((one) => ({ ...one, status: this.#written.get(one.uid)?.status ?? one.status }))
    const now = new Date()
    const found = statuses(policies, now.toISOString())
    let later = false
    const jobs: { policy: Policy<S>; status: S }[] = []
    for (const policy of policies) {
      const status = found.get(policy.uid)
      const before = policy.status
      if (status === undefined) {
        later = true
        continue
      }
      if (before !== null && textOf(before) === textOf(status)) continue
      const isCount = before !== null && textOf(uncounted(before)) === textOf(uncounted(status))
      const at = this.#written.get(policy.uid)?.at ?? 0
      if (isCount && now.getTime() - at < countsMs) later = true
      else jobs.push({ policy, status })
    }
    const queue = jobs.values()
    const work = async () => {
      for (const job of queue) {
        if (signal.aborted) return
        later = (await this.#patch(job.policy, job.status)) || later
      }
    }
    this.#writing = Promise.all(Array.from({ length: atOnce }, work)).then(() => undefined)
    await this.#writing
    this.#writing = null
    const uids = new Set(policies.map(({ uid }) => uid))
    for (const uid of this.#written.keys()) if (!uids.has(uid)) this.#written.delete(uid)
    return later
  }

  /** True: to be tried again. */
  async #patch(policy: Policy<S>, status: S): Promise<boolean> {
    const { cluster, log, signal, writes, plurals } = this.#options
    const { key, kind, namespace, name, uid } = policy
    const place = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`
    const path = `/apis/${group}/${place}${plurals[kind] ?? ''}/${encodeURIComponent(name)}/status`
    try {
      const answer = await cluster.send({ method: 'PATCH', path, body: { status }, signal })
      const isFine = answer.status < 300 || answer.status === 404
      writes.add({ outcome: isFine ? 'written' : 'refused' })
      if (!isFine) log.warn({ policy: key, status: answer.status }, 'status was refused')
      if (!isFine) return answer.status === 429 || answer.status >= 500
      this.#written.set(uid, { status, at: Date.now() })
      this.#tell(policy, status)
      return false
    } catch (error) {
      if (signal.aborted) return false
      writes.add({ outcome: 'failed' })
      log.warn({ policy: key, reason: reasonOf(error) }, 'status could not be written')
      return true
    }
  }

  #tell({ kind, namespace, name, uid, status: before }: Policy<S>, { conditions }: S): void {
    const [now] = conditions
    const was = before?.conditions?.find(({ type }) => type === now?.type)
    if (now === undefined || now.reason === was?.reason) return
    const place = namespace === undefined ? {} : { namespace }
    this.#options.became?.({ apiVersion: group, kind, name, uid, ...place }, now)
  }

  #watch(kind: string, plural: string): void {
    const { cluster, log, signal, changed } = this.#options
    const state = { objects: new Map() as ReadonlyMap<string, Policy<S>>, synced: false }
    this.#kinds.push(state)
    const slim = ({ metadata, spec, status }: WatchedObject): Policy<S> => {
      const { namespace, name, uid } = metadata
      return {
        key: namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`,
        ...{ kind, namespace, name, uid },
        generation: Number(metadata['generation'] ?? 0),
        mode: (spec as { mode?: string } | undefined)?.mode ?? 'audit',
        status: (status as Partial<S> | undefined) ?? null,
      }
    }
    void watchObjects<Policy<S>>(
      cluster,
      { path: `/apis/${group}/${plural}`, slim },
      {
        ...{ log, signal },
        changed: (objects) => {
          state.objects = objects
          changed()
        },
        synced: () => {
          state.synced = true
        },
      },
    )
  }
}

/** Keys in order, whoever wrote them. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
