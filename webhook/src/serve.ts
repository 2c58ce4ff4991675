// SPDX-License-Identifier: Apache-2.0
// Puts the webhook together: certificates, server, metrics, readiness; and takes it apart again without
// losing a review: not ready first, then serving on for the drain time, then closing.

import { setTimeout as sleep } from 'node:timers/promises'
import { createMetrics, type Log, type Metrics } from '../../runtime/src/index.ts'
import type { Keeper, Serving } from './certificates/keeper.ts'
import { keepMounted } from './certificates/mounted.ts'
import { memoryStore, type AuthorityStore } from './certificates/store.ts'
import { exclusionsOf, type ExclusionOptions } from './exclusions.ts'
import type { FailureMode } from './failure-mode.ts'
import type { KnowledgeSource } from './knowledge-source.ts'
import type { Controllers } from './owner-trust.ts'
import { watchProcess } from './process-metrics.ts'
import { createReviewer } from './reviewer.ts'
import { openServer, type ServerLimits, type WebhookServer } from './server.ts'
import type { TemplatePaths } from './template-paths.ts'

export type WebhookOptions = {
  /** What is known of the policies and of the cluster; asked anew for every review. */
  knowledge: KnowledgeSource
  host: string
  /** 0: any free port. */
  port: number
  /** Names and addresses under which the API server calls; the certificate's subjects. */
  dnsNames: readonly string[]
  log: Log
  metrics?: Metrics
  /** What happens to a request that could not be judged. Default: what the policies of its namespace say. */
  onFailure?: FailureMode
  exclusions?: ExclusionOptions
  /** Whose word about the owner of a pod is taken, besides that of Kubernetes' own controllers. */
  controllers?: Controllers
  /** Kinds with pod templates, besides those we know. */
  templates?: TemplatePaths
  /** Where certificate authorities are kept. Default: in memory, told to nobody. */
  store?: AuthorityStore
  /** A folder with a certificate that somebody else keeps, instead of our own authorities. */
  mounted?: string
  /** A store that cannot be reached at the start is tried again, and until then we are not ready. */
  patient?: boolean
  authorityLifeMs?: number
  leafLifeMs?: number
  settleMs?: number
  /** Between "not ready" and closing, so that nobody is sent here any more. Default: 10 s. */
  drainMs?: number
  limits?: ServerLimits
  now?: () => Date
}

export type Webhook = {
  url: string
  /** PEM of every authority that clients must trust now. */
  readonly caBundle: string
  metrics: Metrics
  /** Looks at the certificates now; they are looked at by themselves when it is time. */
  renewCertificates(): Promise<void>
  stop(): Promise<void>
}

/** What is still under way when the server closes gets so long. */
const closeMs = 15_000

export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { log, knowledge } = options
  const metrics = options.metrics ?? createMetrics()
  const now = options.now ?? (() => new Date())
  const clock = () => performance.now()
  const review = createReviewer({
    knowledge,
    house: {
      exclusions: exclusionsOf(options.exclusions ?? {}),
      controllers: options.controllers ?? new Map(),
      ...(options.templates === undefined ? {} : { templates: options.templates }),
    },
    onFailure: options.onFailure ?? 'policy',
    log,
    metrics,
    clock,
    now,
  })
  let server: WebhookServer | null = null
  let stopping = false
  let serving: Serving | null = null
  const renewals = metrics.counter(
    'underpin_certificate_renewal_failures_total',
    'Certificates that could not be renewed; the one in use stayed.',
  )
  const serve = (leaf: Serving) => {
    server?.useCertificate(leaf.certificate, leaf.key)
    serving = leaf
    log.info({ notAfter: leaf.to.toISOString() }, 'certificate in use')
  }
  const failed = (err: unknown) => {
    renewals.add()
    log.error({ err }, 'certificate not renewed, keeping the previous one')
  }
  const keeper = await keeperOf(options, { now, serve, failed })
  const notReady = () => {
    if (stopping) return 'stopping'
    if (serving === null || serving.to <= now()) return 'no valid certificate'
    return keeper.untrusted() ?? knowledge.ready()
  }
  const stopGauges = watchProcess(metrics, () => ({ leaf: keeper.leaf, server }))
  try {
    server = await openServer({
      host: options.host,
      port: options.port,
      certificate: keeper.leaf.certificate,
      key: keeper.leaf.key,
      review,
      metricsText: () => metrics.text(),
      notReady,
      stopping: () => stopping,
      clock,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
    // It may have been renewed while the port was opened.
    server.useCertificate(keeper.leaf.certificate, keeper.leaf.key)
  } catch (error) {
    await keeper.stop()
    stopGauges()
    throw error
  }
  const open = server
  log.info({ url: open.url }, 'webhook listening')
  let stopped: Promise<void> | null = null
  const stop = async () => {
    stopping = true
    log.info({ url: open.url, drainMs: options.drainMs ?? 10_000 }, 'webhook not ready any more')
    await sleep(options.drainMs ?? 10_000)
    await open.close(closeMs)
    await keeper.stop()
    stopGauges()
    log.info({ url: open.url }, 'webhook stopped')
  }
  return {
    url: open.url,
    get caBundle() {
      return keeper.bundle
    },
    metrics,
    renewCertificates: () => keeper.look(),
    stop: () => (stopped ??= stop()),
  }
}

type Told = Pick<Parameters<typeof keepMounted>[0], 'now' | 'serve' | 'failed'>

async function keeperOf(options: WebhookOptions, told: Told): Promise<Keeper<Serving>> {
  const { mounted, authorityLifeMs, leafLifeMs, settleMs, patient } = options
  if (mounted !== undefined) return keepMounted({ folder: mounted, ...told })
  // Late, like the server: what makes certificates is loaded only by who serves.
  const { keepCertificates } = await import('./certificates/keeper.ts')
  return keepCertificates({
    names: options.dnsNames,
    store: options.store ?? memoryStore(),
    ...told,
    ...(patient === undefined ? {} : { patient }),
    ...(authorityLifeMs === undefined ? {} : { authorityLifeMs }),
    ...(leafLifeMs === undefined ? {} : { leafLifeMs }),
    ...(settleMs === undefined ? {} : { settleMs }),
  })
}
