// SPDX-License-Identifier: Apache-2.0
// The chart with a real helm against a real API server and its controllers: what it installs, who may do what, what an
// upgrade keeps, and that an uninstall leaves nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startCluster, type Cluster } from './cluster.ts'
import { startControllers } from './controllers.ts'
import { chart, helmFor, must, type Helm } from './helm.ts'
import { added, inventory } from './inventory.ts'

let cluster: Cluster
let helm: Helm
let stopControllers: (() => Promise<void>) | undefined
/** Before anything of ours. */
let before: Set<string>

const release = ['underpin', chart, '-n', 'underpin'] as const
const crds = ['runtimepolicies', 'clusterruntimepolicies', 'coveragepolicies'].map(
  (plural) => `CustomResourceDefinition ${plural}.underpin.dev`,
)
const reportCrds = ['clusterreports', 'reports'].map(
  (plural) => `CustomResourceDefinition ${plural}.openreports.io`,
)

beforeAll(async () => {
  cluster = await startCluster()
  stopControllers = await startControllers(cluster)
  helm = helmFor(cluster)
  await object('POST', '/api/v1/namespaces', { metadata: { name: 'underpin' } })
  await until(async () => (await cluster.ask('GET', account('default'))).status === 200)
  before = await inventory(cluster.ask)
})
afterAll(async () => {
  await stopControllers?.()
  await cluster.stop()
})

const account = (name: string) => `/api/v1/namespaces/underpin/serviceaccounts/${name}`

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error('it did not come to that')
}

async function object(method: string, path: string, body?: unknown) {
  const reply = await cluster.ask(method, path, body)
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(reply.body)}`)
  return reply.body as Record<string, never>
}

describe('values', () => {
  test.each([
    ['an unknown key', 'webhok.replicas=3', 'webhok'],
    ['an unknown key below', 'webhook.replica=3', 'replica'],
    ['another profile', 'profile=strict', 'profile'],
    ['another failure policy', 'webhook.failurePolicy=Sometimes', 'failurePolicy'],
    ['a deadline the API server does not take', 'webhook.timeoutSeconds=31', 'timeoutSeconds'],
    ['a text for a list', 'coverage.meshes=istio', 'meshes'],
    ['a pin that is none', 'agent.pinsFolder=/tmp/underpin', 'pinsFolder'],
    ['a digest that is none', 'image.digest=latest', 'digest'],
  ])('%s is refused', async (_, value, named) => {
    const { status, err } = await helm(
      'template',
      ...release,
      '--kube-version',
      '1.36.0',
      '--set',
      value,
    )
    expect([status, err]).toEqual([1, expect.stringContaining(named)])
  })

  test.each([
    [[]],
    [['profile=enforce', 'coverage.meshes={istio,linkerd}', 'webhook.failurePolicy=Fail']],
    [['webhook.certificate.by=cert-manager', 'webhook.replicas=1', 'webhook.hostNetwork=true']],
    [
      [
        'agent.privileged=true',
        'agent.flows=true',
        'agent.cutDenied=true',
        'agent.metricsAddress=127.0.0.1',
      ],
    ],
    [['webhook.enabled=false', 'controller.enabled=false', 'priorityQuota=true']],
    [['crds.keep=false', 'controller.reports=policyreport', 'fullnameOverride=guard']],
    [
      [
        'monitoring.alerts.enabled=true',
        'monitoring.dashboard.enabled=true',
        'monitoring.podMonitor.enabled=true',
      ],
    ],
  ])('the API server takes what %j renders', async (values) => {
    const set = values.flatMap((value) => ['--set', value])
    const rendered = await must(helm('template', ...release, '--kube-version', '1.36.0', ...set))
    for (const one of await documents(rendered)) {
      const path = pathFor(one)
      if (path === undefined) continue // of a kind that this cluster has not
      const { status, body } = await cluster.ask(
        'POST',
        `${path}?dryRun=All&fieldValidation=Strict`,
        one,
      )
      expect([`${one.kind}/${one.metadata.name}`, status, body['message']]).toEqual([
        `${one.kind}/${one.metadata.name}`,
        201,
        undefined,
      ])
    }
  })
})

type Manifest = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } }

async function documents(text: string): Promise<Manifest[]> {
  const { readDocuments } = await import('../../policies/src/document.ts')
  return readDocuments(text).map(({ value }) => value as Manifest)
}

/** What is only there once the custom resources are, or another product is, is looked at elsewhere. */
function pathFor({ apiVersion, kind, metadata }: Manifest): string | undefined {
  if (/^(underpin\.dev|cert-manager\.io|monitoring\.coreos\.com)\//.test(apiVersion))
    return undefined
  const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const place = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${base}${place}/${plural.toLowerCase()}`
}

