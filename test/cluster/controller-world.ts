// SPDX-License-Identifier: Apache-2.0
// A cluster for tests of the controller: our custom resources as the chart has them, nodes that say something without an
// agent, and workloads with pods that somebody seems to run.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stateOf } from '../../controller/src/specimens.ts'
import { parseDocuments, type NodeStateStatus } from '../../policies/src/index.ts'
import { istioConfiguration, type Manifest } from '../../webhook/src/specimens.ts'
import type { Ask } from './api.ts'

const chart = join(import.meta.dirname, '../../charts/underpin')

export async function must(ask: Ask, method: string, path: string, body?: unknown) {
  const { status, body: answer } = await ask(method, path, body)
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
  return answer as { metadata: { uid: string; [field: string]: unknown }; [field: string]: unknown }
}

export async function until<T>(what: string, ask: () => Promise<T | null | false>, ms = 60_000) {
  const end = Date.now() + ms
  for (;;) {
    const found = await ask()
    if (found !== null && found !== false) return found
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(100)
  }
}

export async function installCustomResources(ask: Ask): Promise<void> {
  const files = [
    ...readdirSync(join(chart, 'crds')).map((file) => join(chart, 'crds', file)),
    join(chart, 'templates/agent/nodestates.gen.yaml'),
  ]
  for (const file of files) {
    // A template may stand between lines of the chart's own language.
    const text = readFileSync(file, 'utf8').replace(/^.*\{\{.*\}\}.*$/gm, '')
    const [document] = parseDocuments(text)
    const found = document?.value as { metadata: { name: string } }
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await must(ask, 'POST', path, found)
    await until(`${found.metadata.name} served`, async () => {
      const { body } = await ask('GET', `${path}/${found.metadata.name}`)
      const { conditions } = (body['status'] ?? {}) as {
        conditions?: { type: string; status: string }[] | null
      }
      // Null until the API server has looked at it.
      return (conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      )
    })
  }
}

/** A mesh that is not there: whatever asks for it comes in bare. */
export async function installMesh(ask: Ask): Promise<void> {
  const { webhooks, ...rest } = istioConfiguration('default', ['namespace', 'object']) as {
    webhooks: Manifest[]
  }
  await must(ask, 'POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    ...rest,
    webhooks: webhooks.map((one) => ({
      ...one,
      clientConfig: { url: 'https://127.0.0.1:1/inject' },
      ...{ sideEffects: 'None', admissionReviewVersions: ['v1'], failurePolicy: 'Ignore' },
      timeoutSeconds: 1,
    })),
  })
}

export const namespaceOf = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
})

/** What a node says; the first time, or again. */
export async function say(ask: Ask, node: string, status: Partial<NodeStateStatus>): Promise<void> {
  const path = '/apis/underpin.dev/v1alpha1/nodestates'
  const nodes = await ask('GET', `/api/v1/nodes/${node}`)
  const made =
    nodes.status === 200
      ? nodes.body
      : await must(ask, 'POST', '/api/v1/nodes', { metadata: { name: node } })
  const { uid } = (made as { metadata: { uid: string } }).metadata
  const state = stateOf(node, status, uid)
  const { status: code } = await ask('GET', `${path}/${node}`)
  if (code === 404) {
    await must(ask, 'POST', path, { ...state, status: undefined })
  }
  await must(ask, 'PATCH', `${path}/${node}/status`, { status: state.status })
}

export type Made = { uid: string; pods: { namespace: string; name: string; uid: string }[] }

/** A Deployment with its ReplicaSet and pods, as the controllers of Kubernetes make them; they run on one node. */
export async function deploy(
  ask: Ask,
  { namespace, name, pods, node }: { namespace: string; name: string; pods: number; node: string },
  spec: Manifest = {},
): Promise<Made> {
  const labels = { app: name }
  const containers = [{ name: 'app', image: 'registry.example/shop/app:1' }]
  const template = { metadata: { labels }, spec: { containers, ...spec } }
  const body = { selector: { matchLabels: labels }, replicas: 0, template }
  const apps = `/apis/apps/v1/namespaces/${namespace}`
  const top = await must(ask, 'POST', `${apps}/deployments`, { metadata: { name }, spec: body })
  const owner = (kind: string, of: string, { metadata }: { metadata: { uid: string } }) => [
    { apiVersion: 'apps/v1', kind, name: of, uid: metadata.uid, controller: true },
  ]
  const set = await must(ask, 'POST', `${apps}/replicasets`, {
    metadata: { name: `${name}-1`, labels, ownerReferences: owner('Deployment', name, top) },
    spec: body,
  })
  const made: Made = { uid: top.metadata.uid, pods: [] }
  for (let at = 0; at < pods; at++) {
    const podName = `${name}-1-${at}`
    const path = `/api/v1/namespaces/${namespace}/pods`
    const pod = await must(ask, 'POST', path, {
      metadata: { name: podName, labels, ownerReferences: owner('ReplicaSet', `${name}-1`, set) },
      spec: { ...template.spec, nodeName: node },
    })
    const running = { startedAt: '2026-11-21T10:00:00Z' }
    await must(ask, 'PATCH', `${path}/${podName}/status`, {
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            ...{ name: 'app', ready: true, restartCount: 0, image: 'x', imageID: 'x' },
            state: { running },
          },
        ],
      },
    })
    made.pods.push({ namespace, name: podName, uid: pod.metadata.uid })
  }
  return made
}
