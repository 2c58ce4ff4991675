// SPDX-License-Identifier: Apache-2.0
// Puts the webhook together: certificates, server, metrics, readiness; and takes it apart again without
// losing a review: not ready first, then serving on for the drain time, then closing.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { dayOf, type LoadedCoverage } from '../../policies/src/index.ts'
import { createMetrics, type Log, type Metrics } from '../../runtime/src/index.ts'
import type { Leaf } from './certificates/authority.ts'
import type { Injector } from './injectors.ts'
import type { MeshSettings } from './meshes/mesh.ts'
import type { Namespace } from './namespace.ts'
import { createReviewer } from './reviewer.ts'
import { openServer, type WebhookServer } from './server.ts'

export type WebhookOptions = {
  policies: readonly LoadedCoverage[]
  host: string
  /** 0: any free port. */
  port: number
  /** Names and addresses under which the API server calls; the certificate's subjects. */
  dnsNames: readonly string[]
  log: Log
  metrics?: Metrics
  /** What is known of the cluster; read anew for every review. */
  namespaces?: () => ReadonlyMap<string, Namespace>
  injectors?: () => readonly Injector[]
  settings?: Readonly<Record<string, MeshSettings>>
  /** What happens to a request that could not be judged. Default: allow, as long as policies audit. */
  onFailure?: 'allow' | 'deny'
  authorityLifeMs?: number
  leafLifeMs?: number
  /** Called with each new CA bundle, and awaited, before anything relies on it. */
  publishBundle?: (bundle: string) => Promise<void> | void
  /** Between "not ready" and closing, so that nobody is sent here any more. Default: 10 s. */
  drainMs?: number
  headersTimeoutMs?: number
  requestTimeoutMs?: number
  now?: () => Date
}

export type Webhook = {
  url: string
  /** PEM of every authority that clients must trust now. */
  readonly caBundle: string
  metrics: Metrics
  stop(): Promise<void>
}

const none: ReadonlyMap<string, Namespace> = new Map()

export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { log } = options
  const metrics = options.metrics ?? createMetrics()
  const now = options.now ?? (() => new Date())
  const clock = () => performance.now()
  const review = createReviewer({
    knowledge: () => ({
      policies: options.policies,
      namespaces: options.namespaces?.() ?? none,
      injectors: options.injectors?.() ?? [],
      settings: options.settings ?? {},
      expected: [],
      today: dayOf(now()),
    }),
    onFailure: options.onFailure ?? 'allow',
    log,
    metrics,
    clock,
  })
  let server: WebhookServer | null = null
  let stopping = false
  let serving: Leaf | null = null
  const renewals = metrics.counter(
    'underpin_certificate_renewal_failures_total',
    'Certificates that could not be renewed; the one in use stayed.',
  )
  // Late, like the server: what makes certificates is loaded only by who serves.
  const { keepCertificates } = await import('./certificates/keeper.ts')
  const keeper = await keepCertificates({
    names: options.dnsNames,
    now,
    ...(options.authorityLifeMs === undefined ? {} : { authorityLifeMs: options.authorityLifeMs }),
    ...(options.leafLifeMs === undefined ? {} : { leafLifeMs: options.leafLifeMs }),
    ...(options.publishBundle === undefined ? {} : { publish: options.publishBundle }),
    serve(leaf) {
      serving = leaf
      server?.useCertificate(leaf.certificate, leaf.key)
      log.info({ notAfter: leaf.to.toISOString() }, 'certificate in use')
    },
    failed(err) {
      renewals.add()
      log.error({ err }, 'certificate not renewed, keeping the previous one')
    },
  })
  const notReady = () => {
    if (stopping) return 'stopping'
    return serving === null || serving.to <= now() ? 'no valid certificate' : null
  }
  const stopGauges = watchProcess(metrics, () => keeper.leaf)
  try {
    server = await openServer({
      host: options.host,
      port: options.port,
      certificate: keeper.leaf.certificate,
      key: keeper.leaf.key,
      review,
      metricsText: () => metrics.text(),
      notReady,
      clock,
      ...(options.headersTimeoutMs === undefined
        ? {}
        : { headersTimeoutMs: options.headersTimeoutMs }),
      ...(options.requestTimeoutMs === undefined
        ? {}
        : { requestTimeoutMs: options.requestTimeoutMs }),
    })
  } catch (error) {
    keeper.stop()
    stopGauges()
    throw error
  }
  const open = server
  log.info({ url: open.url, policies: options.policies.length }, 'webhook listening')
  let stopped: Promise<void> | null = null
  const stop = async () => {
    stopping = true
    await sleep(options.drainMs ?? 10_000)
    keeper.stop()
    await open.close(15_000)
    stopGauges()
    log.info({ url: open.url }, 'webhook stopped')
  }
  return {
    url: open.url,
    get caBundle() {
      return keeper.bundle
    },
    metrics,
    stop: () => (stopped ??= stop()),
  }
}

function watchProcess(metrics: Metrics, leaf: () => Leaf): () => void {
  const expiry = metrics.gauge(
    'underpin_certificate_not_after_timestamp_seconds',
    'When the certificate in use ends.',
  )
  const lag = metrics.gauge(
    'underpin_event_loop_lag_seconds',
    'Longest delay of the event loop since the last scrape.',
  )
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  metrics.beforeScrape(() => {
    expiry.set(leaf().to.getTime() / 1000)
    lag.set(delay.max / 1e9)
    delay.reset()
  })
  return () => delay.disable()
}