const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/underpin'
const secret = '/api/v1/namespaces/underpin/secrets/underpin-webhook-certificate'
const lease = '/apis/coordination.k8s.io/v1/namespaces/underpin/leases/underpin-controller'
const policies = '/apis/underpin.dev/v1alpha1/clusterruntimepolicies'

describe('one install', () => {
  test('takes seconds, and is safe: audit, Ignore, never kube-system', async () => {
    const began = Date.now()
    await must(helm('install', ...release))
    console.log(`helm install took ${((Date.now() - began) / 1000).toFixed(1)} s`)
    const { items } = (await object('GET', policies)) as unknown as {
      items: { spec: { mode: string } }[]
    }
    expect(items.length).toBeGreaterThan(2)
    for (const { spec } of items) expect(spec.mode).toBe('audit')
    const { webhooks: entries } = (await object('GET', webhooks)) as unknown as {
      webhooks: {
        failurePolicy: string
        namespaceSelector: { matchExpressions: { values: string[] }[] }
      }[]
    }
    for (const { failurePolicy, namespaceSelector } of entries) {
      expect(failurePolicy).toBe('Ignore')
      expect(namespaceSelector.matchExpressions[0]?.values).toEqual(
        expect.arrayContaining(['kube-system', 'kube-node-lease', 'underpin']),
      )
    }
  })

  test('no webhook runs yet, and nobody is held up', async () => {
    const pod = { metadata: { name: 'early' }, spec: { containers: [{ name: 'a', image: 'a' }] } }
    await object('POST', '/api/v1/namespaces/default/pods', pod)
    await object('DELETE', '/api/v1/namespaces/default/pods/early?gracePeriodSeconds=0')
  })

  test('the controllers of the cluster make its pods, and they may be admitted as restricted', async () => {
    const path = '/api/v1/namespaces/underpin/pods'
    const made = async () => ((await object('GET', path)) as unknown as { items: Manifest[] }).items
    await until(async () => (await made()).length >= 3)
    const restricted = { metadata: { labels: { 'pod-security.kubernetes.io/warn': 'restricted' } } }
    await object('PATCH', '/api/v1/namespaces/underpin', restricted)
    for (const pod of await made()) {
      const { apiVersion, kind } = { apiVersion: 'v1', kind: 'Pod' }
      const { spec } = pod as unknown as { spec: object }
      const again = { apiVersion, kind, metadata: { name: 'again' }, spec }
      const { warnings, status } = await cluster.ask('POST', `${path}?dryRun=All`, again)
      expect([status, pod.metadata.name, warnings]).toEqual([201, expect.any(String), []])
    }
  })

  test('the agent asks for capabilities, and is not privileged', async () => {
    const daemonSet = (await object(
      'GET',
      '/apis/apps/v1/namespaces/underpin/daemonsets/underpin-agent',
    )) as unknown as {
      spec: { template: { spec: { containers: { securityContext: Record<string, unknown> }[] } } }
    }
    const context = daemonSet.spec.template.spec.containers[0]?.securityContext
    expect(context).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
    expect(context?.['privileged']).toBeUndefined()
  })
})

