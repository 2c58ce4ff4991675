// SPDX-License-Identifier: Apache-2.0
// Our webhook behind a real API server: every request that can bring in a workload, or change one, reaches it, and its
// denials, warnings and audit annotations arrive where people look for them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { policiesOf, startCalled, type Called } from '../../webhook/src/calling.ts'
import { injectorsOf } from '../../webhook/src/injectors.ts'
import { fixedKnowledge } from '../../webhook/src/knowledge-source.ts'
import { namespaceOf } from '../../webhook/src/namespace.ts'
import {
  coveragePolicy,
  deploymentOf,
  istioConfiguration,
  istioInit,
  istioPod,
  istioProxy,
  istioStatus,
  namespaceObject,
  podOf,
  type Manifest,
} from '../../webhook/src/specimens.ts'
import type { Reply } from './api.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { startRecorder, type Recorder } from './recorder.ts'

/** What each namespace asks for, and what the policy does about it. */
const places = { shop: 'deny', soft: 'warn', quiet: 'audit' } as const
type Place = keyof typeof places

const enabled = { 'istio-injection': 'enabled' }
const configuration = istioConfiguration('default', ['namespace', 'object'])
const registry = '/apis/admissionregistration.k8s.io/v1'

let cluster: Cluster
let called: Called
let injector: Recorder

beforeAll(async () => {
  const flags = [
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
    '--audit-log-path=audit.log',
  ]
  cluster = await startCluster(flags)
  injector = await startRecorder(({ object }) => sidecar(object as Manifest))
  called = await startCalled({ knowledge: knowledge() })
  for (const name of Object.keys(places)) {
    await created('/api/v1/namespaces', namespaceObject(name, { labels: enabled }))
  }
  await created(`${registry}/validatingwebhookconfigurations`, ourselves(called))
  // Until our own answer is seen, the API server does not know of us yet.
  for (;;) {
    const { status } = await cluster.ask('POST', `${at('shop', 'pods')}?dryRun=All`, podOf())
    if (status === 403) break
    await sleep(20)
  }
})

afterAll(async () => {
  await cluster.stop()
  await called.stop()
  await injector.stop()
})

function knowledge() {
  const namespaces = Object.keys(places).map((name) => namespaceObject(name, { labels: enabled }))
  const classes = Object.entries(places).map(([name, mode]) => ({
    name,
    select: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': name } } },
    mode,
  }))
  return fixedKnowledge({
    policies: policiesOf(coveragePolicy('deny', { namespaces: classes })),
    namespaces: new Map(namespaces.map((one) => [namespaceOf(one).name, namespaceOf(one)])),
    injectors: injectorsOf(configuration),
  })
}

/** What the injector adds. */
function sidecar(pod: Manifest): object[] {
  const spec = pod['spec'] as { initContainers?: unknown[] }
  const status = istioStatus['sidecar.istio.io/status']
  return [
    { op: 'add', path: '/spec/containers/-', value: istioProxy },
    { op: 'add', path: '/spec/initContainers', value: [...(spec.initContainers ?? []), istioInit] },
    { op: 'add', path: '/metadata/annotations', value: { 'sidecar.istio.io/status': status } },
  ]
}

function ourselves({ webhook }: Called): Manifest {
  const rule = (apiGroups: string[], resources: string[], operations: string[]) => ({
    ...{ apiGroups, resources, operations },
    apiVersions: ['*'],
  })
  return {
    metadata: { name: 'underpin' },
    webhooks: [
      {
        name: 'coverage.underpin.dev',
        clientConfig: {
          url: `${webhook.url}/validate`,
          caBundle: Buffer.from(webhook.caBundle).toString('base64'),
        },
        rules: [
          rule(['', 'apps', 'batch'], ['*/*'], ['CREATE', 'UPDATE', 'DELETE']),
          rule([''], ['pods/*', 'nodes/proxy'], ['CONNECT']),
        ],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  }
}

const at = (place: Place, resource: string) =>
  `${resource === 'pods' ? '/api/v1' : '/apis/apps/v1'}/namespaces/${place}/${resource}`

async function created(path: string, object: Manifest): Promise<Reply> {
  const reply = await cluster.ask('POST', path, object)
  if (reply.status !== 201)
    throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  return reply
}

const inPlace = (place: Place, object: Manifest): Manifest => ({
  ...object,
  metadata: { ...(object['metadata'] as object), namespace: place },
})

/** What we logged about the last request for this object. */
function lastLine(name: string): Record<string, unknown> | undefined {
  const lines = called.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return lines.findLast((line) => line['name'] === name && line['message'] === 'review answered')
}

/** The audit event of a request, which is written a moment after its answer. */
async function audited(verb: string, name: string): Promise<Record<string, string>> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const events = readFileSync(join(cluster.folder, 'audit.log'), 'utf8').trim().split('\n')
    for (const event of events.reverse()) {
      const {
        verb: of,
        objectRef,
        annotations,
      } = JSON.parse(event) as {
        verb: string
        objectRef?: { name?: string }
        annotations?: Record<string, string>
      }
      if (of === verb && objectRef?.name === name) return annotations ?? {}
    }
    await sleep(20)
  }
  throw new Error(`no audit event "${verb}" of ${name}`)
}

