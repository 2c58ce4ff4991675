// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { openCluster } from '../../../runtime/src/index.ts'
import {
  istioConfiguration,
  istioPod,
  namespaceObject,
  podOf,
  type Manifest,
} from '../specimens.ts'
import { scanCluster, type ClusterScanOptions } from './scan-cluster.ts'
import {
  specimenCluster,
  type Behaviour,
  type Contents,
  type SpecimenCluster,
} from './specimen-cluster.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'underpin-live-'))
const open: SpecimenCluster[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  rmSync(join(folder, 'config'), { force: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const template = {
  metadata: { labels: {} },
  spec: { containers: [{ name: 'app', image: 'shop/cart' }] },
}
const owned = (kind: string, name: string) => ({
  ownerReferences: [{ kind, name, controller: true }],
})
const withMetadata = (object: Manifest, more: object): Manifest => ({
  ...object,
  metadata: { ...(object.metadata as object), ...more },
})
const pod = (made: Manifest, name: string, more: object = {}): Manifest =>
  withMetadata(made, { name, uid: `uid-${name}`, ...more })

/** A Deployment with its ReplicaSet and `pods` pods, of which the last came out bare. */
function shop(pods: number): Contents {
  const ofSet = owned('ReplicaSet', 'cart-5d9')
  const some = Array.from({ length: pods }, (_, i) =>
    pod(i === pods - 1 ? podOf() : istioPod(), `cart-5d9-${i}`, ofSet),
  )
  return {
    namespaces: {
      kind: 'Namespace',
      cluster: true,
      items: [namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } })],
    },
    pods: { kind: 'Pod', items: [...some, pod(podOf(), 'lonely')] },
    configmaps: { kind: 'ConfigMap', items: [] },
    nodes: { kind: 'Node', cluster: true, items: [] },
    'mutatingwebhookconfigurations.admissionregistration.k8s.io': {
      kind: 'MutatingWebhookConfiguration',
      cluster: true,
      items: [istioConfiguration('default', ['namespace', 'object'])],
    },
    'deployments.apps': {
      kind: 'Deployment',
      items: [{ metadata: { name: 'cart', namespace: 'shop', uid: 'd' }, spec: { template } }],
    },
    'replicasets.apps': {
      kind: 'ReplicaSet',
      items: [
        {
          metadata: {
            name: 'cart-5d9',
            namespace: 'shop',
            uid: 'r',
            ...owned('Deployment', 'cart'),
          },
          spec: { template },
        },
      ],
    },
  }
}

async function scanned(
  contents: Contents,
  behaviour: Behaviour = {},
  more: Partial<ClusterScanOptions> = {},
) {
  const server = await specimenCluster(contents, behaviour)
  open.push(server)
  const kubeconfig = join(folder, 'config')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
      clusters: [{ name: 'c', cluster: { server: server.url } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    }),
  )
  const cluster = await openCluster({ kubeconfig })
  const result = await scanCluster({ today: '2026-11-21', cluster, ...more })
  return { result, server }
}

test('workloads are predicted, and their pods verified as one row each kind', async () => {
  const { result } = await scanned(shop(7))
  expect(result.unread).toEqual([])
  expect(
    result.subjects.map(({ object, verdict, basis, pods }) => [
      object,
      verdict,
      basis,
      pods?.count,
    ]),
  ).toEqual([
    ['Deployment/shop/cart', 'covered', 'predicted', undefined],
    ['Deployment/shop/cart', 'covered', 'verified', 6],
    ['Deployment/shop/cart', 'not-injected', 'verified', 1],
    ['Pod/shop/lonely', 'not-injected', 'verified', undefined],
  ])
  expect(result.subjects[1]?.pods?.names).toHaveLength(5)
  expect(result.summary.workloads).toBe(2)
  expect(result.findings.map(({ object, pods }) => [object, pods])).toContainEqual([
    'Deployment/shop/cart',
    1,
  ])
})

test('pages are small, and all of them are read', async () => {
  const { result, server } = await scanned(shop(25), {}, { pages: { limit: 10 } })
  expect(server.largestPage).toBe(10)
  expect(result.subjects.find(({ basis }) => basis === 'verified')?.pods?.count).toBe(24)
  expect(server.asked.filter((path) => path.startsWith('/api/v1/pods')).length).toBe(3)
})

