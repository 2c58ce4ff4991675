// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { besideFindings, type BesideKnowledge } from './beside.ts'
import { clusterObjects } from './cluster-objects.ts'
import { injectorsOf } from './injectors.ts'
import { meshes } from './meshes/index.ts'
import { resolveSettings, wantedOf } from './meshes/resolve-settings.ts'
import { istioConfiguration, istioPod, podOf, type Manifest } from './specimens.ts'
import { subjectsOf } from './subject.ts'

function known(...objects: Manifest[]): BesideKnowledge {
  const all = clusterObjects(objects, wantedOf(meshes))
  return {
    objects: all,
    injectors: objects.flatMap(injectorsOf),
    settings: resolveSettings(meshes, {}, all).settings,
    namespaces: new Map(),
    subjects: [],
  }
}

function configuration(more: Manifest): Manifest {
  const made = istioConfiguration('default', ['namespace', 'object'])
  const webhooks = (made.webhooks as Manifest[]).map((one, index) =>
    index === 1 ? { ...one, ...more } : one,
  )
  return { ...made, webhooks }
}

const found = (more: Manifest) =>
  besideFindings(meshes, known(configuration(more))).map(({ finding, object }) => [
    finding.id,
    finding.object,
    finding.path,
    object.kind,
  ])

const key = 'MutatingWebhookConfiguration/istio-sidecar-injector-default'

test('a finding lands on the object that it is about, with a path in it', () => {
  expect(found({ failurePolicy: 'Ignore' })).toEqual([
    ['failure-policy-ignore', key, 'webhooks[1].failurePolicy', 'MutatingWebhookConfiguration'],
  ])
  expect(found({ failurePolicy: 'Fail' })).toEqual([])
  expect(found({ rules: [] })).toEqual([
    ['injector-config-tampered', key, 'webhooks[1].rules', 'MutatingWebhookConfiguration'],
  ])
})

const peers = (mode: string): Manifest => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'shop' },
  spec: { mtls: { mode } },
})

test("a mesh's own resource", () => {
  const [one] = besideFindings(meshes, known(peers('DISABLE')))
  expect(one?.finding).toMatchObject({
    id: 'tlsmode-label',
    mesh: 'istio',
    object: 'PeerAuthentication/shop/default',
    path: 'spec.mtls.mode',
  })
  expect(besideFindings(meshes, known(peers('STRICT')))).toEqual([])
})

test('an object of another group that has the same kind is another object', () => {
  const other = { ...peers('DISABLE'), apiVersion: 'example.com/v1' }
  expect(besideFindings(meshes, known(other))).toEqual([])
})

const idsOf = (...objects: Manifest[]) =>
  besideFindings(meshes, known(...objects)).map(({ finding }) => `${finding.id} ${finding.path}`)

const resource = (kind: string, spec: Manifest, version = 'v1'): Manifest => ({
  apiVersion: `networking.istio.io/${version}`,
  kind,
  metadata: { name: 'one', namespace: 'shop' },
  spec,
})
const disable = { tls: { mode: 'DISABLE' } }
const meshConfig = (mesh: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { mesh },
})
const variable = (environmentVariables: Manifest) =>
  resource('ProxyConfig', { environmentVariables }, 'v1beta1')
const filter = (applyTo: string) =>
  resource('EnvoyFilter', { configPatches: [{ applyTo }] }, 'v1alpha3')

test.each<[string, Manifest, string[]]>([
  [
    'clients without TLS',
    resource('DestinationRule', { host: 'cart', trafficPolicy: disable }),
    ['tlsmode-label spec.trafficPolicy.tls.mode'],
  ],
  [
    'clients of a port of a subset without TLS',
    resource('DestinationRule', {
      host: 'cart.shop.svc.cluster.local',
      subsets: [{ trafficPolicy: { portLevelSettings: [disable] } }],
    }),
    ['tlsmode-label spec.subsets[0].trafficPolicy.portLevelSettings[0].tls.mode'],
  ],
  [
    'clients of a host outside',
    resource('DestinationRule', { host: 'example.com', trafficPolicy: disable }),
    [],
  ],
  [
    'clients with TLS',
    resource('DestinationRule', { host: 'cart', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }),
    [],
  ],
  [
    'a listener that takes nothing',
    resource('Sidecar', { egress: [{ captureMode: 'NONE' }] }),
    ['interception-none spec.egress[0].captureMode'],
  ],
  ['a usual listener', resource('Sidecar', { egress: [{ captureMode: 'DEFAULT' }] }), []],
  [
    'no proxy',
    variable({ DISABLE_ENVOY: 'true' }),
    ['disable-envoy spec.environmentVariables.DISABLE_ENVOY'],
  ],
  ['a proxy', variable({ DISABLE_ENVOY: 'false' }), []],
  ['a harmless variable', variable({ ISTIO_META_DNS_CAPTURE: 'true' }), []],
  ['the bootstrap', filter('BOOTSTRAP'), ['bootstrap-override spec.configPatches[0].applyTo']],
  ['a cluster', filter('CLUSTER'), []],
  [
    'no redirect at all',
    meshConfig('defaultConfig: {interceptionMode: NONE}'),
    ['interception-none data.mesh'],
  ],
  [
    'variables of all proxies',
    meshConfig('defaultConfig: {proxyMetadata: {ISTIO_SERVICE_CIDR: 10.0.0.0/8}}'),
    ['proxymetadata-disables-redirect data.mesh'],
  ],
  ['the usual redirect', meshConfig('defaultConfig: {interceptionMode: TPROXY}'), []],
])("a mesh's own resource: %s", (_name, object, expected) => {
  expect(idsOf(object)).toEqual(expected)
})

