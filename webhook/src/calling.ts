// SPDX-License-Identifier: Apache-2.0
// Calls the real server over real TLS, for tests: as the API server does, and as those who mean it harm.

import { Agent, request } from 'node:https'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import { createLog } from '../../runtime/src/index.ts'
import { fixedKnowledge, type Facts } from './knowledge-source.ts'
import { namespaceOf } from './namespace.ts'
import { startWebhook, type Webhook, type WebhookOptions } from './serve.ts'
import { coveragePolicy, namespaceObject, type Manifest } from './specimens.ts'

export type Answered = {
  apiVersion: string
  kind: string
  response: {
    uid: string
    allowed: boolean
    warnings?: string[]
    auditAnnotations?: Record<string, string>
    status?: { code: number; reason: string; message: string }
  }
}

export type Reply = { status: number; text: string; socket: TLSSocket }
export type Sent = { path?: string; method?: string; type?: string; agent?: Agent; ca?: string }

export function policiesOf(...policies: Manifest[]): LoadedCoverage[] {
  const text = policies.map((one) => JSON.stringify(one)).join('\n---\n')
  const loaded = load([{ file: 'p.yaml', text }])
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems))
  return loaded.policies.filter(isCoverage)
}

/** A namespace "shop" that asks for Istio, and a policy that denies what is not covered. */
export function shop(facts: Partial<Facts> = {}): ReturnType<typeof fixedKnowledge> {
  const labels = { 'istio-injection': 'enabled' }
  return fixedKnowledge({
    policies: policiesOf(coveragePolicy('deny')),
    namespaces: new Map([['shop', namespaceOf(namespaceObject('shop', { labels }))]]),
    ...facts,
  })
}

export type Called = {
  webhook: Webhook
  /** What it has logged, a line each. */
  lines: string[]
  send(body: string | Buffer | null, sent?: Sent): Promise<Reply>
  /** The answer to a review; fails when it is not a valid one with HTTP 200. */
  ask(review: Manifest | string, sent?: Sent): Promise<Answered>
  /** A connection on which a test can write what it likes. */
  open(options?: ConnectionOptions): Promise<TLSSocket>
  stop(): Promise<void>
}

export async function startCalled(options: Partial<WebhookOptions> = {}): Promise<Called> {
  const lines: string[] = []
  const webhook = await startWebhook({
    knowledge: shop(),
    host: '127.0.0.1',
    port: 0,
    dnsNames: ['localhost', '127.0.0.1'],
    log: createLog({ write: (line) => lines.push(line) }),
    drainMs: 0,
    ...options,
  })
  const usual = new Agent({ keepAlive: true })
  const send: Called['send'] = (body, sent = {}) => {
    const { path = '/validate?timeout=10s', method = 'POST', agent = usual } = sent
    const { type = 'application/json' } = sent
    return new Promise((resolve, reject) => {
      const headers = type === '' ? {} : { 'content-type': type }
      const ca = sent.ca ?? webhook.caBundle
      const call = request(`${webhook.url}${path}`, { method, agent, ca, headers }, (response) => {
        const socket = response.socket as TLSSocket
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, socket }))
      })
      call.on('error', reject)
      call.end(body ?? undefined)
    })
  }
  return {
    webhook,
    lines,
    send,
    async ask(review, sent) {
      const body = typeof review === 'string' ? review : JSON.stringify(review)
      const { status, text } = await send(body, sent)
      if (status !== 200) throw new Error(`answered ${status}: ${text}`)
      const answered = JSON.parse(text) as Answered
      if (answered.kind !== 'AdmissionReview') throw new Error(`answered ${text}`)
      return answered
    },
    open: (more = {}) =>
      new Promise((resolve, reject) => {
        const at = { host: '127.0.0.1', port: Number(new URL(webhook.url).port) }
        const socket = connect({ ...at, ca: webhook.caBundle, ...more }, () => resolve(socket))
        socket.on('error', reject)
      }),
    async stop() {
      usual.destroy()
      await webhook.stop()
    },
  }
}

/** Everything that comes until the other side closes. */
export function received(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}

/** A request as bytes: for connections on which not all of it is sent, or not at once. */
export function wire(body: string, query = '?timeout=10s', headers = ''): string {
  return (
    `POST /validate${query} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`
  )
}
