// SPDX-License-Identifier: Apache-2.0
// Nothing is lost while certificates are rotated and webhooks are replaced under load. bench/webhook.ts has more rounds.
import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../runtime/src/index.ts'
import { shop } from './calling.ts'
import { folderStore } from './certificates/folder-store.ts'
import { startLoad, type Endpoint } from './load-calling.ts'
import { startWebhook, type Webhook } from './serve.ts'
import { istioPod, reviewOf } from './specimens.ts'

let state: string
beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'underpin-rolling-'))
})
afterEach(() => {
  fs.rmSync(state, { recursive: true })
})
const body = JSON.stringify(reviewOf({ object: istioPod() }))
const bundle = () => fs.readFileSync(join(state, 'ca.pem'), 'utf8')

function start(
  more: { leafLifeMs?: number; authorityLifeMs?: number; settleMs?: number; drainMs?: number } = {},
) {
  return startWebhook({
    knowledge: shop(),
    host: '127.0.0.1',
    port: 0,
    dnsNames: ['127.0.0.1'],
    log: createLog({ level: 'silent' }),
    store: folderStore({
      folder: join(state, 'webhook'),
      bundle: join(state, 'ca.pem'),
      keepKeys: true,
    }),
    drainMs: 400,
    ...more,
  })
}

test('certificates and their authority are rotated under load, for clients with an older bundle', async () => {
  const webhook = await start({ leafLifeMs: 5000, authorityLifeMs: 20_000, settleMs: 2000 })
  // What clients trust reaches them a second late.
  let trusted = bundle()
  const late = setInterval(() => {
    const now = bundle()
    setTimeout(() => (trusted = now), 1000)
  }, 50)
  const endpoint: Endpoint = { url: webhook.url, ready: () => true }
  const load = startLoad({ endpoints: () => [endpoint], bundle: () => trusted, body, everyMs: 15 })
  const [serials, issuers] = [new Set<string>(), new Set<string>()]
  await expect
    .poll(
      async () => {
        const served = await certificateOf(webhook)
        serials.add(served.serialNumber)
        issuers.add(served.issuer)
        return serials.size >= 4 && issuers.size >= 2
      },
      { timeout: 45_000, interval: 200 },
    )
    .toBe(true)
  clearInterval(late)
  await load.stop()
  await webhook.stop()
  expect(load.lost).toEqual([])
  expect(load.answered).toBeGreaterThan(30)
}, 60_000)

test('webhooks are replaced one after the other under load', async () => {
  let running: { webhook: Webhook; endpoint: Endpoint }[] = []
  const add = async () => {
    const webhook = await start()
    let ready = true
    const endpoint: Endpoint = { url: webhook.url, ready: () => ready }
    running = [...running, { webhook, endpoint }]
    // What routes to it hears a moment later that it is going.
    return async () => {
      const stopped = webhook.stop()
      await sleep(150)
      ready = false
      await stopped
      running = running.filter((one) => one.webhook !== webhook)
    }
  }
  const stops = [await add(), await add()]
  const load = startLoad({
    endpoints: () => running.map(({ endpoint }) => endpoint),
    bundle,
    body,
    everyMs: 8,
  })
  for (let round = 0; round < 4; round++) {
    stops.push(await add())
    await stops.shift()?.()
  }
  await load.stop()
  for (const stop of stops) await stop()
  expect(load.lost).toEqual([])
  expect(load.answered).toBeGreaterThan(30)
}, 60_000)

function certificateOf(webhook: Webhook): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const at = { host: '127.0.0.1', port: Number(new URL(webhook.url).port), ca: bundle() }
    const socket = connect(at, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
