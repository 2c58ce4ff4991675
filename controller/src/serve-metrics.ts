// SPDX-License-Identifier: Apache-2.0
// /metrics, /healthz and /readyz over plain HTTP, for Prometheus and the kubelet. Nothing is read of a request but its path.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type MetricsServer = { port: number; stop: () => Promise<void> }

export async function serveMetrics(options: {
  /** Default: all addresses of this machine. */
  host?: string
  /** 0: any free one. */
  port: number
  text: () => string
  /** Null: ready, else why not. */
  notReady: () => string | null
  unhealthy: () => string | null
}): Promise<MetricsServer> {
  const { host, port, text, notReady, unhealthy } = options
  const server = createServer(
    { requestTimeout: 10_000, maxHeaderSize: 8192 },
    (request, response) => {
      const say = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
        response.writeHead(status, { 'content-type': type, connection: 'close' })
        response.end(body)
      }
      const verdict = (why: string | null) =>
        why === null ? say(200, 'ok\n') : say(503, `${why}\n`)
      const path = request.url?.split('?')[0]
      if (request.method !== 'GET') return say(405, 'GET only\n')
      if (path === '/metrics') return say(200, text(), 'text/plain; version=0.0.4; charset=utf-8')
      if (path === '/healthz') return verdict(unhealthy())
      if (path === '/readyz') return verdict(notReady())
      say(404, 'no such page\n')
    },
  )
  server.maxConnections = 50
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