const role = (rule: Manifest, labels: Manifest = {}, kind = 'ClusterRole'): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: 'look', labels, ...(kind === 'Role' ? { namespace: 'shop' } : {}) },
  rules: [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'], ...rule }],
})

test('roles that reach the kubelet', () => {
  const found = ['kubelet-exec rules[0].resources']
  expect(idsOf(role({}))).toEqual(found)
  expect(idsOf(role({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }))).toEqual(found)
  expect(idsOf(role({ resources: ['nodes', 'nodes/metrics'] }))).toEqual([])
  expect(idsOf(role({ verbs: ['list'] }))).toEqual([])
  expect(idsOf(role({ apiGroups: ['example.com'] }))).toEqual([])
  expect(idsOf(role({}, { 'kubernetes.io/bootstrapping': 'rbac-defaults' }))).toEqual([])
  // Nodes are of no namespace.
  expect(idsOf(role({}, {}, 'Role'))).toEqual([])
})

test.each<[string, string[], string[]]>([
  ['pods/exec', ['create'], ['exec-into-proxy rules[0].resources']],
  ['pods/attach', ['get'], ['exec-into-proxy rules[0].resources']],
  ['*', ['*'], ['exec-into-proxy rules[0].resources']],
  ['pods/portforward', ['create'], ['loopback-ingress rules[0].resources']],
  ['pods/ephemeralcontainers', ['patch'], ['ephemeral-container rules[0].resources']],
  ['pods/ephemeralcontainers', ['get'], []],
  ['pods/log', ['get'], []],
  ['pods', ['*'], []],
])('a role of a namespace: %s, %s', (resource, verbs, found) => {
  expect(idsOf(role({ resources: [resource], verbs }, {}, 'Role'))).toEqual(found)
})

test('who has the roles that reach every kubelet', () => {
  const bound = (subjects: Manifest[], name = 'cluster-admin', labels = {}): string[] =>
    idsOf({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'all', labels },
      roleRef: { kind: 'ClusterRole', name },
      subjects,
    })
  const masters = { kind: 'Group', name: 'system:masters' }
  const tool = { kind: 'ServiceAccount', name: 'tool', namespace: 'ci' }
  expect(bound([masters])).toEqual([])
  expect(bound([masters, tool])).toEqual(['kubelet-exec subjects[1]'])
  expect(bound([{ ...tool, namespace: 'kube-system' }])).toEqual([])
  expect(bound([tool], 'view')).toEqual([])
  expect(bound([tool], 'system:kubelet-api-admin')).toEqual(['kubelet-exec subjects[0]'])
  expect(
    bound([tool], 'cluster-admin', { 'kubernetes.io/bootstrapping': 'rbac-defaults' }),
  ).toEqual([])
})

test('entries of an injector that are called for less than they should', () => {
  const tampered = (more: Manifest) =>
    idsOf(configuration(more)).filter((one) => one.startsWith('injector'))
  const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
  const at = (place: string) => [`injector-config-tampered webhooks[1].${place}`]
  expect(tampered({ rules: [rule] })).toEqual([])
  expect(tampered({ rules: [{ ...rule, operations: ['DELETE'] }] })).toEqual(at('rules'))
  expect(tampered({ rules: [{ ...rule, resources: ['services'] }] })).toEqual(at('rules'))
  expect(tampered({ matchConditions: [{ name: 'a', expression: 'false' }] })).toEqual(
    at('matchConditions'),
  )
  const expression = { key: 'team', operator: 'NotIn', values: ['shop'] }
  const selector = { matchExpressions: [expression] }
  expect(tampered({ namespaceSelector: selector })).toEqual(at('namespaceSelector'))
  expect(tampered({ objectSelector: selector })).toEqual(at('objectSelector'))
  const named = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }
  expect(tampered({ namespaceSelector: { matchExpressions: [named] } })).toEqual([])
})

test('the configuration of the injector itself', () => {
  const config = (text: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio-sidecar-injector', namespace: 'istio-system' },
    data: { config: text },
  })
  const found = ['injector-config-tampered data.config']
  expect(idsOf(config('policy: enabled\nneverInjectSelector: []'))).toEqual([])
  expect(idsOf(config('policy: disabled'))).toEqual(found)
  expect(idsOf(config('neverInjectSelector: [{ matchLabels: { a: b } }]'))).toEqual(found)
})

const plainService = { type: 'ExternalName', externalName: 'db.example.com' }
const service = (spec: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'db', namespace: 'shop' },
  spec,
})

