// SPDX-License-Identifier: Apache-2.0
// A scan of a live cluster finds what a scan of the same objects from a file finds, with lists of several real pages;
// and who may read nothing, or reaches nobody, gets no clean bill.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  deploymentOf,
  istioConfiguration,
  istioPod,
  namespaceObject,
  podOf,
  type Manifest,
} from '../../webhook/src/specimens.ts'
import { startCluster, type Cluster } from './cluster.ts'

const main = new URL('../../cli/src/main.ts', import.meta.url).pathname
/** More than two pages of what a list answers at once. */
const many = 1_100

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
  const post = async (path: string, object: Manifest) => {
    const { status, body } = await cluster.ask('POST', path, object)
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  }
  const pods = '/api/v1/namespaces/shop/pods'
  const shop = namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } })
  await post('/api/v1/namespaces', shop)
  const labels = { 'sidecar.istio.io/inject': 'false', app: 'cart' }
  await post(pods, podOf({ name: 'bare' }))
  await post(pods, podOf({ name: 'out', labels }))
  const deployment = deploymentOf({ labels })
  const spec = { ...(deployment['spec'] as Manifest), selector: { matchLabels: { app: 'cart' } } }
  await post('/apis/apps/v1/namespaces/shop/deployments', { ...deployment, spec })
  const crowd = Array.from({ length: many }, (_, at) => `crowd-${at}`)
  const workers = Array.from({ length: 8 }, async () => {
    for (let name = crowd.pop(); name !== undefined; name = crowd.pop()) {
      await post(pods, istioPod({ name }))
    }
  })
  await Promise.all(workers)
  // Last: nobody answers it, and it must not keep the pods above out.
  const configuration = istioConfiguration('default', ['namespace', 'object'])
  const webhooks = (configuration['webhooks'] as Manifest[]).map((one) => ({
    ...one,
    clientConfig: { url: 'https://127.0.0.1:9/inject' },
    ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
  }))
  const registry = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
  await post(registry, { ...configuration, webhooks })
})

afterAll(() => cluster.stop())

type Report = {
  subjects: { object: string; mesh: string; verdict: string; reason: string | null }[]
  findings: { id: string; object: string; mesh: string }[]
}

function scan(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, 'scan', ...args])
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

async function reported(...args: string[]): Promise<Report> {
  const { code, out, err } = await scan(...args, '-o', 'json', '--all')
  expect({ code, err }).toEqual({ code: 1, err: '' })
  return JSON.parse(out) as Report
}

/** What a List of kubectl holds: its items say what they are. */
async function itemsOf(path: string): Promise<object[]> {
  const { body } = await cluster.ask('GET', path)
  const { kind, apiVersion, items } = body as { kind: string; apiVersion: string; items: object[] }
  return items.map((item) => ({ apiVersion, kind: kind.replace(/List$/, ''), ...item }))
}

test('live and from a file are the same', async () => {
  const items: object[] = []
  for (const path of [
    '/api/v1/namespaces',
    '/api/v1/namespaces/shop/pods',
    '/apis/apps/v1/namespaces/shop/deployments',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  ]) {
    items.push(...(await itemsOf(path)))
  }
  const file = join(cluster.folder, 'objects.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const short = ({ subjects, findings }: Report) => ({
    subjects: subjects
      .map((one) => `${one.object} ${one.mesh} ${one.verdict} ${one.reason}`)
      .sort(),
    findings: findings.map((one) => `${one.object} ${one.mesh} ${one.id}`).sort(),
  })
  const live = short(await reported('--kubeconfig', cluster.kubeconfig))
  expect(live).toEqual(short(await reported(file)))
  expect(live.subjects).toContain('Pod/shop/out istio not-injected optout-label-istio')
  expect(live.subjects).toContain('Deployment/shop/cart istio not-injected optout-label-istio')
  expect(live.subjects.filter((one) => one.startsWith('Pod/shop/crowd-'))).toHaveLength(many)
})

test('who may read nothing gets no clean bill', async () => {
  const { code, err, out } = await scan('--kubeconfig', cluster.powerless)
  expect(code).toBe(3)
  expect(err + out).toMatch(/pods: not read, status 403/)
})

test('a cluster that does not answer is told apart from a clean one', async () => {
  const gone = join(cluster.folder, 'kubeconfig-gone')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'gone',
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'gone' } }],
    users: [{ name: 'gone', user: { token: 'x' } }],
    clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:9' } }],
  }
  writeFileSync(gone, JSON.stringify(config))
  const { code, err } = await scan('--kubeconfig', gone)
  expect(code).toBe(3)
  expect(err).toContain('127.0.0.1:9')
})