describe('rights', () => {
  type Asked = { verb: string; group?: string; resource: string; namespace?: string; name?: string }
  async function may(part: string, { verb, resource, ...more }: Asked): Promise<boolean> {
    const [plural, subresource] = resource.split('/')
    const { body } = await cluster.ask(
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        spec: {
          user: `system:serviceaccount:underpin:underpin-${part}`,
          resourceAttributes: { verb, resource: plural, subresource, ...more },
        },
      },
    )
    return (body['status'] as { allowed: boolean }).allowed
  }
  const underpin = 'underpin.dev'

  test.each<[string, Asked]>([
    ['webhook', { verb: 'list', resource: 'namespaces' }],
    ['webhook', { verb: 'watch', group: underpin, resource: 'coveragepolicies' }],
    [
      'webhook',
      {
        verb: 'update',
        resource: 'secrets',
        namespace: 'underpin',
        name: 'underpin-webhook-certificate',
      },
    ],
    [
      'webhook',
      {
        verb: 'patch',
        group: 'admissionregistration.k8s.io',
        resource: 'validatingwebhookconfigurations',
        name: 'underpin',
      },
    ],
    ['controller', { verb: 'list', resource: 'pods' }],
    [
      'controller',
      {
        verb: 'patch',
        group: underpin,
        resource: 'runtimepolicies/status',
        namespace: 'shop',
        name: 'a',
      },
    ],
    [
      'controller',
      { verb: 'create', group: 'openreports.io', resource: 'reports', namespace: 'shop' },
    ],
    [
      'controller',
      {
        verb: 'update',
        group: 'coordination.k8s.io',
        resource: 'leases',
        namespace: 'underpin',
        name: 'underpin-controller',
      },
    ],
    [
      'controller',
      {
        verb: 'update',
        group: 'apiextensions.k8s.io',
        resource: 'customresourcedefinitions',
        name: 'runtimepolicies.underpin.dev',
      },
    ],
    ['agent', { verb: 'watch', resource: 'pods' }],
    ['agent', { verb: 'create', group: underpin, resource: 'nodestates' }],
    ['agent', { verb: 'patch', group: underpin, resource: 'nodestates/status', name: 'node-1' }],
    [
      'agent',
      {
        verb: 'watch',
        group: 'apps',
        resource: 'daemonsets',
        namespace: 'underpin',
        name: 'underpin-agent',
      },
    ],
  ])('the %s may %j', async (part, asked) => {
    expect(await may(part, asked)).toBe(true)
  })

  test.each<[string, Asked]>([
    ...['webhook', 'controller', 'agent'].flatMap((part): [string, Asked][] => [
      [part, { verb: 'get', resource: 'secrets', namespace: 'kube-system', name: 'a' }],
      [part, { verb: 'list', resource: 'secrets', namespace: 'underpin' }],
      [part, { verb: 'create', resource: 'pods', namespace: 'default' }],
      [part, { verb: 'create', resource: 'pods/exec', namespace: 'default' }],
      [
        part,
        { verb: 'update', group: underpin, resource: 'runtimepolicies', namespace: 'a', name: 'a' },
      ],
      [
        part,
        { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' },
      ],
      [part, { verb: 'patch', resource: 'nodes', name: 'node-1' }],
      [part, { verb: 'create', resource: 'secrets', namespace: 'underpin' }],
      [
        part,
        {
          verb: 'patch',
          group: 'admissionregistration.k8s.io',
          resource: 'mutatingwebhookconfigurations',
          name: 'istio',
        },
      ],
    ]),
    [
      'webhook',
      {
        verb: 'patch',
        group: 'admissionregistration.k8s.io',
        resource: 'validatingwebhookconfigurations',
        name: 'other',
      },
    ],
    ['webhook', { verb: 'list', group: underpin, resource: 'nodestates' }],
    [
      'controller',
      {
        verb: 'update',
        group: 'apiextensions.k8s.io',
        resource: 'customresourcedefinitions',
        name: 'a.example.com',
      },
    ],
    [
      'controller',
      {
        verb: 'get',
        resource: 'secrets',
        namespace: 'underpin',
        name: 'underpin-webhook-certificate',
      },
    ],
    ['agent', { verb: 'list', group: 'apps', resource: 'daemonsets', namespace: 'underpin' }],
    ['agent', { verb: 'delete', group: underpin, resource: 'nodestates', name: 'node-1' }],
    [
      'agent',
      {
        verb: 'get',
        resource: 'secrets',
        namespace: 'underpin',
        name: 'underpin-webhook-certificate',
      },
    ],
  ])('the %s may not %j', async (part, asked) => {
    expect(await may(part, asked)).toBe(false)
  })
})

