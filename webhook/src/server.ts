// SPDX-License-Identifier: Apache-2.0
// The HTTPS server, transport only: /validate, /healthz, /readyz, /metrics. The only importer of fastify.
// A status other than 200 is a failed call to the API server, so there are as few of them as can be.

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { UnderpinError } from '../../runtime/src/index.ts'
import { readBody, timeLimit } from './body.ts'
import type { Reviewer } from './reviewer.ts'

export type ServerOptions = {
  host: string
  port: number
  certificate: string
  key: string
  review: Reviewer
  metricsText: () => string
  /** Null when ready, else why not. */
  notReady: () => string | null
  clock: () => number
  /** How long a client may take for the headers, and for the whole request. */
  headersTimeoutMs?: number
  requestTimeoutMs?: number
}

export type WebhookServer = {
  url: string
  useCertificate(certificate: string, key: string): void
  /** Answers what is under way, refuses what is new, and cuts off what is left after the limit. */
  close(limitMs: number): Promise<void>
}

/** The API server keeps an idle connection for 90 s; ours must live longer, or it sends into a closed one. */
const keepAliveMs = 120_000

export async function openServer(options: ServerOptions): Promise<WebhookServer> {
  // Late: the agent, which never serves, need not hold it in memory.
  const { fastify } = await import('fastify')
  const app = fastify({
    logger: false,
    https: {
      key: options.key,
      cert: options.certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
      // How often Node looks for clients that are over their time; its own default is 30 s.
      connectionsCheckingInterval: 500,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
    },
    keepAliveTimeout: keepAliveMs,
    requestTimeout: options.requestTimeoutMs ?? 35_000,
    // While closing, a 503 would be a failed call: what still arrives is answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  // The body is read by our own limits; fastify's would answer 413 before the UID is known.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    done(null, payload)
  })
  app.post('/validate', (request, reply) => validate(request, reply, options))
  app.get('/healthz', () => 'ok')
  app.get('/readyz', async (_request, reply) => {
    const why = options.notReady()
    return reply.code(why === null ? 200 : 503).send(why ?? 'ok')
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(options.metricsText()),
  )
  const server = app.server
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  let url: string
  try {
    url = await app.listen({ host: options.host, port: options.port })
  } catch (cause) {
    throw new UnderpinError(
      'listen-failed',
      {
        operation: 'open webhook server',
        object: `${options.host}:${options.port}`,
        found: cause instanceof Error ? cause.message : String(cause),
        expected: 'a free port that this user may open',
        remedy: 'choose another port',
      },
      { cause },
    )
  }
  return {
    url,
    useCertificate(certificate, key) {
      // Connections that are open keep the old one; both authorities are in the bundle meanwhile.
      server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
    },
    async close(limitMs) {
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, limitMs)
      await app.close()
      clearTimeout(timer)
    },
  }
}

async function validate(request: FastifyRequest, reply: FastifyReply, options: ServerOptions) {
  const receivedAt = options.clock()
  const { timeout } = request.query as { timeout?: unknown }
  const stream = request.body as Readable | null | undefined
  // Nothing was sent at all: fastify does not call the parser then.
  const body =
    stream === null || stream === undefined
      ? ({ kind: 'whole', text: '' } as const)
      : await readBody(stream, { timeMs: timeLimit(timeout) })
  const { status, text, close } = options.review(body, receivedAt)
  if (close || options.notReady() !== null) reply.header('connection', 'close')
  return reply.code(status).type('application/json').send(text)
}
