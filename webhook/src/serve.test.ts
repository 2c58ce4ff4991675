// SPDX-License-Identifier: Apache-2.0
// The real server over HTTPS with its real certificates, and every bad input that it must survive.
import { Agent, request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isCoverage, load } from '../../policies/src/index.ts'
import { createLog } from '../../runtime/src/index.ts'
import { bodyLimit } from './body.ts'
import { startWebhook, type Webhook } from './serve.ts'
import { coveragePolicy, istioPod, podOf, reviewOf, type Manifest } from './specimens.ts'

const lines: string[] = []
const log = createLog({ write: (line) => lines.push(line) })
const text = JSON.stringify(coveragePolicy('deny'))
const policies = load([{ file: 'p', text }]).policies.filter(isCoverage)
const common = {
  policies,
  host: '127.0.0.1',
  port: 0,
  dnsNames: ['localhost', '127.0.0.1'],
  log,
  drainMs: 0,
}

let webhook: Webhook
let agent: Agent
beforeAll(async () => {
  webhook = await startWebhook({ ...common, headersTimeoutMs: 300, requestTimeoutMs: 1000 })
  agent = new Agent({ keepAlive: true })
})
afterAll(async () => {
  agent.destroy()
  await webhook.stop()
})

type Reply = { status: number; text: string; socket: TLSSocket }
type Sent = { path?: string; method?: string; type?: string; to?: Webhook }

function send(body: string | Buffer | null, sent: Sent = {}): Promise<Reply> {
  const {
    path = '/validate?timeout=10s',
    method = 'POST',
    type = 'application/json',
    to = webhook,
  } = sent
  return new Promise((resolve, reject) => {
    const headers = type === '' ? {} : { 'content-type': type }
    const call = request(
      `${to.url}${path}`,
      { method, agent, ca: to.caBundle, headers },
      (response) => {
        const { socket } = response
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text, socket: socket as TLSSocket })
        })
      },
    )
    call.on('error', reject)
    call.end(body ?? undefined)
  })
}

type Answered = {
  apiVersion: string
  response: {
    uid: string
    allowed: boolean
    warnings?: string[]
    status?: { code: number; message: string }
  }
}
async function ask(review: Manifest | string): Promise<Answered> {
  const { status, text } = await send(typeof review === 'string' ? review : JSON.stringify(review))
  expect(status).toBe(200)
  return JSON.parse(text) as Answered
}

describe('reviews', () => {
  test('a bare pod is denied with 403, a covered one allowed', async () => {
    const { response } = await ask(reviewOf({ object: podOf() }))
    expect(response).toMatchObject({ uid: 'b0a1', allowed: false, status: { code: 403 } })
    expect((await ask(reviewOf({ object: istioPod() }))).response).toEqual({
      uid: 'b0a1',
      allowed: true,
    })
  })

  test('v1beta1 is answered as v1beta1', async () => {
    const review = { ...reviewOf({ object: podOf() }), apiVersion: 'admission.k8s.io/v1beta1' }
    expect((await ask(review)).apiVersion).toBe('admission.k8s.io/v1beta1')
  })

  test('100 at once, each with its own UID', async () => {
    const uids = Array.from({ length: 100 }, (_, i) => `uid-${i}`)
    const answers = await Promise.all(
      uids.map((uid, i) => ask(reviewOf({ uid, object: i % 2 === 0 ? podOf() : istioPod() }))),
    )
    expect(answers.map(({ response }) => [response.uid, response.allowed])).toEqual(
      uids.map((uid, i) => [uid, i % 2 === 1]),
    )
  })

  test('one log line each, and nothing of the body in it', async () => {
    const env = [{ name: 'PASSWORD', value: 'hunter2' }]
    const before = lines.length
    await ask(
      reviewOf({ uid: 'log-1', object: podOf({ containers: [{ name: 'a', image: 'b', env }] }) }),
    )
    const fresh = lines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(fresh).toHaveLength(1)
    expect(fresh[0]).toMatchObject({
      message: 'review answered',
      uid: 'log-1',
      decision: 'deny',
      name: 'cart',
    })
    expect(lines.join()).not.toContain('hunter2')
  })
})

