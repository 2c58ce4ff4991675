// SPDX-License-Identifier: Apache-2.0
// The objects that random requests are about, and random requests: every operation and subresource that a workload can
// be changed through. Nearly all are dry runs, so that the objects stay as they are.
import { labels, type Random } from './random.ts'

export type Sent = {
  method: string
  path: string
  body?: unknown
  /** By which the recorder knows it again: no two requests of a round have the same. */
  name: string
  what: string
}

export const crd = (kind: string, plural: string, scope: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.test` },
  spec: {
    group: 'example.test',
    scope,
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: ['v1', 'v1beta1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: {
        openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
    })),
  },
})

export const resources = {
  pods: { api: '/api/v1', kind: 'Pod', apiVersion: 'v1' },
  services: { api: '/api/v1', kind: 'Service', apiVersion: 'v1' },
  configmaps: { api: '/api/v1', kind: 'ConfigMap', apiVersion: 'v1' },
  serviceaccounts: { api: '/api/v1', kind: 'ServiceAccount', apiVersion: 'v1' },
  replicationcontrollers: { api: '/api/v1', kind: 'ReplicationController', apiVersion: 'v1' },
  deployments: { api: '/apis/apps/v1', kind: 'Deployment', apiVersion: 'apps/v1' },
  statefulsets: { api: '/apis/apps/v1', kind: 'StatefulSet', apiVersion: 'apps/v1' },
  jobs: { api: '/apis/batch/v1', kind: 'Job', apiVersion: 'batch/v1' },
  widgets: { api: '/apis/example.test/v1', kind: 'Widget', apiVersion: 'example.test/v1' },
} as const
export type Plural = keyof typeof resources

export function objectOf(random: Random, plural: Plural, name: string): Record<string, unknown> {
  const { kind, apiVersion } = resources[plural]
  const metadata = { name, labels: labels(random) }
  const pod = podSpec(random)
  const app = { app: name }
  const template = { metadata: { labels: { ...labels(random), ...app } }, spec: pod }
  const replicas = random.below(4)
  const specs: Record<Plural, unknown> = {
    pods: pod,
    services: { ports: [{ port: 80 }] },
    configmaps: undefined,
    serviceaccounts: undefined,
    replicationcontrollers: { replicas, selector: app, template },
    deployments: { replicas, selector: { matchLabels: app }, template },
    statefulsets: { replicas, selector: { matchLabels: app }, serviceName: 'x', template },
    jobs: { template: { ...template, spec: { ...pod, restartPolicy: 'Never' } } },
    widgets: { replicas },
  }
  return { apiVersion, kind, metadata, spec: specs[plural] }
}

function podSpec(random: Random): Record<string, unknown> {
  const image = random.one(['registry.test/app', 'nginx', 'nginx:1.29'])
  const containers = [
    { name: 'app', image, ports: random.chance(50) ? [{ containerPort: 80 }] : undefined },
    ...(random.chance(30) ? [{ name: 'istio-proxy', image: 'registry.test/proxyv2' }] : []),
  ]
  return { containers, hostNetwork: random.one([undefined, undefined, true, false]) }
}

/** Existing objects by resource; each takes part in at most one request of a round. */
export type Pool = Record<Plural, { name: string; namespace: string }[]> & { namespaces: string[] }

type Maker = (random: Random, pool: Pool, id: number) => Sent | null

const dry = 'dryRun=All'

function existing(pool: Pool, plural: Plural): { name: string; path: string } | null {
  const found = pool[plural].pop()
  if (found === undefined) return null
  const { name, namespace } = found
  return { name, path: `${resources[plural].api}/namespaces/${namespace}/${plural}/${name}` }
}

function create(random: Random, id: number, plural: Plural, version?: string): Sent {
  const name = `c-${id}`
  const object = objectOf(random, plural, name)
  const api = version ? resources[plural].api.replace('/v1', `/${version}`) : resources[plural].api
  if (version) object.apiVersion = `example.test/${version}`
  if (random.chance(25)) {
    object.metadata = { ...(object.metadata as object), name: undefined, generateName: `${name}-` }
  }
  const generated = 'generateName' in (object.metadata as object)
  const path = `${api}/namespaces/n-${random.below(10)}/${plural}?${dry}`
  const key = generated ? `${name}-` : name
  return { method: 'POST', path, body: object, name: key, what: `create ${plural}` }
}

const created: Plural[] = [
  'pods',
  'pods',
  'pods',
  'deployments',
  'statefulsets',
  'jobs',
  'services',
]
const changed: Plural[] = ['pods', 'pods', 'deployments', 'services', 'configmaps', 'widgets']
const scaled: Plural[] = ['deployments', 'statefulsets', 'replicationcontrollers', 'widgets']

function changing(
  plural: Plural,
  subresource: string,
  method: string,
  body: (random: Random, name: string) => unknown,
): Maker {
  return (random, pool) => {
    const found = existing(pool, plural)
    if (found === null) return null
    const path = `${found.path}${subresource === '' ? '' : `/${subresource}`}?${dry}`
    const what = `${method} ${plural}/${subresource}`
    return { method, path, body: body(random, found.name), name: found.name, what }
  }
}

const relabelled = (random: Random) => ({ metadata: { labels: labels(random) ?? null } })

function connect(subresource: string): Maker {
  return (_random, pool) => {
    const found = existing(pool, 'pods')
    if (found === null) return null
    const options = subresource === 'portforward' ? 'ports=80' : 'command=sh&stdout=true'
    const path = `${found.path}/${subresource}?${subresource === 'proxy' ? '' : options}`
    return { method: 'POST', path, name: found.name, what: `CONNECT pods/${subresource}` }
  }
}

function ofCluster(api: string, kind: string, plural: string, more: object = {}): Maker {
  return (random, _pool, id) => {
    const name = `c-${id}`
    const apiVersion = api.replace(/^\/apis?\//, '')
    const body = { apiVersion, kind, metadata: { name, labels: labels(random) }, ...more }
    return { method: 'POST', path: `${api}/${plural}?${dry}`, body, name, what: `create ${plural}` }
  }
}

const ofNamespace = (method: string, subresource: string): Maker => {
  return (random, pool) => {
    const name = pool.namespaces.pop()
    if (name === undefined) return null
    const path = `/api/v1/namespaces/${name}${subresource}?${dry}`
    const body = method === 'DELETE' ? undefined : relabelled(random)
    return { method, path, body, name, what: `${method} namespaces${subresource}` }
  }
}

const image = 'nginx'
const makers: readonly [number, Maker][] = [
  [30, (random, _pool, id) => create(random, id, random.one(created))],
  [6, (random, _pool, id) => create(random, id, 'widgets', random.one(['v1', 'v1beta1']))],
  [14, (r, pool, id) => changing(r.one(changed), '', 'PATCH', relabelled)(r, pool, id)],
  [6, (r, pool, id) => changing(r.one(changed), '', 'DELETE', () => undefined)(r, pool, id)],
  [
    5,
    (r, pool, id) =>
      changing(r.one(changed.slice(0, 3)), 'status', 'PATCH', relabelled)(r, pool, id),
  ],
  [
    5,
    changing('pods', 'ephemeralcontainers', 'PATCH', (_random, name) => ({
      spec: { ephemeralContainers: [{ name: `debug-${name}`, image }] },
    })),
  ],
  [
    5,
    (r, pool, id) =>
      changing(r.one(scaled), 'scale', 'PATCH', (random) => ({
        spec: { replicas: random.below(5) },
      }))(r, pool, id),
  ],
  [
    2,
    changing('pods', 'binding', 'POST', (_random, name) => ({
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name },
      target: { kind: 'Node', name: 'node-1' },
    })),
  ],
  [
    2,
    changing('pods', 'eviction', 'POST', (_random, name) => ({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name },
      deleteOptions: { dryRun: ['All'] },
    })),
  ],
  [
    1,
    changing('serviceaccounts', 'token', 'POST', () => ({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    })),
  ],
  [2, connect('exec')],
  [2, connect('attach')],
  [2, connect('portforward')],
  [1, connect('proxy')],
  [3, ofCluster('/api/v1', 'Namespace', 'namespaces')],
  [8, ofNamespace('PATCH', '')],
  [2, ofNamespace('DELETE', '')],
  [1, ofNamespace('PATCH', '/status')],
  [2, ofCluster('/api/v1', 'Node', 'nodes')],
  [2, ofCluster('/apis/rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles')],
  [3, ofCluster('/apis/example.test/v1', 'Gadget', 'gadgets')],
  [2, ofCluster('/apis/example.test/v1beta1', 'Gadget', 'gadgets')],
  // Of a group of its own, and yet called like the namespaces.
  [3, ofCluster('/apis/example.test/v1', 'Namespace', 'namespaces')],
  [
    1,
    ofCluster(
      '/apis/admissionregistration.k8s.io/v1',
      'MutatingWebhookConfiguration',
      'mutatingwebhookconfigurations',
    ),
  ],
  [
    1,
    ofCluster(
      '/apis/admissionregistration.k8s.io/v1',
      'ValidatingWebhookConfiguration',
      'validatingwebhookconfigurations',
    ),
  ],
  [
    3,
    (random, _pool, id) => {
      const version = random.one(['v1', 'v2'])
      const name = `c-${id}`
      const body = {
        apiVersion: `autoscaling/${version}`,
        kind: 'HorizontalPodAutoscaler',
        metadata: { name, labels: labels(random) },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        },
      }
      const path = `/apis/autoscaling/${version}/namespaces/n-${random.below(10)}/horizontalpodautoscalers?${dry}`
      return { method: 'POST', path, body, name, what: 'create horizontalpodautoscalers' }
    },
  ],
]

const total = makers.reduce((sum, [weight]) => sum + weight, 0)

export function sendable(random: Random, pool: Pool, id: number): Sent {
  for (;;) {
    let at = random.below(total)
    const chosen = makers.find(([weight]) => (at -= weight) < 0)
    const sent = chosen?.[1](random, pool, id)
    if (sent !== null && sent !== undefined) return sent
  }
}