describe('pods', () => {
  test('a bare one is denied: what, why and the remedy arrive with the denial', async () => {
    const { status, body } = await cluster.ask('POST', at('shop', 'pods'), podOf({ name: 'bare' }))
    expect(status).toBe(403)
    expect(body['reason']).toBe('Forbidden')
    expect(body['message']).toMatch(
      /^admission webhook "coverage.underpin.dev" denied the request: /,
    )
    expect(body['message']).toMatch(/not covered by istio: .+ \[[\w-]+\] in Pod\/shop\/bare; .+/)
    const annotations = await audited('create', 'bare')
    expect(annotations['coverage.underpin.dev/decision']).toBe('deny')
    expect(annotations['coverage.underpin.dev/mesh']).toBe('istio')
  })

  test('a dry run is answered the same, and counted apart', async () => {
    const path = `${at('shop', 'pods')}?dryRun=All`
    expect((await cluster.ask('POST', path, podOf({ name: 'tried' }))).status).toBe(403)
    expect(lastLine('tried')).toMatchObject({ dryRun: true, decision: 'deny' })
  })

  test('where it is a warning, the pod comes in and kubectl has a line to show', async () => {
    const pod = inPlace('soft', podOf({ name: 'bare' }))
    const { warnings } = await created(at('soft', 'pods'), pod)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^Pod\/soft\/bare is not covered by istio: /)
    expect(Buffer.byteLength(warnings[0] ?? '')).toBeLessThanOrEqual(256)
  })

  test('where it is audited only, nobody is told but the log', async () => {
    const { warnings } = await created(
      at('quiet', 'pods'),
      inPlace('quiet', podOf({ name: 'unseen' })),
    )
    expect(warnings).toEqual([])
    expect((await audited('create', 'unseen'))['coverage.underpin.dev/decision']).toBe('would-deny')
  })

  test('a covered one passes without a word', async () => {
    expect((await created(at('shop', 'pods'), istioPod({ name: 'covered' }))).warnings).toEqual([])
    expect(lastLine('covered')).toMatchObject({ operation: 'CREATE', decision: 'allow' })
  })

  test('generateName: the denial names what is known', async () => {
    const pod = podOf()
    pod['metadata'] = { generateName: 'many-' }
    const { status, body } = await cluster.ask('POST', at('shop', 'pods'), pod)
    expect(status).toBe(403)
    expect(body['message']).toContain('many-')
  })
})

