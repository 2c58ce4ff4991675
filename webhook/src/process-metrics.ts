// SPDX-License-Identifier: Apache-2.0
// What is read of the process itself when it is scraped: its certificate, the delay of its event loop, its
// connections and its memory.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from '../../runtime/src/index.ts'
import type { Serving } from './certificates/keeper.ts'
import type { WebhookServer } from './server.ts'

export function watchProcess(
  metrics: Metrics,
  current: () => { leaf: Serving; server: WebhookServer | null },
): () => void {
  const expiry = metrics.gauge(
    'underpin_certificate_not_after_timestamp_seconds',
    'When the certificate in use ends.',
  )
  const lag = metrics.gauge(
    'underpin_event_loop_lag_seconds',
    'Longest delay of the event loop since the last scrape.',
  )
  const open = metrics.gauge('underpin_connections_open', 'Connections to the webhook.')
  const pushedOut = metrics.gauge(
    'underpin_connections_pushed_out',
    'Connections closed to make room for new ones, since the start.',
  )
  const bodies = metrics.gauge(
    'underpin_bodies_bytes',
    'Memory that requests take which have not arrived entirely.',
  )
  const resident = metrics.gauge('process_resident_memory_bytes', 'Memory of the process.')
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  metrics.beforeScrape(() => {
    const { leaf, server } = current()
    expiry.set(leaf.to.getTime() / 1000)
    lag.set(delay.max / 1e9)
    delay.reset()
    open.set(server?.connections.open ?? 0)
    pushedOut.set(server?.connections.pushedOut ?? 0)
    bodies.set(server?.room.used ?? 0)
    resident.set(process.memoryUsage.rss())
  })
  return () => delay.disable()
}
