// SPDX-License-Identifier: Apache-2.0
// underpin scan --cluster against a real API server: discovery, pages, rights, and what a person sees.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openCluster } from '../../runtime/src/index.ts'
import {
  explainCluster,
  parseTarget,
  scanCluster,
  type ScanResult,
} from '../../webhook/src/index.ts'
import {
  deploymentOf,
  istioConfiguration,
  podOf,
  type Manifest,
} from '../../webhook/src/specimens.ts'
import { startCluster, type Cluster } from './cluster.ts'

const today = '2026-11-21'
const pods = 23

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  const make = async (path: string, body: unknown) => {
    const { status, body: answer } = await cluster.ask('POST', path, body)
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`)
  }
  await make('/api/v1/namespaces', {
    metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } },
  })
  const { webhooks, ...configuration } = istioConfiguration('default', ['namespace', 'object']) as {
    webhooks: Manifest[]
  }
  const client = { clientConfig: { url: 'https://127.0.0.1:1/inject' }, sideEffects: 'None' }
  await make('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    ...configuration,
    webhooks: webhooks.map((one) => ({
      ...one,
      ...client,
      admissionReviewVersions: ['v1'],
      // It is not there: pods come in bare.
      failurePolicy: 'Ignore',
    })),
  })
  const complete = (made: Manifest, name: string): Manifest => {
    const { spec } = made as { spec: { template: { metadata: object } } }
    const labels = { app: name }
    const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } }
    const metadata = { name, namespace: 'shop' }
    return { ...made, metadata, spec: { selector: { matchLabels: labels }, template } }
  }
  const apps = '/apis/apps/v1/namespaces/shop'
  await make(`${apps}/deployments`, complete(deploymentOf(), 'cart'))
  await make(`${apps}/deployments`, complete(deploymentOf({ spec: { hostNetwork: true } }), 'node'))
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'cart',
    uid: 'u',
    controller: true,
  }
  for (let i = 0; i < pods; i++) {
    const metadata = { name: `cart-${i}`, ownerReferences: [owner] }
    await make('/api/v1/namespaces/shop/pods', { ...podOf(), metadata })
  }
  await make('/api/v1/namespaces/shop/pods', { ...podOf(), metadata: { name: 'lonely' } })
  const rule = {
    apiGroups: ['', 'apps'],
    resources: ['pods', 'deployments'],
    verbs: ['list', 'get'],
  }
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrole'
  await make(`${rbac}s`, { metadata: { name: 'some' }, rules: [rule] })
  await make(`${rbac}bindings`, {
    metadata: { name: 'some' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'some' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  })
})
afterAll(() => cluster.stop())

const rows = ({ subjects }: ScanResult) =>
  subjects.map(({ object, verdict, reason, basis, pods: all }) => [
    object,
    verdict,
    reason,
    basis,
    all?.count,
  ])

const expected = [
  ['Deployment/shop/cart', 'covered', null, 'predicted', undefined],
  ['Deployment/shop/node', 'not-injected', 'host-network', 'predicted', undefined],
  ['Deployment/shop/cart', 'not-injected', 'failure-policy-ignore', 'verified', pods],
  ['Pod/shop/lonely', 'not-injected', 'failure-policy-ignore', 'verified', undefined],
]

it('judges what is there, page by page', async () => {
  const opened = await openCluster({ kubeconfig: cluster.kubeconfig })
  const result = await scanCluster({ today, cluster: opened, pages: { limit: 5 } })
  expect(result.unread).toEqual([])
  expect(rows(result)).toEqual(expected)
  expect(result.subjects.every(({ assumed }) => assumed.length === 0)).toBe(true)
})

it('says by name what may not be read, and judges the rest', async () => {
  const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as {
    users: { user: object }[]
  }
  const jane = {
    ...config,
    users: config.users.map((one) => ({ ...one, user: { ...one.user, as: 'jane' } })),
  }
  const kubeconfig = join(cluster.folder, 'jane')
  writeFileSync(kubeconfig, JSON.stringify(jane))
  const result = await scanCluster({
    today,
    cluster: await openCluster({ kubeconfig }),
    meshes: ['istio'],
  })
  const said = result.unread.map(({ message }) => message).join('\n')
  for (const what of [
    'namespaces',
    'nodes',
    'configmaps',
    'mutatingwebhookconfigurations',
    'cronjobs.batch',
  ])
    expect(said).toMatch(new RegExp(`^${what}[^:]*: not read, status 403`, 'm'))
  expect(said).not.toMatch(/^(pods|deployments)/m)
  expect(rows(result).map(([object]) => object)).toEqual(expected.map(([object]) => object))
})

it('explains one object of the cluster', async () => {
  const opened = await openCluster({ kubeconfig: cluster.kubeconfig })
  const target = parseTarget('deploy/shop/node')
  if (target === null) throw new Error('not a target')
  const { subjects } = await explainCluster({ today, cluster: opened, target, documents: [] })
  expect(subjects.map(({ object }) => object)).toEqual(['Deployment/shop/node'])
  expect(subjects[0]?.meshes[0]).toMatchObject({ mesh: 'istio', reason: 'host-network' })
  expect(subjects[0]?.namespace).toMatchObject({ known: true })
})

it('is the command that people start', () => {
  const program = join(import.meta.dirname, '../../cli/bin/underpin')
  const run = (...args: string[]) =>
    spawnSync(program, [...args, '--kubeconfig', cluster.kubeconfig], { encoding: 'utf8' })
  const scanned = run('scan', '--namespace', 'shop', '-o', 'json')
  expect(scanned.stderr).toBe('')
  expect(scanned.status).toBe(1)
  expect(rows(JSON.parse(scanned.stdout) as ScanResult)).toEqual(expected)
  expect(run('explain', 'po/lonely', '-n', 'shop').stdout).toContain('failure-policy-ignore')
  expect(run('scan', '--context', 'nowhere').status).toBe(2)
})