describe('a pod that runs', () => {
  const pod = () => `${at('shop', 'pods')}/covered`

  test('debug containers are judged with their pod', async () => {
    const debug = {
      name: 'debug',
      image: 'busybox',
      securityContext: { runAsUser: 1337, capabilities: { add: ['NET_ADMIN'] } },
    }
    const patch = { spec: { ephemeralContainers: [debug] } }
    await cluster.ask('PATCH', `${pod()}/ephemeralcontainers`, patch)
    expect(lastLine('covered')).toMatchObject({ subresource: 'ephemeralcontainers' })
    expect(lastLine('covered')?.['rules']).not.toEqual([])
  })

  test.each(['exec', 'attach'])(
    '%s into the sidecar is denied, into the app it is not',
    async (how) => {
      const into = (container: string) =>
        cluster.ask('POST', `${pod()}/${how}?container=${container}&command=id&stdout=true`)
      const { status, body } = await into('istio-proxy')
      expect(status).toBe(403)
      expect(body['message']).toContain('exec-into-proxy')
      // No node runs it, so it ends otherwise, and not with us.
      expect((await into('app')).body['message'] ?? '').not.toContain('underpin')
      expect(lastLine('covered')).toMatchObject({ operation: 'CONNECT', decision: 'allow' })
    },
  )

  test('a forwarded port is noted', async () => {
    await cluster.ask('POST', `${pod()}/portforward?ports=8080`)
    expect(lastLine('covered')).toMatchObject({ rules: ['loopback-ingress'] })
  })

  test('labels that the injector has read already: the change is told', async () => {
    const patch = { metadata: { labels: { 'sidecar.istio.io/inject': 'false' } } }
    const { status, warnings, body } = await cluster.ask('PATCH', pod(), patch)
    expect(lastLine('covered')?.['rules']).not.toEqual([])
    expect(warnings.length > 0 || status === 403).toBe(true)
    expect(JSON.stringify([warnings, body])).toContain('sidecar.istio.io/inject')
  })

  test('other labels are nobody’s business', async () => {
    const patch = { metadata: { labels: { release: 'r2' } } }
    const { status, warnings } = await cluster.ask('PATCH', pod(), patch)
    expect([status, warnings]).toEqual([200, []])
  })

  test('its status and its deletion are never held up', async () => {
    const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
    expect((await cluster.ask('PATCH', `${pod()}/status`, status)).status).toBe(200)
    expect(lastLine('covered')).toMatchObject({ ignored: 'subresource' })
    expect((await cluster.ask('DELETE', `${pod()}?gracePeriodSeconds=0`)).status).toBe(200)
    expect(lastLine('covered')).toMatchObject({ ignored: 'deletion' })
  })
})

describe('workloads', () => {
  test('one whose pods will be bare is warned about, even where pods are denied', async () => {
    const labels = { app: 'cart', 'sidecar.istio.io/inject': 'false' }
    const { warnings } = await created(
      at('shop', 'deployments'),
      selecting(deploymentOf({ labels })),
    )
    expect(warnings[0]).toMatch(/^Deployment\/shop\/cart is not covered by istio: /)
  })

  test('scaling it says nothing', async () => {
    const path = `${at('shop', 'deployments')}/cart/scale`
    const { status, warnings } = await cluster.ask('PATCH', path, { spec: { replicas: 3 } })
    expect([status, warnings]).toEqual([200, []])
    expect(lastLine('cart')).toMatchObject({ ignored: 'subresource' })
  })

  test('a namespace that stops asking for injection is warned about', async () => {
    const patch = { metadata: { labels: { 'istio-injection': null } } }
    const { status, warnings } = await cluster.ask('PATCH', '/api/v1/namespaces/soft', patch)
    expect(status).toBe(200)
    expect(warnings.join()).toContain('ns-label-drift')
  })
})

describe('behind a real injector', () => {
  const path = `${registry}/mutatingwebhookconfigurations`

  test('what it finished is verified, and when it is away the bare pod is denied', async () => {
    const { url, caBundle } = injector.client('/inject')
    const client = { clientConfig: { url, caBundle }, failurePolicy: 'Ignore', timeoutSeconds: 1 }
    const common = { sideEffects: 'None', admissionReviewVersions: ['v1'] }
    const webhooks = (configuration['webhooks'] as Manifest[]).map((one) => ({
      ...one,
      ...client,
      ...common,
    }))
    await created(path, { ...configuration, webhooks })
    const dry = `${at('shop', 'pods')}?dryRun=All`
    let status = 0
    for (let attempt = 0; attempt < 100 && status !== 201; attempt++) {
      status = (await cluster.ask('POST', dry, podOf({ name: 'injected' }))).status
      await sleep(20)
    }
    expect(status).toBe(201)
    expect((await created(at('shop', 'pods'), podOf({ name: 'injected' }))).warnings).toEqual([])
    await injector.stop()
    const reply = await cluster.ask('POST', at('shop', 'pods'), podOf({ name: 'late' }))
    expect(reply.status).toBe(403)
    expect(reply.body['message']).toContain('should have added its sidecar')
    // The one that asks for no injection never met the injector.
    const labels = { 'sidecar.istio.io/inject': 'false' }
    const out = await cluster.ask('POST', at('shop', 'pods'), podOf({ name: 'out', labels }))
    expect(out.body['message']).toContain('optout-label-istio')
  })
})

/** With the selector that the API server wants. */
function selecting(deployment: Manifest): Manifest {
  const spec = deployment['spec'] as Manifest
  return { ...deployment, spec: { ...spec, selector: { matchLabels: { app: 'cart' } } } }
}
