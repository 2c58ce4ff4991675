// SPDX-License-Identifier: Apache-2.0
// Metrics and health of a process that serves nothing else, over plain HTTP: /metrics, /healthz (alive), /readyz (does
// its work, or says why not). Answers GET only, and nothing that anybody sends is used.
import type { Server } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import { reasonOf, UnderpinError } from './errors.ts'
import { createServer } from './http.ts'
import type { Metrics } from './metrics.ts'

export type TelemetryOptions = {
  /** HOST:PORT, [HOST]:PORT or :PORT, which is every address. */
  address: string
  metrics: Metrics
  /** null: yes; else why not. */
  ready: () => string | null
  healthy?: () => string | null
}

export type Telemetry = { port: number; stop: () => Promise<void> }

export async function serveTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { host, port } = readListenAddress(options.address)
  const server = createServer(
    { requestTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
        response.writeHead(status, { 'content-type': type, connection: 'close' }).end(body)
      }
      const verdict = (why: string | null) => answer(why === null ? 200 : 503, `${why ?? 'ok'}\n`)
      request.resume()
      try {
        if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'GET only\n')
        else if (path === '/metrics')
          answer(200, options.metrics.text(), 'text/plain; version=0.0.4; charset=utf-8')
        else if (path === '/healthz') verdict(options.healthy?.() ?? null)
        else if (path === '/readyz') verdict(options.ready())
        else answer(404, '/metrics, /healthz or /readyz\n')
      } catch (error) {
        answer(500, `${reasonOf(error)}\n`)
      }
    },
  )
  server.maxConnections = 64
  await listening(server, host, port, options.address)
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function readListenAddress(address: string): { host: string | undefined; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  const isHost = host === '' || host === 'localhost' || isIP(host ?? '') !== 0
  if (digits !== undefined && port <= 65_535 && isHost)
    return { host: host === '' ? undefined : host, port }
  throw new UnderpinError('usage', {
    operation: 'serve metrics',
    object: address,
    found: 'an address that cannot be listened on',
    expected: 'HOST:PORT',
    remedy: 'for example :9090 or 127.0.0.1:9090',
  })
}

function listening(server: Server, host: string | undefined, port: number, address: string) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new UnderpinError(
          'listen-failed',
          {
            operation: 'serve metrics',
            object: address,
            found: reasonOf(cause),
            remedy: 'use another port',
          },
          { cause },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
}