test.each([
  ['goes on with newer objects', true],
  ['is begun again, and nothing counts twice', false],
])('a list that has become too old %s', async (_, goesOn) => {
  const expires = { resource: 'pods', page: 1, goesOn }
  const { result } = await scanned(shop(25), { expires }, { pages: { limit: 10 } })
  expect(result.unread).toEqual([])
  expect(result.subjects.find(({ basis }) => basis === 'verified')?.pods?.count).toBe(24)
})

test('a busy server is asked again', async () => {
  const { result } = await scanned(shop(2), { busy: { resource: 'pods', times: 3 } })
  expect(result.unread).toEqual([])
  expect(result.subjects).toHaveLength(4)
})

test('what may not be read is said by name, and the rest is judged', async () => {
  const forbidden = ['configmaps', 'replicasets.apps']
  const { result } = await scanned(shop(3), { forbidden })
  expect(result.unread.map(({ message }) => message)).toEqual([
    'configmaps: not read, status 403: configmaps is forbidden',
    'replicasets.apps: not read, status 403: replicasets.apps is forbidden',
  ])
  expect(result.summary.unread).toBe(2)
  expect(result.subjects.length).toBeGreaterThan(2)
})

test('only one namespace: its objects are asked for, and what is around them', async () => {
  const { result, server } = await scanned(shop(2), {}, { namespace: 'shop' })
  expect(result.subjects).toHaveLength(4)
  expect(server.asked).toContain('/api/v1/namespaces/shop/pods?limit=500')
  expect(server.asked).not.toContain('/api/v1/pods?limit=500')
})

test('finished pods and pods of another namespace are nobody', async () => {
  const over = { ...pod(podOf(), 'over'), status: { phase: 'Succeeded' } }
  const contents = { ...shop(1), pods: { kind: 'Pod', items: [over] } }
  const { result } = await scanned(contents)
  expect(result.subjects.map(({ object }) => object)).toEqual(['Deployment/shop/cart'])
})

test('a kind of the user’s own', async () => {
  const items = [{ metadata: { name: 'w', namespace: 'shop', uid: 'w' }, spec: { pod: template } }]
  const contents = { ...shop(1), 'widgets.example.com': { kind: 'Widget', items } }
  const templates = new Map([['Widget.example.com', ['spec.pod']]])
  const { result } = await scanned(contents, {}, { templates })
  expect(result.subjects.map(({ object }) => object)).toContain('Widget/shop/w')
})

test('memory does not grow with the pods', async () => {
  const one = JSON.stringify({ ...istioPod(), padding: 'x'.repeat(20_000) })
  const items = Array.from({ length: 3000 }, (_, i) =>
    pod(JSON.parse(one) as Manifest, `cart-5d9-${i}`, owned('ReplicaSet', 'cart-5d9')),
  )
  let most = 0
  const progress = () => (most = Math.max(most, process.memoryUsage().heapUsed))
  const before = process.memoryUsage().heapUsed
  const { result } = await scanned(
    { ...shop(1), pods: { kind: 'Pod', items } },
    {},
    { progress, pages: { limit: 100 } },
  )
  expect(result.subjects.find(({ basis }) => basis === 'verified')?.pods?.count).toBe(3000)
  expect(most - before).toBeLessThan(150 * 1024 * 1024)
})

test.each([
  ['no such file', { kubeconfig: '/nowhere/config' }, 'read kubeconfig'],
  ['no such context', { context: 'elsewhere' }, 'elsewhere'],
])('a kubeconfig that cannot be used is named: %s', async (_, options, words) => {
  const kubeconfig = join(folder, 'config')
  writeFileSync(kubeconfig, JSON.stringify({ clusters: [], users: [], contexts: [] }))
  await expect(openCluster({ kubeconfig, ...options })).rejects.toThrow(words)
})

test('a cluster that does not answer', async () => {
  const kubeconfig = join(folder, 'config')
  const config = {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  const cluster = await openCluster({ kubeconfig })
  await expect(scanCluster({ today: '2026-11-21', cluster })).rejects.toThrow('ECONNREFUSED')
})
