// SPDX-License-Identifier: Apache-2.0
// Who leads: a Lease that one holds and renews (as k8s.io/client-go v0.36 tools/leaderelection does it). Whoever cannot
// renew in time stops before another may begin; clocks of different machines are never compared.

import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf, type Cluster, type ClusterAnswer, type Log } from '../../runtime/src/index.ts'

export type LeaseTimes = {
  /** Another may take it when it was not renewed for so long. */
  durationMs: number
  /** Whoever leads and could not renew for so long stops. Shorter. */
  renewMs: number
  retryMs: number
}

export type LeaseOptions = {
  cluster: Cluster
  namespace: string
  name: string
  identity: string
  log: Log
  signal: AbortSignal
  /** Runs while this process leads; its signal says stop, and another begins only after that. */
  lead: (signal: AbortSignal) => Promise<void>
  leading?: (leads: boolean) => void
  /** Each time the API server answered. */
  heard?: () => void
  times?: Partial<LeaseTimes>
}

type LeaseObject = {
  metadata: { name: string; namespace: string; resourceVersion?: string }
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
  [field: string]: unknown
}

const usual: LeaseTimes = { durationMs: 15_000, renewMs: 10_000, retryMs: 2000 }

export async function runLease(options: LeaseOptions): Promise<void> {
  const lease = new Lease(options)
  const { signal, log, leading } = options
  while (!signal.aborted) {
    await lease.acquire()
    if (signal.aborted) break
    log.info({ lease: options.name, identity: options.identity }, 'leading')
    leading?.(true)
    const lead = new AbortController()
    const stop = () => lead.abort()
    signal.addEventListener('abort', stop, { once: true })
    const led = options.lead(lead.signal).catch((err: unknown) => {
      log.error({ err }, 'leading failed')
    })
    await Promise.race([lease.keep(lead.signal), led])
    lead.abort()
    await led
    signal.removeEventListener('abort', stop)
    leading?.(false)
    log.info({ lease: options.name }, 'not leading any more')
    // Whoever waits need not wait until it has run out.
    await lease.release()
    await pause(lease.times.retryMs, signal)
  }
}

class Lease {
  readonly times: LeaseTimes
  readonly #options: LeaseOptions
  readonly #path: string
  /** What others hold, and since when this process has seen it unchanged. */
  #seen = { version: '', at: 0 }
  #held: LeaseObject | null = null

  constructor(options: LeaseOptions) {
    this.#options = options
    this.times = { ...usual, ...options.times }
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(options.namespace)}/leases`
  }

  async acquire(): Promise<void> {
    const { signal, log } = this.#options
    let told = ''
    while (!signal.aborted) {
      try {
        if (await this.#tryAcquire()) return
      } catch (error) {
        const reason = reasonOf(error)
        if (reason !== told && !signal.aborted) log.warn({ reason }, 'lease not read, trying again')
        told = reason
      }
      await pause(this.times.retryMs * (1 + Math.random() / 5), signal)
    }
  }

  async #tryAcquire(): Promise<boolean> {
    const { name, namespace, identity } = this.#options
    const found = await this.#ask('GET', `${this.#path}/${encodeURIComponent(name)}`)
    if (found.status === 404) {
      const spec = this.#spec(0)
      return this.#take(
        await this.#ask('POST', this.#path, {
          ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
          ...{ metadata: { name, namespace }, spec },
        }),
      )
    }
    if (found.status !== 200) throw new Error(`status ${found.status}`)
    const lease = found.body as LeaseObject
    const { holderIdentity, leaseTransitions = 0 } = lease.spec ?? {}
    const version = lease.metadata.resourceVersion ?? ''
    if (this.#seen.version !== version) this.#seen = { version, at: performance.now() }
    const isFree = (holderIdentity ?? '') === '' || holderIdentity === identity
    const duration = Math.max((lease.spec?.leaseDurationSeconds ?? 0) * 1000, this.times.durationMs)
    if (!isFree && performance.now() - this.#seen.at < duration) return false
    return this.#put(lease, this.#spec(leaseTransitions + (holderIdentity === identity ? 0 : 1)))
  }

  /** Ends when the lease could not be renewed in time, or the signal says so. */
  async keep(signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    let renewed = performance.now()
    while (!signal.aborted) {
      await pause(this.times.retryMs, signal)
      if (signal.aborted) return
      const began = performance.now()
      try {
        const spec = { ...this.#held?.spec, renewTime: micro() }
        if (this.#held !== null && (await this.#put(this.#held, spec))) {
          // From when it was asked: the answer may have taken its time.
          renewed = began
          continue
        }
        if (!(await this.#isMine())) {
          log.warn('the lease is held by somebody else')
          return
        }
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'lease not renewed, trying again')
      }
      if (performance.now() - renewed < this.times.renewMs) continue
      // fail closed: two leaders would write against each other, so this one stops first.
      log.warn('the lease could not be renewed in time')
      return
    }
  }

  /** Somebody may have written into the object without taking the lease. */
  async #isMine(): Promise<boolean> {
    const { name, identity } = this.#options
    const found = await this.#ask('GET', `${this.#path}/${encodeURIComponent(name)}`)
    if (found.status !== 200) throw new Error(`status ${found.status}`)
    const lease = found.body as LeaseObject
    if (lease.spec?.holderIdentity !== identity) return false
    this.#held = lease
    return true
  }

  async release(): Promise<void> {
    if (this.#held === null) return
    const { log } = this.#options
    try {
      await this.#put(this.#held, { ...this.#held.spec, holderIdentity: '', renewTime: micro() })
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'lease not given back, it will run out')
    }
    this.#held = null
  }

  #spec(leaseTransitions: number): NonNullable<LeaseObject['spec']> {
    const now = micro()
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.times.durationMs / 1000)),
      ...{ acquireTime: now, renewTime: now, leaseTransitions },
    }
  }

  async #put(lease: LeaseObject, spec: LeaseObject['spec']): Promise<boolean> {
    const path = `${this.#path}/${encodeURIComponent(this.#options.name)}`
    // Its version goes along: whoever was faster wins.
    return this.#take(await this.#ask('PUT', path, { ...lease, spec }))
  }

  #take({ status, body }: ClusterAnswer): boolean {
    if (status === 409) return false
    if (status !== 200 && status !== 201) throw new Error(`status ${status}`)
    this.#held = body as LeaseObject
    return true
  }

  async #ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<ClusterAnswer> {
    const { cluster, heard } = this.#options
    const signal = AbortSignal.timeout(Math.max(1000, this.times.renewMs / 4))
    const answer =
      method === 'GET'
        ? await cluster.get(path, signal)
        : await cluster.send({ method, path, body, signal })
    heard?.()
    return answer
  }
}

const micro = (): string => new Date().toISOString().replace('Z', '000Z')

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).then(
    () => undefined,
    () => undefined,
  )
