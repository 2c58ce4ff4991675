// SPDX-License-Identifier: Apache-2.0
// Writes the status of policies: what all nodes together say of each. Only when it changed, and mere counts not more than
// once a minute. Tells when a policy is in force everywhere, or failed somewhere.

import {
  reasonOf,
  watchObjects,
  type Cluster,
  type Counter,
  type Log,
  type WatchedObject,
} from '../../runtime/src/index.ts'
import type { Happening, Regarding } from './events.ts'
import type { NodeFacts } from './node-facts.ts'
import { foldPolicies, statusOf, type Condition, type PolicyStatus } from './policy-fold.ts'

export type PolicyWriterOptions = {
  cluster: Cluster
  log: Log
  signal: AbortSignal
  writes: Counter
  nodes: ReadonlyMap<string, NodeFacts>
  tell: (regarding: Regarding, what: Happening) => void
  changed: () => void
  countsMs?: number
}

type Policy = {
  kind: string
  namespace: string | undefined
  name: string
  uid: string
  generation: number
  mode: string
  status: Partial<PolicyStatus> | null
}

const group = 'underpin.dev/v1alpha1'
const plurals = { RuntimePolicy: 'runtimepolicies', ClusterRuntimePolicy: 'clusterruntimepolicies' }

/** Writes at once; the API server has others to serve. */
const atOnce = 4

export class PolicyWriter {
  readonly #options: PolicyWriterOptions
  readonly #kinds: { objects: ReadonlyMap<string, Policy>; synced: boolean }[] = []
  /** What was written last, and when: a watch tells it late. */
  readonly #written = new Map<string, { text: string; at: number }>()
  #writing: Promise<void> | null = null

  constructor(options: PolicyWriterOptions) {
    this.#options = options
    for (const [kind, plural] of Object.entries(plurals)) this.#watch(kind, plural)
  }

  get isSynced(): boolean {
    return this.#kinds.every(({ synced }) => synced)
  }

  get count(): number {
    return this.#kinds.reduce((sum, { objects }) => sum + objects.size, 0)
  }

  /** Resolves when everything that is due was written. True: something is left for later. */
  async write(): Promise<boolean> {
    if (this.#writing !== null) await this.#writing
    const { nodes, countsMs = 60_000, signal } = this.#options
    const policies = this.#kinds.flatMap(({ objects }) => [...objects.values()])
    const folds = foldPolicies(
      nodes.values(),
      policies.map((policy) => ({ ...policy, key: keyOf(policy) })),
    )
    const now = new Date()
    let later = false
    const jobs: { policy: Policy; status: PolicyStatus }[] = []
    for (const policy of policies) {
      const key = keyOf(policy)
      const { generation, mode } = policy
      const written = this.#written.get(policy.uid)
      const before = (
        written === undefined ? policy.status : JSON.parse(written.text)
      ) as Partial<PolicyStatus> | null
      const conditions: readonly Condition[] = before?.conditions ?? []
      const status = statusOf({ generation, mode, conditions }, folds.get(key), now.toISOString())
      if (before !== null && textOf(before) === textOf(status)) continue
      const isCount = before !== null && textOf(uncounted(before)) === textOf(uncounted(status))
      if (isCount && now.getTime() - (written?.at ?? 0) < countsMs) later = true
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
    const uids = new Set(this.#kinds.flatMap(({ objects }) => [...objects.keys()]))
    for (const uid of this.#written.keys()) if (!uids.has(uid)) this.#written.delete(uid)
    return later
  }

  /** True: to be tried again. */
  async #patch(policy: Policy, status: PolicyStatus): Promise<boolean> {
    const { cluster, log, signal, writes } = this.#options
    const { kind, namespace, name, uid } = policy
    const plural = plurals[kind as keyof typeof plurals]
    const place = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`
    const path = `/apis/${group}/${place}${plural}/${encodeURIComponent(name)}/status`
    try {
      const answer = await cluster.send({ method: 'PATCH', path, body: { status }, signal })
      const isFine = answer.status < 300 || answer.status === 404
      writes.add({ outcome: isFine ? 'written' : 'refused' })
      if (!isFine) log.warn({ policy: keyOf(policy), status: answer.status }, 'status was refused')
      if (!isFine) return answer.status === 429 || answer.status >= 500
      const before = this.#written.get(uid)
      this.#written.set(uid, { text: JSON.stringify(status), at: Date.now() })
      const known = before === undefined ? policy.status : (JSON.parse(before.text) as PolicyStatus)
      this.#tell(policy, known?.conditions ?? [], status)
      return false
    } catch (error) {
      if (signal.aborted) return false
      writes.add({ outcome: 'failed' })
      log.warn({ policy: keyOf(policy), reason: reasonOf(error) }, 'status could not be written')
      return true
    }
  }

  #tell(policy: Policy, before: readonly Condition[], { conditions }: PolicyStatus): void {
    const { kind, namespace, name, uid } = policy
    const regarding = {
      ...{ apiVersion: group, kind, name, uid },
      ...(namespace === undefined ? {} : { namespace }),
    }
    const ready = conditions.find(({ type }) => type === 'Ready')
    const was = before.find(({ type }) => type === 'Ready')
    if (ready === undefined || ready.reason === was?.reason) return
    const told: Record<string, Happening> = {
      InForce: { type: 'Normal', reason: 'InForce', note: ready.message },
      Failed: { type: 'Warning', reason: 'NotInForce', note: ready.message },
    }
    const what = told[ready.reason]
    if (what !== undefined)
      this.#options.tell(regarding, { ...what, note: what.note.slice(0, 900) })
  }

  #watch(kind: string, plural: string): void {
    const { cluster, log, signal, changed } = this.#options
    const state = { objects: new Map() as ReadonlyMap<string, Policy>, synced: false }
    this.#kinds.push(state)
    const slim = ({ metadata, spec, status }: WatchedObject): Policy => ({
      ...{ kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      generation: Number(metadata['generation'] ?? 0),
      mode: (spec as { mode?: string } | undefined)?.mode ?? 'audit',
      status: (status as Partial<PolicyStatus> | undefined) ?? null,
    })
    void watchObjects<Policy>(
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

const keyOf = ({ kind, namespace, name }: Policy): string =>
  namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`

function uncounted(status: Partial<PolicyStatus>): Partial<PolicyStatus> {
  const { denied = 0, wouldDeny = 0, ...rest } = status
  // That there is something is no mere count.
  return { ...rest, denied: Math.sign(denied), wouldDeny: Math.sign(wouldDeny) }
}

/** Keys in order, whoever wrote them. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
