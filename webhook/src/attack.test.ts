// SPDX-License-Identifier: Apache-2.0
// Everything that may be sent to the server and is not a review, over real TLS: whoever can be answered is answered, and
// nothing stops or fills the process.
import { Agent } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bodyLimit } from './body.ts'
import { policiesOf, received, shop, startCalled, wire, type Called } from './calling.ts'
import { coveragePolicy, istioPod, podOf, reviewOf, type Manifest } from './specimens.ts'

let called: Called
beforeAll(async () => {
  called = await startCalled({
    onFailure: 'allow',
    limits: {
      handshakeMs: 600,
      headersMs: 400,
      requestMs: 2000,
      connections: 200,
      roomBytes: 24 << 20,
    },
  })
})
afterAll(async () => {
  await called.stop()
})
const bare = reviewOf({ object: podOf() })
const text = JSON.stringify(bare)
const denied = { uid: 'b0a1', allowed: false, status: { code: 403 } }
/** After each attack the next review is answered as if nothing had been. */
const stillThere = async () => expect((await called.ask(bare)).response).toMatchObject(denied)

describe('bad input is answered when the UID can be read', { timeout: 30_000 }, () => {
  const huge = (bytes: number) =>
    reviewOf({ object: podOf({ annotations: { big: 'x'.repeat(bytes) } }) })
  const nested = (depth: number) =>
    text.replace('"labels":{}', `"labels":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`)

  test.each<[string, Manifest | string]>([
    ['another kind', { ...reviewOf({}), kind: 'Other' }],
    ['another version', { ...bare, apiVersion: 'admission.k8s.io/v9' }],
    ['cut off', text.slice(0, 200)],
    ['something behind it', `${text} x`],
    ['a byte order mark', `\ufeff${text}`],
    ['a comma too many', text.replace('"labels":{}', '"labels":{,}')],
    ['no object', reviewOf({ object: null })],
    ['a list for an object', reviewOf({ object: [] })],
    ['an unknown operation', reviewOf({ operation: 'MERGE' })],
    ['more than 7 MiB', huge(bodyLimit)],
    ['200,000 levels of lists', nested(200_000)],
    ['three million values', text.replace('"labels":{}', `"labels":{"x":[${'1,'.repeat(3e6)}1]}`)],
    [
      'two million empty lists',
      text.replace('"labels":{}', `"labels":{"x":[${'[],'.repeat(2e6)}1]}`),
    ],
  ])('%s', async (_name, review) => {
    const { response } = await called.ask(review)
    expect(response).toMatchObject({ uid: 'b0a1', allowed: true })
    expect(response.warnings?.[0]).toContain('could not judge')
    expect(response.auditAnnotations?.decision).toBe('failed-open')
    await stillThere()
  })

  test.each<[string, string]>([
    ['10,000 levels of lists', nested(10_000)],
    [
      '10,000 levels of maps',
      text.replace('"labels":{}', `"labels":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
    ],
    [
      '__proto__ and constructor keys',
      text
        .replace('"labels":{}', '"labels":{"__proto__":"x","constructor":"y","toString":"z"}')
        .replace(
          '"userInfo":{',
          '"userInfo":{"extra":{"__proto__":["x"]},"__proto__":{"username":"system:admin"},',
        ),
    ],
    [
      'a key twice: the last counts, as for the API server',
      text.replace('"labels":{}', '"labels":{"sidecar.istio.io/inject":"true"},"labels":{}'),
    ],
    ['bytes that are not UTF-8', text.replace('cart', 'ca\ud800rt')],
    [
      '10,000 containers',
      JSON.stringify(
        reviewOf({
          object: podOf({
            containers: Array.from({ length: 10_000 }, (_, i) => ({
              name: `c${i}`,
              image: 'x',
              ports: [{ hostPort: i }],
            })),
          }),
        }),
      ),
    ],
    ['a line break in every name', text.replaceAll('cart', 'ca\\r\\nX-Evil: 1\\u0000\\u202e')],
  ])('%s are judged', async (_name, body) => {
    const { response } = await called.ask(body)
    expect(response).toMatchObject(denied)
    // eslint-disable-next-line no-control-regex -- that there are none
    expect(response.status?.message).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(Buffer.byteLength(response.status?.message ?? '')).toBeLessThanOrEqual(4096)
  })

  test('the type of the content does not matter', async () => {
    for (const type of [
      '',
      'text/plain',
      'application/json; charset=utf-16',
      'multipart/form-data',
      'x',
    ])
      expect((await called.send(text, { type })).status).toBe(200)
  })

  test.each([
    ['not JSON', 'hello', 400],
    ['nothing', null, 400],
    ['no UID', '{}', 400],
    ['UTF-16', Buffer.from(text, 'utf16le'), 400],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), 400],
    ['7 MiB without an UID', Buffer.alloc(bodyLimit + 1, 'x'), 413],
    ['7 MiB of lists', Buffer.alloc(bodyLimit, '['), 413],
    ['an UID of 2 MiB', JSON.stringify(reviewOf({ uid: 'x'.repeat(2 << 20) })), 400],
  ])('%s has no UID: the status is all there is to say', async (_name, body, status) => {
    const reply = await called.send(body)
    expect(reply.status).toBe(status)
    expect(reply.text.length).toBeLessThan(200)
    await stillThere()
  })

  test('headers without end are refused', async () => {
    const socket = await called.open()
    const answer = received(socket)
    socket.write(`POST /validate HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect(await answer).toMatch(/^HTTP\/1\.1 431/)
    await stillThere()
  })

  test.each([
    [
      'two lengths',
      'POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello',
    ],
    [
      'length and chunks',
      'POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no HTTP', '\u0016\u0003\u0001hello\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s is refused and the connection closed', async (_name, bytes) => {
    const socket = await called.open()
    const answer = received(socket)
    socket.write(bytes)
    expect(await answer).toMatch(/^(HTTP\/1\.1 (400|505)|$)/)
    await stillThere()
  })
})

describe('what fails on our side', { timeout: 30_000 }, () => {
  const broken = {
    ready: () => null,
    current: () => {
      throw new Error('a defect')
    },
  }

  test.each([
    ['allow', true, 'failed-open'],
    ['deny', false, 'failed-closed'],
    ['policy', false, 'failed-closed'],
  ] as const)(
    'is answered by the mode "%s", counted, and not told',
    async (onFailure, allowed, decision) => {
      const one = await startCalled({ onFailure, knowledge: broken })
      const { response } = await one.ask(bare)
      expect(response).toMatchObject({ uid: 'b0a1', allowed, auditAnnotations: { decision } })
      expect(JSON.stringify(response)).not.toContain('a defect')
      expect(one.webhook.metrics.text()).toContain('failures_total{reason="crashed"} 1')
      await one.stop()
    },
  )

  test('"policy" is what the class of the namespace says', async () => {
    const classOf = (tier: string, mode: string) => ({
      name: tier,
      mode,
      select: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': tier } } },
    })
    const policies = policiesOf(
      coveragePolicy('audit', { namespaces: [classOf('prod', 'deny'), classOf('test', 'warn')] }),
    )
    const one = await startCalled({ knowledge: shop({ policies }), onFailure: 'policy' })
    const fault = async (namespace: string | undefined, more: Manifest = {}) =>
      (await one.ask(reviewOf({ operation: 'MERGE', namespace, ...more }))).response.allowed
    expect(await fault('prod')).toBe(false)
    expect(await fault('test')).toBe(true)
    expect(await fault('kube-system')).toBe(true)
    // It may be for "prod".
    expect(await fault(undefined)).toBe(false)
    const cut = JSON.stringify(reviewOf({ namespace: 'test', object: podOf() })).slice(0, 300)
    expect((await one.ask(cut)).response.allowed).toBe(true)
    await one.stop()
  })

  test('expressions that would take forever end, and count as failed', async () => {
    const bomb = (name: string, expression: string) => ({ name, expression, message: 'm' })
    const list = '[0,1,2,3,4,5,6,7,8,9]'
    const policies = policiesOf(
      coveragePolicy('deny', {
        meshes: ['istio'],
        checks: [
          bomb(
            'loops',
            [...'abcdefgh'].reduceRight((inner, v) => `${list}.all(${v}, ${inner})`, 'true'),
          ),
          bomb('pattern', 'object.metadata.annotations["a"].matches("^(a+)+$")'),
          bomb(
            'text',
            'object.metadata.annotations["a"].split("").map(x, object.metadata.annotations["a"] + x).size() > 0 && false',
          ),
          ...Array.from({ length: 40 }, (_, i) =>
            bomb(
              `again-${i}`,
              `[${i}].all(q, ${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, ${list}.all(e, true))))))`,
            ),
          ),
        ],
      }),
    )
    const one = await startCalled({ knowledge: shop({ policies }) })
    const object = istioPod({ annotations: { a: `${'a'.repeat(50_000)}!` } })
    const begun = performance.now()
    const { response } = await one.ask(reviewOf({ object }), { path: '/validate?timeout=2s' })
    expect(performance.now() - begun).toBeLessThan(1900)
    expect(response.allowed).toBe(false)
    expect(response.auditAnnotations?.rule).toContain('loops')
    await one.stop()
  })
})

describe('slow and many clients', { timeout: 30_000 }, () => {
  const raw = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connectTcp(Number(new URL(called.webhook.url).port), '127.0.0.1', () =>
        resolve(socket),
      )
      socket.on('error', reject)
    })
  const closed = (socket: Socket | TLSSocket) =>
    new Promise<number>((resolve) => {
      const begun = performance.now()
      socket.on('error', () => undefined)
      socket.resume()
      socket.on('close', () => resolve(performance.now() - begun))
    })

  test('a connection that never begins with TLS is cut off', async () => {
    expect(await closed(await raw())).toBeLessThan(3000)
  })

  test('a handshake that stops half-way is cut off', async () => {
    const socket = await raw()
    // The beginning of a ClientHello that announces more.
    socket.write(Buffer.from('16030100c8010000c40303', 'hex'))
    expect(await closed(socket)).toBeLessThan(3000)
    await stillThere()
  })

  test('TLS and then nothing', async () => {
    expect(await closed(await called.open())).toBeLessThan(3000)
  })

  test('headers that do not come to an end', async () => {
    const socket = await called.open()
    const answer = received(socket)
    socket.write('POST /validate HTTP/1.1\r\nhost: x\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 50)
    expect(await answer).toMatch(/^(HTTP\/1\.1 408|$)/)
    clearInterval(drip)
  })

  test('but one that is idle between two reviews is kept, and the client is told for how long', async () => {
    const socket = await called.open()
    const heard: string[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()))
    socket.write(wire(text))
    await expect.poll(() => heard.join('')).toContain('"uid":"b0a1"')
    // The API server's own connections are idle for 90 s before it closes them (Go net/http, IdleConnTimeout).
    const seconds = Number(/^keep-alive: timeout=(\d+)/im.exec(heard.join(''))?.[1])
    expect(seconds).toBeGreaterThan(95)
    // Longer than a client may take for headers, or for a whole request.
    await new Promise((resolve) => setTimeout(resolve, 3500))
    heard.length = 0
    socket.write(wire(text))
    await expect.poll(() => heard.join('')).toContain('"uid":"b0a1"')
    socket.destroy()
  })

  test('a body that does not come is answered before the deadline when the UID is there', async () => {
    const socket = await called.open()
    const answer = received(socket)
    const begun = performance.now()
    socket.write(wire(text, '?timeout=400ms').slice(0, -text.length + 150))
    const reply = await answer
    expect(performance.now() - begun).toBeLessThan(1500)
    expect(reply).toMatch(/^HTTP\/1\.1 200/)
    expect(reply).toContain('"uid":"b0a1"')
  })

  test('no time at all is answered as well', async () => {
    const { response } = await called.ask(bare, { path: '/validate?timeout=0s' })
    expect(response).toMatchObject({ uid: 'b0a1', allowed: true })
    expect(response.warnings?.[0]).toMatch(/no time was left|did not arrive in time/)
  })

  test('a body that comes byte by byte', async () => {
    const socket = await called.open()
    const answer = received(socket)
    socket.write(wire(text, '?timeout=1s').slice(0, -text.length + 150))
    let at = 150
    const drip = setInterval(() => socket.write(text.slice(at, ++at)), 5)
    expect(await answer).toMatch(/^HTTP\/1\.1 200/)
    clearInterval(drip)
  })

  test('ten thousand connections that say nothing do not keep a review out', async () => {
    const idle: Socket[] = []
    const agent = new Agent()
    for (let round = 0; round < 20; round++) {
      idle.push(...(await Promise.all(Array.from({ length: 500 }, raw))))
      for (const socket of idle.slice(-500)) socket.on('error', () => undefined)
      if (round % 5 !== 4) continue
      const begun = performance.now()
      expect((await called.ask(bare, { agent })).response).toMatchObject(denied)
      expect(performance.now() - begun).toBeLessThan(10_000)
    }
    const metric = (name: string) =>
      Number(
        new RegExp(`underpin_connections_${name} (\\d+)`).exec(called.webhook.metrics.text())?.[1],
      )
    await expect.poll(() => metric('pushed_out'), { timeout: 10_000 }).toBeGreaterThan(9000)
    expect(metric('open')).toBeLessThanOrEqual(200)
    await stillThere()
    for (const socket of idle) socket.destroy()
  })

  test('large bodies that never end do not fill the memory, nor keep a review out', async () => {
    const limits = { roomBytes: 4 << 20 }
    const small = await startCalled({ limits, onFailure: 'allow' })
    const sockets = await Promise.all(Array.from({ length: 10 }, () => small.open()))
    const answers = sockets.map(received)
    const annotations = { a: 'x'.repeat(3 << 20) }
    const beginning = wire(JSON.stringify(reviewOf({ object: podOf({ annotations }) })))
    for (const socket of sockets) socket.write(beginning.slice(0, 1 << 20))
    const metrics = () => small.webhook.metrics.text()
    await expect
      .poll(metrics, { timeout: 15_000 })
      .toMatch(/failures_total\{reason="crowded"\} [1-9]/)
    const used = () => Number(/underpin_bodies_bytes (\d+)/.exec(metrics())?.[1])
    expect(used()).toBeLessThanOrEqual(limits.roomBytes)
    expect((await small.ask(bare)).response).toMatchObject(denied)
    for (const socket of sockets) socket.destroy()
    const texts = await Promise.all(answers)
    // Whoever was pushed out has been answered.
    expect(
      texts.filter((one) => one.includes('too many requests were arriving')).length,
    ).toBeGreaterThan(3)
    await expect.poll(used, { timeout: 5000 }).toBe(0)
    await small.stop()
  })

  test('a client that asks without end and reads nothing', async () => {
    const socket = await called.open()
    socket.pause()
    const request = wire(text)
    for (let i = 0; i < 500; i++) socket.write(request)
    await stillThere()
    socket.destroy()
  })
})