describe('an upgrade', () => {
  test('keeps what was written meanwhile: certificate, authority, lease', async () => {
    await object('PATCH', secret, { data: { 'ca.key': 'a2V5' } })
    await object('PATCH', lease, { spec: { holderIdentity: 'somebody' } })
    const { webhooks: entries } = (await object('GET', webhooks)) as unknown as {
      webhooks: { clientConfig: object }[]
    }
    const caBundle = Buffer.from(pem).toString('base64')
    const trusted = entries.map((one) => ({
      ...one,
      clientConfig: { ...one.clientConfig, caBundle },
    }))
    await object('PATCH', webhooks, { webhooks: trusted })
    await must(helm('upgrade', ...release, '--set', 'profile=enforce,webhook.timeoutSeconds=7'))
    const after = (await object('GET', webhooks)) as unknown as {
      webhooks: { clientConfig: { caBundle: string }; timeoutSeconds: number }[]
    }
    for (const { clientConfig, timeoutSeconds } of after.webhooks)
      expect([clientConfig.caBundle, timeoutSeconds]).toEqual([caBundle, 7])
    expect(await object('GET', secret)).toMatchObject({ data: { 'ca.key': 'a2V5' } })
    expect(await object('GET', lease)).toMatchObject({ spec: { holderIdentity: 'somebody' } })
    const { items } = (await object('GET', policies)) as unknown as { items: { spec: object }[] }
    for (const { spec } of items) expect(spec).toMatchObject({ mode: 'enforce' })
  })

  test('a rollback is one as well', async () => {
    await must(helm('rollback', 'underpin', '1', '-n', 'underpin'))
    const { items } = (await object('GET', policies)) as unknown as { items: { spec: object }[] }
    for (const { spec } of items) expect(spec).toMatchObject({ mode: 'audit' })
  })
})

describe('an uninstall', () => {
  test('leaves nothing but the custom resources, and the policies that are no part of the release', async () => {
    const path = '/apis/underpin.dev/v1alpha1/namespaces/default/runtimepolicies'
    await object('POST', path, {
      ...{ apiVersion: 'underpin.dev/v1alpha1', kind: 'RuntimePolicy', metadata: { name: 'mine' } },
      spec: {},
    })
    const state = {
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'NodeState',
      metadata: { name: 'n' },
    }
    await object('POST', '/apis/underpin.dev/v1alpha1/nodestates', state)
    await must(helm('uninstall', 'underpin', '-n', 'underpin'))
    const left = [...crds, ...reportCrds, 'RuntimePolicy default/mine'].sort()
    await vi.waitFor(
      async () => expect(added(before, await inventory(cluster.ask))).toEqual(left),
      { timeout: 120_000, interval: 500 },
    )
  })

  test('installed again, it finds them', async () => {
    await must(helm('install', ...release))
    await must(helm('uninstall', 'underpin', '-n', 'underpin'))
  })
})

/** Of nobody; the API server only wants to see a certificate. */
const pem = `-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw
DgYDVQQKEwdBY21lIENvMB4XDTE3MTAyMDE5NDMwNloXDTE4MTAyMDE5NDMwNlow
EjEQMA4GA1UEChMHQWNtZSBDbzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD0d
7VNhbWvZLWPuj/RtHFjvtJBEwOkhbN/BnnE8rnZR8+sbwnc/KhCk3FhnpHZnQz7B
5aETbbIgmuvewdjvSBSjYzBhMA4GA1UdDwEB/wQEAwICpDATBgNVHSUEDDAKBggr
BgEFBQcDATAPBgNVHRMBAf8EBTADAQH/MCkGA1UdEQQiMCCCDmxvY2FsaG9zdDo1
NDUzgg4xMjcuMC4wLjE6NTQ1MzAKBggqhkjOPQQDAgNIADBFAiEA2zpJEPQyz6/l
Wf86aX6PepsntZv2GYlA5UpabfT2EZICICpJ5h/iI+i341gBmLiAFQOyTDT+/wQc
6MF9+Yw1Yy0t
-----END CERTIFICATE-----
`
