// SPDX-License-Identifier: Apache-2.0
// The HTTPS server, transport only: /validate, /healthz, /readyz, /metrics. The only importer of fastify.
// A status other than 200 is a failed call to the API server, so there are as few of them as can be.

import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { UnderpinError } from '../../runtime/src/index.ts'
import { createRoom, readBody, timeLimit, type Room } from './body.ts'
import { limitConnections, type Connections } from './connections.ts'
import type { Reviewer } from './reviewer.ts'

export type ServerLimits = {
  /** How long a client may take to agree on TLS, for the headers, and for the whole request. */
  handshakeMs?: number
  headersMs?: number
  requestMs?: number
  connections?: number
  /** The memory that bodies under way may take together. */
  roomBytes?: number
}

export type ServerOptions = {
  host: string
  port: number
  certificate: string
  key: string
  review: Reviewer
  metricsText: () => string
  /** Null when ready, else why not. */
  notReady: () => string | null
  /** It is about to close: whoever is connected should come back elsewhere. */
  stopping: () => boolean
  clock: () => number
  limits?: ServerLimits
}

export type WebhookServer = {
  url: string
  readonly connections: Pick<Connections, 'open' | 'pushedOut'>
  readonly room: Pick<Room, 'used'>
  useCertificate(certificate: string, key: string): void
  /** Answers what is under way, refuses what is new, and cuts off what is left after the limit. */
  close(limitMs: number): Promise<void>
}

/** The API server keeps an idle connection for 90 s; ours must live longer, or it sends into a closed one. */
const keepAliveMs = 120_000
/** The API server's own are some hundred bytes. */
const headerBytes = 16 * 1024
const usual = { handshakeMs: 5_000, headersMs: 10_000, requestMs: 35_000 }

export async function openServer(options: ServerOptions): Promise<WebhookServer> {
  // Late: the agent, which never serves, need not hold it in memory.
  const { fastify } = await import('fastify')
  const limits = { ...usual, ...options.limits }
  const app = fastify({
    logger: false,
    https: {
      key: options.key,
      cert: options.certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits.handshakeMs,
      // How often Node looks for clients that are over their time; its own default is 30 s.
      connectionsCheckingInterval: 500,
      headersTimeout: limits.headersMs,
      maxHeaderSize: headerBytes,
    },
    keepAliveTimeout: keepAliveMs,
    requestTimeout: limits.requestMs,
    // Nothing in either direction for longer than any of the above: a client that does not read its answer.
    connectionTimeout: keepAliveMs + 10_000,
    // While closing, a 503 would be a failed call: what still arrives is answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  const connections = limitConnections(app.server, limits.connections)
  const room = createRoom(limits.roomBytes)
  // The body is read by our own limits; fastify's would answer 413 before the UID is known.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    done(null, payload)
  })
  // Nor does it matter what the body is said to be: fastify would refuse a type that it cannot read.
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
    request.raw.headers['content-type'] = 'application/json'
    done()
  }
  app.post('/validate', { onRequest }, async (request, reply) => {
    const sent = await validate(request, reply, options, room)
    connections.served(request.raw.socket)
    return sent
  })
  app.get('/healthz', () => 'ok')
  app.get('/readyz', async (_request, reply) => {
    const why = options.notReady()
    return reply.code(why === null ? 200 : 503).send(why ?? 'ok')
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(options.metricsText()),
  )
  const url = await listen(app, options)
  return {
    url,
    connections,
    room,
    useCertificate(certificate, key) {
      // Connections that are open keep the old one; both authorities are in the bundle meanwhile.
      app.server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
    },
    async close(limitMs) {
      const timer = setTimeout(() => {
        connections.closeAll()
      }, limitMs)
      await app.close()
      clearTimeout(timer)
    },
  }
}

type Listening = { listen(at: { host: string; port: number; backlog: number }): Promise<string> }

async function listen(app: Listening, { host, port }: ServerOptions): Promise<string> {
  try {
    // As many as may wait as may be open: a burst is queued by the kernel, not refused.
    return await app.listen({ host, port, backlog: 4096 })
  } catch (cause) {
    throw new UnderpinError(
      'listen-failed',
      {
        operation: 'open webhook server',
        object: `${host}:${port}`,
        found: cause instanceof Error ? cause.message : String(cause),
        expected: 'a free port that this user may open',
        remedy: 'choose another port',
      },
      { cause },
    )
  }
}

async function validate(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ServerOptions,
  room: Room,
) {
  const receivedAt = options.clock()
  const { timeout } = request.query as { timeout?: unknown }
  const timeMs = timeLimit(timeout)
  const stream = request.body as Readable | null | undefined
  // Nothing was sent at all: fastify does not call the parser then.
  const body =
    stream === null || stream === undefined
      ? ({ kind: 'whole', text: '' } as const)
      : await readBody(stream, { timeMs, room })
  const deadline = receivedAt + timeMs
  const { status, text, close } = options.review(body, { receivedAt, deadline })
  if (close || options.stopping()) reply.header('connection', 'close')
  return reply.code(status).type('application/json').send(text)
}
