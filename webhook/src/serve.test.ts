// SPDX-License-Identifier: Apache-2.0
// The real server over HTTPS with its real certificates.
import { Agent } from 'node:https'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bodyLimit } from './body.ts'
import { policiesOf, shop, startCalled, type Called } from './calling.ts'
import { coveragePolicy, istioPod, podOf, reviewOf } from './specimens.ts'

let called: Called
beforeAll(async () => {
  called = await startCalled()
})
afterAll(async () => {
  await called.stop()
})
const bare = reviewOf({ object: podOf() })

describe('reviews', () => {
  test('a bare pod is denied with 403, a covered one allowed', async () => {
    const { response, apiVersion } = await called.ask(bare)
    expect(apiVersion).toBe('admission.k8s.io/v1')
    expect(response).toMatchObject({ uid: 'b0a1', allowed: false, status: { code: 403 } })
    expect(response.status?.message).toContain('not covered by istio')
    expect((await called.ask(reviewOf({ object: istioPod() }))).response.allowed).toBe(true)
  })

  test('v1beta1 is answered as v1beta1', async () => {
    const review = { ...bare, apiVersion: 'admission.k8s.io/v1beta1' }
    expect((await called.ask(review)).apiVersion).toBe('admission.k8s.io/v1beta1')
  })

  test('100 at once, each with its own UID', async () => {
    const uids = Array.from({ length: 100 }, (_, i) => `uid-${i}`)
    const answers = await Promise.all(
      uids.map((uid, i) =>
        called.ask(reviewOf({ uid, object: i % 2 === 0 ? podOf() : istioPod() })),
      ),
    )
    expect(answers.map(({ response }) => [response.uid, response.allowed])).toEqual(
      uids.map((uid, i) => [uid, i % 2 === 1]),
    )
  })

  test('one log line each, and nothing of the body in it', async () => {
    const env = [{ name: 'PASSWORD', value: 'hunter2' }]
    const object = podOf({ containers: [{ name: 'a', image: 'b', env }] })
    const before = called.lines.length
    await called.ask(reviewOf({ uid: 'log-1', object }))
    const fresh = called.lines.slice(before).map((line) => JSON.parse(line) as object)
    expect(fresh).toHaveLength(1)
    expect(fresh[0]).toMatchObject({
      message: 'review answered',
      uid: 'log-1',
      decision: 'deny',
      name: 'cart',
    })
    expect(called.lines.join()).not.toContain('hunter2')
  })

  test('just under 7 MiB is judged', async () => {
    const annotations = { big: 'x'.repeat(bodyLimit - 2000) }
    const { response } = await called.ask(reviewOf({ object: podOf({ annotations }) }))
    expect(response).toMatchObject({ allowed: false, status: { code: 403 } })
  })

  test('a dry run is answered like any other and leaves nothing behind but its count', async () => {
    const fresh = await startCalled()
    const { response } = await fresh.ask({
      ...bare,
      request: { ...(bare.request as object), dryRun: true },
    })
    expect(response.allowed).toBe(false)
    const text = fresh.webhook.metrics.text()
    expect(text).toMatch(/requests_total\{operation="CREATE",decision="deny",dry_run="true"\} 1/)
    expect(text).not.toMatch(/dry_run="false"\}/)
    expect(text).not.toMatch(/underpin_admission_findings_total\{/)
    await fresh.stop()
  })
})

describe('around it', () => {
  const get = (path: string) => called.send(null, { path, method: 'GET', type: '' })

  test('health, readiness and metrics', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok' })
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok' })
    const { text } = await get('/metrics')
    expect(text).toMatch(/requests_total\{operation="CREATE",decision="deny",dry_run="false"\} \d+/)
    expect(text).toContain('underpin_admission_duration_seconds_bucket')
    expect(text).toMatch(/underpin_certificate_not_after_timestamp_seconds 1\d{9}/)
    expect((await get('/other')).status).toBe(404)
  })

  test('a client that trusts another authority is refused', async () => {
    const other = await startCalled()
    const { port } = new URL(called.webhook.url)
    const refused = new Promise((resolve) => {
      const ca = other.webhook.caBundle
      const socket = connect({ host: '127.0.0.1', port: Number(port), ca })
      socket.on('error', (error: Error) => resolve(error.message))
    })
    expect(await refused).toMatch(/certificate|self.signed/)
    await other.stop()
  })

  test('ready means: certificate valid, and everything known', async () => {
    let missing: string | null = 'namespaces'
    let now = new Date()
    const starting = await startCalled({
      knowledge: { ...shop(), ready: () => missing },
      now: () => now,
      onFailure: 'deny',
    })
    const ca = starting.webhook.caBundle
    const ready = () => starting.send(null, { path: '/readyz', method: 'GET', ca })
    expect(await ready()).toMatchObject({ status: 503, text: 'namespaces' })
    const { response } = await starting.ask(bare)
    expect(response).toMatchObject({ allowed: false, status: { code: 500 } })
    expect(response.status?.message).toContain('not known yet: namespaces')
    // What nobody need judge is answered all the same.
    expect((await starting.ask(reviewOf({ operation: 'DELETE' }))).response.allowed).toBe(true)
    missing = null
    expect(await ready()).toMatchObject({ status: 200 })
    now = new Date(now.getTime() + 6 * 365 * 24 * 60 * 60 * 1000)
    expect(await ready()).toMatchObject({ status: 503, text: 'no valid certificate' })
    await starting.stop()
  })

  test('policies that change are in force for the next review', async () => {
    let mode: 'audit' | 'deny' = 'audit'
    const knowledge = {
      ready: () => null,
      current: () => shop({ policies: policiesOf(coveragePolicy(mode)) }).current(),
    }
    const changing = await startCalled({ knowledge })
    expect((await changing.ask(bare)).response.allowed).toBe(true)
    mode = 'deny'
    expect((await changing.ask(bare)).response.allowed).toBe(false)
    await changing.stop()
  })

  test('stopping: not ready, answers what is under way, then closes', async () => {
    const going = await startCalled({ drainMs: 500 })
    const slow = await going.open()
    const body = JSON.stringify(bare)
    slow.write(
      `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 100)}`,
    )
    const agent = new Agent({ keepAlive: true })
    await going.ask(bare, { agent })
    const stopped = going.webhook.stop()
    expect((await going.send(null, { path: '/readyz', method: 'GET' })).status).toBe(503)
    const { status, socket } = await going.send(body, { agent })
    expect(status).toBe(200)
    const text = new Promise<string>((resolve) =>
      slow.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    )
    setTimeout(() => slow.write(body.slice(100)), 800)
    expect(await text).toMatch(/^HTTP\/1\.1 200[^]*connection: close/)
    await stopped
    expect(socket.destroyed).toBe(true)
    await expect(going.send(null, { path: '/healthz', method: 'GET' })).rejects.toThrow()
    await going.stop()
    agent.destroy()
  })

  test('a port that is taken is told with its remedy', async () => {
    const { port } = new URL(called.webhook.url)
    await expect(startCalled({ port: Number(port) })).rejects.toMatchObject({
      code: 'listen-failed',
      message: expect.stringContaining(`open webhook server "127.0.0.1:${port}"`) as string,
    })
  })
})
