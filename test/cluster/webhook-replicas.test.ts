// SPDX-License-Identifier: Apache-2.0
// Several replicas of the webhook before a real API server: they share one authority without a race, keep the caBundle of
// their configuration, are replaced and given new certificates under load without losing a review, and come back by
// themselves when all of them were away.
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { coveragePolicy, podOf } from '../../webhook/src/specimens.ts'
import { startCluster, type Cluster } from './cluster.ts'
import {
  configurationOf,
  configurationPath,
  installed,
  made,
  own,
  policiesPath,
  registry,
  secretPath,
  startReplica,
  startShortLived,
  startService,
  trusted,
  untilReady,
  type Replica,
  type Service,
} from './replicas.ts'
import { startReviews } from './review-load.ts'

const pods = '/api/v1/namespaces/shop/pods'
const secrets = `/api/v1/namespaces/${own}/secrets`
const configurations = `${registry}/validatingwebhookconfigurations`

let cluster: Cluster
let service: Service
let running: Replica[]

beforeAll(async () => {
  cluster = await startCluster()
  await installed(cluster.ask)
  await made(cluster.ask, '/api/v1/namespaces', {
    metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } },
  })
  await made(cluster.ask, policiesPath, coveragePolicy('deny'))
  service = await startService()
  running = []
})

afterEach(async () => {
  for (const replica of running) service.remove(replica.port)
  await Promise.all(running.map((replica) => replica.end('SIGKILL')))
  running = []
  for (const path of [secretPath, configurationPath]) await cluster.ask('DELETE', path)
})

afterAll(async () => {
  await service.close()
  await cluster.stop()
})

const registered = (policy: 'Ignore' | 'Fail') =>
  made(cluster.ask, configurations, configurationOf(service.url, policy))
/** As the chart installs it. */
const emptySecret = () =>
  made(cluster.ask, secrets, { metadata: { name: 'underpin-webhook-certificate' }, type: 'Opaque' })

async function start(...more: string[]): Promise<Replica> {
  const replica = await startReplica(cluster, ...more)
  running.push(replica)
  service.add(replica.port)
  return replica
}

async function go(replica: Replica): Promise<void> {
  const ended = replica.end('SIGTERM')
  // What is gone is taken out by its readiness; the address goes when the process has gone.
  expect(await ended).toBe(0)
  service.remove(replica.port)
  running = running.filter((one) => one !== replica)
}

async function keys(): Promise<string[]> {
  const { body } = await cluster.ask('GET', secretPath)
  return Object.keys(body['data'] ?? {})
}

/** Until a bare pod is denied by us, as the API server sees it. */
async function untilDenied(limitMs = 30_000): Promise<number> {
  const begun = Date.now()
  for (;;) {
    const { status, body } = await cluster.ask('POST', `${pods}?dryRun=All`, podOf())
    if (status === 403 && String(body['message']).includes('denied the request')) break
    if (Date.now() - begun > limitMs) throw new Error(`${status}: ${JSON.stringify(body)}`)
    await sleep(50)
  }
  return Date.now() - begun
}

describe('two that start at the same moment', () => {
  test.each([
    ['with the empty Secret of the chart', true],
    ['without a Secret', false],
  ])('agree on one authority, %s', async (_how, isThere) => {
    if (isThere) await emptySecret()
    await registered('Ignore')
    const all = await Promise.all([start(), start(), start()])
    await untilReady(...all)
    expect(await keys()).toHaveLength(1)
    const [authority, ...others] = await trusted(cluster.ask)
    expect(others).toEqual([])
    const { publicKey } = new X509Certificate(authority ?? '')
    for (const { port } of all) expect((await certificateOf(port)).verify(publicKey)).toBe(true)
    await untilDenied()
    const { body } = await cluster.ask('GET', configurationPath)
    expect(JSON.stringify(body)).not.toContain('PRIVATE KEY')
  })
})

