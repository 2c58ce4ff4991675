// SPDX-License-Identifier: Apache-2.0
// The webhook as the chart runs it, in a real cluster: what it knows comes from watches, so that the next request is
// judged by what was changed a moment ago; and when the API server is away it goes on with what it knew.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  coveragePolicy,
  istioConfiguration,
  istioPod,
  podOf,
  type Manifest,
} from '../../webhook/src/specimens.ts'
import type { Reply } from './api.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { post } from './direct.ts'
import {
  configurationOf,
  configurationPath,
  installed,
  made,
  own,
  policiesPath,
  registry,
  startReplica,
  startService,
  untilReady,
  type Replica,
  type Service,
} from './replicas.ts'

const enabled = { 'istio-injection': 'enabled' }
const injectors = `${registry}/mutatingwebhookconfigurations`
const pods = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`

let cluster: Cluster
let service: Service
let replica: Replica

beforeAll(async () => {
  cluster = await startCluster()
  await installed(cluster.ask)
  for (const name of ['shop', 'soft', 'quiet', 'plain'])
    await made(cluster.ask, '/api/v1/namespaces', { metadata: { name, labels: enabled } })
  await made(cluster.ask, policiesPath, policy())
  service = await startService()
  await made(
    cluster.ask,
    `${registry}/validatingwebhookconfigurations`,
    configurationOf(service.url, 'Fail'),
  )
  replica = await startReplica(cluster)
  service.add(replica.port)
  await untilReady(replica)
  await sleep(500)
})

afterAll(async () => {
  await replica.end('SIGKILL')
  await service.close()
  await cluster.stop()
})

const named = (name: string) => ({
  namespaces: { matchLabels: { 'kubernetes.io/metadata.name': name } },
})
function policy(more: Manifest[] = []): Manifest {
  const classes = {
    shop: 'deny',
    soft: 'warn',
    quiet: 'audit',
    'kube-system': 'deny',
    [own]: 'deny',
  }
  return coveragePolicy('deny', {
    namespaces: [
      ...Object.entries(classes).map(([name, mode]) => ({ name, select: named(name), mode })),
      { name: 'guarded', select: { namespaces: { matchLabels: { tier: 'prod' } } }, mode: 'deny' },
      ...more,
    ],
  })
}

const tried = (namespace: string, pod: Manifest): Promise<Reply> =>
  cluster.ask('POST', `${pods(namespace)}?dryRun=All`, {
    ...pod,
    metadata: { ...(pod['metadata'] as object), namespace },
  })

/** Until a request is answered so; how long that took, in milliseconds. */
async function until(holds: () => Promise<boolean>, limitMs = 10_000): Promise<number> {
  const begun = Date.now()
  while (!(await holds())) {
    if (Date.now() - begun > limitMs) throw new Error(`not so after ${limitMs} ms`)
    await sleep(20)
  }
  return Date.now() - begun
}
const merged = (path: string, body: object) => cluster.ask('PATCH', path, body)

describe('every mode', () => {
  test('deny: what, why and the remedy', async () => {
    const { status, body } = await tried('shop', podOf())
    expect(status).toBe(403)
    expect(body['reason']).toBe('Forbidden')
    expect(body['message']).toMatch(/denied the request: .*not covered by istio: .+ \[[\w-]+\]/)
  })
  test('warn: the pod comes in, and the client is told', async () => {
    const { status, warnings } = await tried('soft', podOf())
    expect([status, warnings.length]).toEqual([201, 1])
  })
  test('audit: nobody is told', async () => {
    expect(await tried('quiet', podOf())).toMatchObject({ status: 201, warnings: [] })
  })
  test('a covered pod, and a namespace that nobody asks anything of', async () => {
    expect(await tried('shop', istioPod())).toMatchObject({ status: 201, warnings: [] })
    expect(await tried('plain', podOf())).toMatchObject({ status: 201 })
  })
  test('kube-system and the own namespace are never denied, whatever policies say', async () => {
    expect((await tried('kube-system', podOf())).status).toBe(201)
    expect((await tried(own, podOf())).status).toBe(201)
    // Nor by us, should somebody have the API server ask.
    const everywhere = configurationOf(service.url, 'Fail')['webhooks'] as Manifest[]
    const name = 'everywhere.underpin.dev'
    const { body } = await cluster.ask('GET', configurationPath)
    const known = body as { webhooks: { clientConfig: Manifest }[] }
    const entry = { ...everywhere[0], name, clientConfig: known.webhooks[0]?.clientConfig }
    await made(cluster.ask, `${registry}/validatingwebhookconfigurations`, {
      metadata: { name: 'everywhere' },
      webhooks: [{ ...entry, namespaceSelector: {} }],
    })
    await until(async () => String((await tried('shop', podOf())).body['message']).includes(name))
    for (const namespace of ['kube-system', own])
      expect(await tried(namespace, podOf())).toMatchObject({ status: 201, warnings: [] })
    await cluster.ask('DELETE', `${registry}/validatingwebhookconfigurations/everywhere`)
  })
})

describe('what changes is in force for the next request', () => {
  test('a label of a namespace', async () => {
    expect((await tried('plain', podOf())).status).toBe(201)
    await merged('/api/v1/namespaces/plain', { metadata: { labels: { tier: 'prod' } } })
    const took = await until(async () => (await tried('plain', podOf())).status === 403)
    console.log(`namespace label in force after ${took} ms`)
    await merged('/api/v1/namespaces/plain', { metadata: { labels: { tier: null } } })
    await until(async () => (await tried('plain', podOf())).status === 201)
  })

  test('a namespace that was just made, and one that was made again with other labels', async () => {
    const name = 'fresh'
    const create = (labels: object) =>
      made(cluster.ask, '/api/v1/namespaces', { metadata: { name, labels } })
    await create({ ...enabled, tier: 'prod' })
    await until(async () => (await tried(name, podOf())).status === 403)
  })

  test('an injector: the reason is another one, in words', async () => {
    const reason = async () => String((await tried('shop', podOf())).body['message'])
    expect(await reason()).not.toContain('should have added its sidecar')
    const { url } = service
    const webhooks = (
      istioConfiguration('default', ['namespace', 'object'])['webhooks'] as Manifest[]
    ).map((one) => ({
      ...one,
      // Nobody is there, and so the pod comes bare.
      clientConfig: { url: `${url}/nothing` },
      ...{ failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'] },
    }))
    const configuration = istioConfiguration('default', [])
    await made(cluster.ask, injectors, { ...configuration, webhooks })
    const took = await until(async () => (await reason()).includes('should have added its sidecar'))
    console.log(`injector in force after ${took} ms`)
    const name = 'istio-sidecar-injector-default'
    await merged(`${injectors}/${name}`, {
      webhooks: webhooks.map((one) => ({
        ...one,
        namespaceSelector: { matchLabels: { other: 'yes' } },
      })),
    })
    await until(async () => !(await reason()).includes('should have added its sidecar'))
    await cluster.ask('DELETE', `${injectors}/${name}`)
  })

  test('a policy; one that became wrong stays as it was', async () => {
    const path = `${policiesPath}/mesh`
    const spec = policy()['spec'] as { namespaces: Manifest[] }
    const soft = spec.namespaces.map((one) =>
      one['name'] === 'shop' ? { ...one, mode: 'audit' } : one,
    )
    const { status, body } = await merged(path, { spec: { namespaces: soft } })
    expect([status, body['message']]).toEqual([200, undefined])
    await until(async () => (await tried('shop', podOf())).status === 201)
    const wrong = { name: 'wrong', expression: 'object.spec.nothing(', message: 'm' }
    const refused = await merged(path, { spec: { namespaces: spec.namespaces, checks: [wrong] } })
    if (refused.status === 200) {
      await until(async () => (await metric('underpin_policies_refused')) === 1)
      expect((await tried('shop', podOf())).status).toBe(201)
    }
    await merged(path, { spec: { ...spec, checks: null } })
    await until(async () => (await tried('shop', podOf())).status === 403)
    expect(await metric('underpin_policies_refused')).toBe(0)
  })
})

async function metric(name: string, labels = ''): Promise<number> {
  const { text } = await replica.get('/metrics')
  const line = text.split('\n').find((one) => one.startsWith(`${name}${labels} `))
  return Number(line?.split(' ').at(-1))
}

test('the API server is away: what was known stays, its age is told, and then it goes on', async () => {
  const age = '{resource="namespaces"}'
  expect(await metric('underpin_watch_age_seconds', age)).toBeLessThan(90)
  await cluster.server.stop('SIGKILL')
  await sleep(3000)
  expect(await metric('underpin_watch_age_seconds', age)).toBeGreaterThan(2.5)
  expect(await replica.get('/readyz')).toMatchObject({ status: 200 })
  // The API server itself is away, so we ask as it does.
  expect(await direct('shop')).toBe(false)
  expect(await direct('plain')).toBe(true)
  await cluster.server.start()
  await merged('/api/v1/namespaces/plain', { metadata: { labels: { tier: 'prod' } } })
  const took = await until(async () => !(await direct('plain')), 60_000)
  console.log(`after a restart of the API server: in force after ${took} ms`)
  expect(await metric('underpin_watch_failures_total', age)).toBeGreaterThan(0)
  expect(await metric('underpin_watch_age_seconds', age)).toBeLessThan(30)
})

/** Whether a bare pod is let in, asked of the webhook itself. */
function direct(namespace: string): Promise<boolean> {
  return post(replica.port, namespace, podOf())
}