describe('bad input is answered when the UID can be read', () => {
  const allowedWithWarning = {
    uid: 'b0a1',
    allowed: true,
    warnings: [expect.stringContaining('could not judge') as string],
  }
  const huge = (bytes: number) =>
    reviewOf({ object: podOf({ annotations: { big: 'x'.repeat(bytes) } }) })

  test.each<[string, Manifest | string]>([
    ['another kind', { ...reviewOf({}), kind: 'Other' }],
    ['cut off', JSON.stringify(reviewOf({ object: podOf() })).slice(0, 200)],
    ['no object', reviewOf({ object: null })],
    ['an unknown operation', reviewOf({ operation: 'MERGE' })],
    ['more than 7 MiB', huge(bodyLimit)],
  ])('%s', async (_name, review) => {
    expect((await ask(review)).response).toMatchObject(allowedWithWarning)
  })

  test('just under 7 MiB is judged', async () => {
    const { response } = await ask(huge(bodyLimit - 2000))
    expect(response).toMatchObject({ allowed: false, status: { code: 403 } })
  })

  test('__proto__ and constructor keys are judged', async () => {
    const review = JSON.stringify(reviewOf({ object: podOf() }))
    const body = review
      .replace('"labels":{}', '"labels":{"__proto__":"x","constructor":"y"}')
      .replace('"userInfo":{', '"userInfo":{"extra":{"__proto__":["x"]},')
    expect((await ask(body)).response).toMatchObject({ allowed: false, status: { code: 403 } })
  })

  test('the type of the content does not matter', async () => {
    for (const type of ['', 'text/plain', 'application/json; charset=utf-8']) {
      const reply = await send(JSON.stringify(reviewOf({ object: podOf() })), { type })
      expect(reply.status).toBe(200)
    }
  })

  test.each([
    ['not JSON', 'hello', 400],
    ['nothing', null, 400],
    ['no UID', '{}', 400],
    ['7 MiB without an UID', Buffer.alloc(bodyLimit + 1, 'x'), 413],
  ])('%s has no UID: %s is all there is to say', async (_name, body, status) => {
    expect((await send(body)).status).toBe(status)
  })

  test('a crash is counted and answered', async () => {
    const broken = await startWebhook({
      ...common,
      onFailure: 'deny',
      namespaces: () => {
        throw new Error('a defect')
      },
    })
    const { status, text } = await send(JSON.stringify(reviewOf({ object: podOf() })), {
      to: broken,
    })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      response: { uid: 'b0a1', allowed: false, status: { code: 500 } },
    })
    expect(text).not.toContain('a defect')
    expect(broken.metrics.text()).toContain('underpin_admission_failures_total{reason="crashed"} 1')
    await broken.stop()
  })
})

describe('slow clients', () => {
  const open = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(webhook.url)
      const socket = connect(
        { host: '127.0.0.1', port: Number(port), ca: webhook.caBundle },
        () => {
          resolve(socket)
        },
      )
      socket.on('error', reject)
    })
  const received = (socket: TLSSocket): Promise<string> =>
    new Promise((resolve) => {
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('close', () => {
        resolve(text)
      })
    })

  test('headers that do not come are cut off', async () => {
    const socket = await open()
    socket.write('POST /validate HTTP/1.1\r\nhost: x\r\n')
    expect(await received(socket)).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  test('a body that does not come is answered before the deadline when the UID is there', async () => {
    const socket = await open()
    const body = JSON.stringify(reviewOf({ object: podOf() }))
    socket.write(
      `POST /validate?timeout=400ms HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 150)}`,
    )
    const reply = await received(socket)
    expect(reply).toMatch(/^HTTP\/1\.1 200/)
    expect(reply).toContain('"uid":"b0a1"')
  })
})

describe('around it', () => {
  test('health, readiness and metrics', async () => {
    const get = (path: string) => send(null, { path, method: 'GET', type: '' })
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok' })
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok' })
    const { text } = await get('/metrics')
    expect(text).toMatch(
      /underpin_admission_requests_total\{operation="CREATE",decision="deny",dry_run="false"\} \d+/,
    )
    expect(text).toContain('underpin_admission_duration_seconds_bucket')
    expect(text).toMatch(/underpin_certificate_not_after_timestamp_seconds 1\d{9}/)
    expect((await get('/other')).status).toBe(404)
  })

  test('a client that trusts another authority is refused', async () => {
    const other = await startWebhook({ ...common, dnsNames: ['localhost'] })
    const { port } = new URL(webhook.url)
    const refused = new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), ca: other.caBundle })
      socket.on('error', (error: Error) => {
        resolve(error.message)
      })
    })
    expect(await refused).toMatch(/certificate|self.signed/)
    await other.stop()
  })

  test('the certificate is exchanged while it serves', async () => {
    let now = new Date()
    const fresh = await startWebhook({
      ...common,
      leafLifeMs: 3000,
      authorityLifeMs: 120_000,
      now: () => now,
    })
    const serial = async () => {
      const once = new Agent({ keepAlive: false })
      const reply = await new Promise<string>((resolve, reject) => {
        const call = request(
          `${fresh.url}/healthz`,
          { agent: once, ca: fresh.caBundle },
          (response) => {
            resolve((response.socket as TLSSocket).getPeerCertificate().serialNumber)
            response.resume()
          },
        )
        call.on('error', reject)
        call.end()
      })
      once.destroy()
      return reply
    }
    const before = await serial()
    now = new Date(now.getTime() + 2500)
    await expect.poll(serial, { timeout: 6000, interval: 200 }).not.toBe(before)
    await fresh.stop()
  })

  test('stopping: not ready, answers what is under way, then closes', async () => {
    const going = await startWebhook({ ...common, drainMs: 300 })
    const stopped = going.stop()
    expect((await send(null, { to: going, path: '/readyz', method: 'GET' })).status).toBe(503)
    const { status } = await send(JSON.stringify(reviewOf({ object: istioPod() })), { to: going })
    expect(status).toBe(200)
    await stopped
    await expect(send(null, { to: going, path: '/healthz', method: 'GET' })).rejects.toThrow()
  })

  test('a port that is taken is told with its remedy', async () => {
    const { port } = new URL(webhook.url)
    await expect(startWebhook({ ...common, port: Number(port) })).rejects.toMatchObject({
      code: 'listen-failed',
      message: expect.stringContaining(`open webhook server "127.0.0.1:${port}"`) as string,
    })
  })
})