test.each<[string, Manifest, string[]]>([
  [
    'a sidecar that lets everything out',
    resource('Sidecar', { outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }),
    ['spec.outboundTrafficPolicy.mode'],
  ],
  [
    'a sidecar that does not',
    resource('Sidecar', { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }),
    [],
  ],
  [
    'a mesh that lets everything out',
    meshConfig('outboundTrafficPolicy: {mode: ALLOW_ANY}'),
    ['data.mesh'],
  ],
  [
    'an entry for every host',
    resource('ServiceEntry', { hosts: ['a.example', '*'] }),
    ['spec.hosts[1]'],
  ],
  [
    'an entry for every address',
    resource('ServiceEntry', { hosts: ['a.example'], addresses: ['0.0.0.0/0'] }),
    ['spec.addresses[0]'],
  ],
  ['an entry for one domain', resource('ServiceEntry', { hosts: ['*.example.com'] }), []],
  ['a name that leads out', service(plainService), ['spec.externalName']],
  [
    'a name that leads to another of the cluster',
    service({ ...plainService, externalName: 'db.other.svc.cluster.local' }),
    [],
  ],
  ['an ordinary service', service({ selector: { app: 'db' } }), []],
])('egress: %s', (_name, object, paths) => {
  // Something must speak of the mesh.
  const found = besideFindings(meshes, known(object))
  expect(found.map(({ finding }) => `${finding.id} ${finding.path}`)).toEqual(
    paths.map((path) => `egress-open ${path}`),
  )
})

test('what the chart of Linkerd was told to leave out of every pod', () => {
  const config = (values: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'linkerd-config', namespace: 'linkerd' },
    data: { values },
  })
  expect(idsOf(config('proxyInit: { ignoreInboundPorts: "4567,4568" }'))).toEqual([])
  expect(
    idsOf(config('proxyInit: { ignoreOutboundPorts: "443,4568", skipSubnets: 10.0.0.0/8 }')),
  ).toEqual(['linkerd-skip-ports data.values', 'linkerd-skip-subnets data.values'])
})

test('what Consul was told to lay over its proxies', () => {
  const defaults = (config: Manifest): Manifest => ({
    apiVersion: 'consul.hashicorp.com/v1alpha1',
    kind: 'ProxyDefaults',
    metadata: { name: 'global', namespace: 'consul' },
    spec: { config },
  })
  expect(idsOf(defaults({ protocol: 'http' }))).toEqual([])
  expect(idsOf(defaults({ envoy_bootstrap_json_tpl: '{}' }))).toEqual([
    'bootstrap-override spec.config.envoy_bootstrap_json_tpl',
  ])
})

const ours = (more: Manifest = {}, name = 'coverage.underpin.dev'): Manifest => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'underpin' },
  webhooks: [
    {
      name,
      failurePolicy: 'Fail',
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['underpin'] },
        ],
      },
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
      ...more,
    },
  ],
})

test('holes of our own webhook', () => {
  const hole = (place: string) => [`own-webhook-gap ${place}`]
  expect(idsOf(ours())).toEqual([])
  expect(idsOf(ours({ failurePolicy: 'Ignore' }))).toEqual(hole('webhooks[0].failurePolicy'))
  expect(idsOf(ours({ objectSelector: { matchLabels: { a: 'b' } } }))).toEqual(
    hole('webhooks[0].objectSelector'),
  )
  const expression = { key: 'team', operator: 'DoesNotExist' }
  expect(idsOf(ours({ namespaceSelector: { matchExpressions: [expression] } }))).toEqual(
    hole('webhooks[0].namespaceSelector'),
  )
  const rule = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
  expect(idsOf(ours({ rules: [rule] }))).toEqual(hole('webhooks'))
  expect(idsOf(ours({ failurePolicy: 'Ignore' }, 'other.example.com'))).toEqual([])
})

test('selectors that the platform adds to', () => {
  const selector = (key: string) => ({
    namespaceSelector: { matchExpressions: [{ key, operator: 'NotIn', values: ['aks'] }] },
  })
  const rewritten = (key: string) =>
    idsOf(configuration(selector(key))).filter((one) => one.startsWith('platform'))
  expect(rewritten('kubernetes.azure.com/managedby')).toEqual([
    'platform-rewrites-selector webhooks[1].namespaceSelector',
  ])
  expect(rewritten('team')).toEqual([])
})

test('debug containers in pods that run', () => {
  const debug = [{ name: 'debug', image: 'busybox' }]
  const found = (pod: Manifest) =>
    besideFindings(meshes, { ...known(), subjects: subjectsOf(pod) }).map(({ finding }) => [
      finding.id,
      finding.mesh,
      finding.object,
      finding.path,
    ])
  const there = ['Pod/shop/cart', 'spec.ephemeralContainers[0]']
  expect(found(istioPod({ spec: { ephemeralContainers: debug } }))).toEqual([
    ['ephemeral-container', 'istio', ...there],
  ])
  // Without a sidecar, as in ambient mode.
  expect(found(podOf({ spec: { ephemeralContainers: debug } }))).toEqual([
    ['ephemeral-container', '', ...there],
  ])
  expect(found(istioPod())).toEqual([])
})