describe('under load', () => {
  test('replicas are replaced one after the other: no review is lost', async () => {
    await emptySecret()
    await registered('Ignore')
    await untilReady(await start(), await start())
    await untilDenied()
    const load = startReviews(cluster.ask, pods, podOf())
    for (let round = 0; round < 3 || load.answered + load.lost.length < 2000; round++) {
      // As the chart's strategy: a new one is ready before an old one goes.
      await untilReady(await start())
      await sleep(500)
      const [oldest] = running
      if (oldest !== undefined) await go(oldest)
    }
    await load.stop()
    console.log(`rolling restart: ${load.answered} answered, ${load.lost.length} lost`)
    expect(load.lost).toEqual([])
    expect(load.answered).toBeGreaterThanOrEqual(2000)
  })

  test('certificates and authorities end and are followed by others: no review is lost, none is made twice', async () => {
    await emptySecret()
    await registered('Ignore')
    const lives = { authority: 24, leaf: 12 }
    const all = await Promise.all(
      [1, 2, 3].map(() => startShortLived(cluster, lives.authority, lives.leaf)),
    )
    for (const replica of all) service.add(replica.port)
    running.push(...all)
    await untilReady(...all)
    await untilDenied()
    const load = startReviews(cluster.ask, pods, podOf(), 3)
    const authorities = new Map<string, X509Certificate>()
    const leaves = new Set<string>()
    const until = Date.now() + 27_000
    while (Date.now() < until) {
      for (const one of await trusted(cluster.ask)) authorities.set(one, new X509Certificate(one))
      for (const { port } of all) leaves.add((await certificateOf(port)).fingerprint256)
      await sleep(500)
    }
    await load.stop()
    console.log(
      `rotation: ${authorities.size} authorities, ${leaves.size} certificates, ${load.answered} answered, ${load.lost.length} lost`,
    )
    expect(load.lost).toEqual([])
    expect(load.answered).toBeGreaterThan(200)
    expect(authorities.size).toBeGreaterThanOrEqual(3)
    expect(leaves.size).toBeGreaterThanOrEqual(3 * all.length)
    // One replica makes the next authority, and the others take it: none begin at the same time.
    const begins = [...authorities.values()].map(({ validFrom }) => Date.parse(validFrom)).sort()
    const gaps = begins.slice(1).map((at, index) => at - (begins[index] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5000)
  })

  test('the Secret is deleted, then emptied, and the caBundle taken away: another authority, nothing lost', async () => {
    await emptySecret()
    await registered('Ignore')
    await untilReady(await start(), await start())
    await untilDenied()
    const before = await trusted(cluster.ask)
    const load = startReviews(cluster.ask, pods, podOf(), 2)
    await load.more(100)
    await cluster.ask('DELETE', secretPath)
    await expect.poll(() => trusted(cluster.ask), { timeout: 10_000 }).toHaveLength(2)
    // The one in use is trusted on, without its key, until every replica has a certificate of the next.
    expect(await trusted(cluster.ask)).toEqual(expect.arrayContaining(before))
    await cluster.ask('PATCH', secretPath, { data: null })
    await expect.poll(() => keys().then((all) => all.length), { timeout: 10_000 }).toBe(3)
    await load.more(200)
    await load.stop()
    expect(load.lost).toEqual([])
    // Whoever writes the configuration anew leaves the authority out, and for a moment nobody trusts us.
    await cluster.ask('DELETE', configurationPath)
    await registered('Ignore')
    await untilDenied(5000)
    expect(await trusted(cluster.ask)).toEqual(expect.arrayContaining(before))
  })
})

describe('all of them away', () => {
  test('under Fail, kube-system and the own namespace go on, and they come back by themselves', async () => {
    await emptySecret()
    await registered('Fail')
    await untilReady(await start(), await start())
    await untilDenied()
    for (const replica of running) service.remove(replica.port)
    await Promise.all(running.map((replica) => replica.end('SIGKILL')))
    running = []
    const tried = (namespace: string) =>
      cluster.ask('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, podInside(namespace))
    await expect.poll(async () => (await tried('shop')).status).toBe(500)
    expect(String((await tried('shop')).body['message'])).toContain('failed calling webhook')
    for (const namespace of ['kube-system', own]) expect((await tried(namespace)).status).toBe(201)
    const labels = { metadata: { labels: { changed: 'yes' } } }
    expect((await cluster.ask('PATCH', '/api/v1/namespaces/shop', labels)).status).toBe(200)
    // What restarts the cluster as well: API server and webhooks at once, none waiting for the other.
    await cluster.server.stop('SIGKILL')
    const late = [startReplica(cluster), startReplica(cluster)]
    const replicas = await Promise.all(late)
    running.push(...replicas)
    for (const { port } of replicas) service.add(port)
    expect((await replicas[0]?.get('/readyz'))?.status).toBe(503)
    expect((await replicas[0]?.get('/healthz'))?.status).toBe(200)
    await cluster.server.start()
    const begun = Date.now()
    await untilReady(...replicas)
    console.log(`ready ${Date.now() - begun} ms after the API server`)
    await untilDenied()
    expect(await trusted(cluster.ask)).toHaveLength(1)
  })
})

const podInside = (namespace: string) => ({ ...podOf(), metadata: { name: 'cart', namespace } })

function certificateOf(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
