// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest } from '../specimens.ts'
import { appMeshEnvoy, appMeshFargatePod, appMeshPod, proxyInit } from './app-mesh-specimens.ts'
import { appMesh } from './app-mesh.ts'
import { runCases, type Case } from './cases.ts'

const own = 'appmesh.k8s.aws'
const inject = `${own}/sidecarInjectorWebhook`
const mark = (value: string) => ({ labels: { [inject]: value } })
const note = (value: string) => ({ annotations: { [inject]: value } })
const notes = (name: string, value: string) => ({ annotations: { [`${own}/${name}`]: value } })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const asUser = (runAsUser: number) => ({ securityContext: { runAsUser } })

function node(name: string, podSelector: unknown, more: Manifest = {}): Manifest {
  return {
    apiVersion: 'appmesh.k8s.aws/v1beta2',
    kind: 'VirtualNode',
    metadata: { name, namespace: 'shop', ...more },
    spec: { podSelector, listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] },
  }
}
const cart = node('cart', { matchLabels: { app: 'cart' } })
const gateway = (podSelector: unknown): Manifest => ({
  ...node('gate', podSelector),
  kind: 'VirtualGateway',
})
const labels = { app: 'cart' }

/** Label of the namespace, annotation of the pod, whether a VirtualNode selects it, injected or why not. */
const truth: [string | null, string | null, boolean | null, string | null][] = [
  ['enabled', null, true, null],
  ['enabled', null, null, null],
  ['enabled', null, false, 'injector-refuses'],
  ['enabled', 'disabled', true, 'optout-annotation-others'],
  ['enabled', 'Disabled', true, 'optout-annotation-others'],
  ['enabled', 'no', true, null],
  ['enabled', 'no', false, 'appmesh-no-virtualnode'],
  ['enabled', 'no', null, 'input-unknown'],
  ['enabled', '', false, 'appmesh-no-virtualnode'],
  ['disabled', null, true, 'ns-optout'],
  ['disabled', 'enabled', true, null],
  ['disabled', 'ENABLED', false, 'injector-refuses'],
  ['disabled', 'true', true, null],
  ['disabled', 'true', false, 'appmesh-no-virtualnode'],
  ['Enabled', null, true, 'ns-label-typo'],
  ['true', 'enabled', true, 'ns-label-typo'],
  [null, null, true, 'ns-unlabelled'],
  [null, 'enabled', true, 'ns-unlabelled'],
]
const verdicts: Record<string, Case['verdict']> = {
  'injector-refuses': 'rejected',
  'input-unknown': 'unknown',
}

const table = truth.map(([namespace, pod, selected, reason]): Case => ({
  name: `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}, VirtualNode ${selected ?? 'not known'}`,
  object: deploymentOf({ labels, ...(pod === null ? {} : note(pod)) }),
  namespace: namespace === null ? {} : mark(namespace),
  objects:
    selected === null ? [] : selected ? [cart] : [node('other', { matchLabels: { x: 'y' } })],
  verdict: reason === null ? 'covered' : (verdicts[reason] ?? 'not-injected'),
  ...(reason === null ? {} : { reason }),
}))

const gates: Case[] = [
  {
    name: 'annotation instead of label on the namespace',
    object: deploymentOf(),
    namespace: note('enabled'),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'label instead of annotation on the pod, in a namespace that leaves it to its pods',
    object: deploymentOf(mark('enabled')),
    namespace: mark('disabled'),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the Deployment, in a namespace that leaves it to its pods',
    object: deploymentOf({}, note('enabled')),
    namespace: mark('disabled'),
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'two VirtualNodes: refused',
    object: deploymentOf({ labels }),
    objects: [cart, node('second', {})],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a VirtualNode and a VirtualGateway: refused',
    object: deploymentOf({ labels }),
    objects: [cart, gateway({})],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a VirtualNode of another namespace',
    object: deploymentOf({ labels }),
    objects: [node('cart', {}, { namespace: 'other' })],
    complete: ['VirtualNode'],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a VirtualNode of another namespace tells nothing of this one',
    object: deploymentOf({ labels }),
    objects: [node('cart', {}, { namespace: 'other' })],
    verdict: 'covered',
  },
  {
    name: 'a VirtualNode without a podSelector selects nothing',
    object: deploymentOf({ labels, ...note('x') }),
    objects: [node('cart', undefined)],
    verdict: 'not-injected',
    reason: 'appmesh-no-virtualnode',
  },
  {
    name: 'all VirtualNodes are known, and there is none',
    object: deploymentOf(note('x')),
    complete: ['VirtualNode'],
    verdict: 'not-injected',
    reason: 'appmesh-no-virtualnode',
  },
  {
    name: 'fake container',
    object: deploymentOf({ containers: [app, { name: 'envoy', image: 'pause' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a real image that nobody told which node it is',
    object: deploymentOf({ containers: [app, { ...appMeshEnvoy, env: [] }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a gateway brings the proxy along',
    object: deploymentOf({ labels, containers: [{ ...appMeshEnvoy, env: [] }] }),
    objects: [gateway({ matchLabels: labels })],
    verdict: 'covered',
  },
  {
    name: 'fake init container: the controller adds no redirect',
    object: deploymentOf({ initContainers: [{ name: 'proxyinit', image: 'pause' }] }),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'init container: always ahead',
    object: deploymentOf({ initContainers: [{ ...app, name: 'm' }] }),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'hostNetwork is not looked at: injected, and blind',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'blind',
    reason: 'host-network',
  },
  {
    name: 'injected by hand',
    object: appMeshPod(),
    namespace: {},
    verdict: 'covered',
  },
]

const traffic = (
  [
    ['egressIgnoredIPs', '10.0.0.0/8', 'osm-appmesh-exclusions'],
    ['egressIgnoredIPs', '169.254.169.254', null],
    ['egressIgnoredPorts', '22,5432', 'osm-appmesh-exclusions'],
    ['egressIgnoredPorts', '22', null],
    ['egressIgnoredPorts', '', null],
    ['ports', '8080', 'osm-appmesh-exclusions'],
    ['ipv6', 'disabled', 'osm-appmesh-exclusions'],
    ['ipv6', 'enabled', null],
    ['ignoredUID', '0', 'proxy-uid-realigned'],
    ['ignoredUID', '1337', null],
    ['appmeshCNI', 'enabled', 'capture-missing'],
    ['appmeshCNI', 'disabled', null],
    ['secretMounts', 'a:/b,c', 'injector-refuses'],
    ['secretMounts', 'a:/b', null],
    ['sidecarEnv', 'A', 'injector-refuses'],
    ['cpuRequest', '100m', null],
  ] as const
).map(([name, value, id]): Case => ({
  name: `${name}=${value}`,
  object: deploymentOf(notes(name, value)),
  verdict: id === null ? 'covered' : id === 'injector-refuses' ? 'rejected' : 'blind',
  ...(id === null ? {} : { reason: id }),
}))

const moved: Case[] = [
  {
    name: 'the user of the application is left alone',
    object: deploymentOf({
      ...notes('ignoredUID', '1000'),
      containers: [{ ...app, ...asUser(1000) }],
    }),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'the group of the application is left alone',
    object: deploymentOf({
      ...notes('ignoredGID', '1000'),
      spec: { securityContext: { runAsGroup: 1000 } },
    }),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'another user is left alone: a risk',
    object: deploymentOf(notes('ignoredUID', '1000')),
    verdict: 'covered',
    ids: ['proxy-uid-realigned'],
  },
  {
    name: 'the plugin is there',
    object: deploymentOf(notes('appmeshCNI', 'enabled')),
    settings: { cni: true },
    verdict: 'covered',
  },
  {
    name: 'the plugin of Fargate',
    object: deploymentOf({
      ...notes('appmeshCNI', 'enabled'),
      labels: { 'eks.amazonaws.com/fargate-profile': 'p' },
      initContainers: [{ ...app, name: 'm' }],
    }),
    verdict: 'covered',
  },
]

const verified: Case[] = [
  { name: 'Fargate', ...running(appMeshFargatePod()), verdict: 'covered', ids: [] },
  {
    name: 'Fargate, and a user of its own is left alone',
    ...running(
      appMeshFargatePod({
        ...notes('ignoredUID', '1000'),
        containers: [{ ...app, ...asUser(1000) }],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'a plugin that is told nothing',
    ...running(podOf({ ...notes('appmeshCNI', 'enabled'), containers: [app, appMeshEnvoy] })),
    settings: { cni: true },
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'bare although asked for',
    ...running(podOf()),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare, and nobody asked clearly',
    ...running(podOf(note('x'))),
    verdict: 'not-injected',
    reason: 'appmesh-no-virtualnode',
  },
  {
    name: 'the annotations of an injected pod, and no sidecar',
    ...running(podOf(notes('proxyEgressPort', '15001'))),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'fake envoy',
    ...running(podOf({ containers: [app, { name: 'envoy', image: 'evil/aws-appmesh-envoy' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'an envoy of somebody else keeps the controller from adding its own',
    ...running(podOf({ containers: [app, { name: 'envoy', image: 'envoyproxy/envoy:v1.30' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'but not where nobody asked',
    ...running(podOf({ containers: [app, { name: 'envoy', image: 'envoyproxy/envoy:v1.30' }] })),
    namespace: {},
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
  },
  {
    name: 'the right name in the registry of somebody else',
    ...running(
      podOf({
        containers: [
          app,
          {
            ...appMeshEnvoy,
            image: '111111111111.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1',
          },
        ],
        initContainers: [proxyInit()],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'envoy with a command',
    ...running(
      podOf({
        containers: [app, { ...appMeshEnvoy, command: ['sleep'] }],
        initContainers: [proxyInit()],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'without proxyinit',
    ...running(podOf({ containers: [app, appMeshEnvoy] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'a gateway has no proxyinit',
    ...running(
      podOf({
        containers: [
          {
            ...appMeshEnvoy,
            env: [{ name: 'APPMESH_VIRTUAL_NODE_NAME', value: 'mesh/shop/virtualGateway/g' }],
          },
        ],
      }),
    ),
    verdict: 'covered',
  },
  ...(
    [
      [{ APPMESH_START_ENABLED: '0' }, 'capture-missing'],
      [{ APPMESH_EGRESS_IGNORED_PORTS: '22,5432' }, 'osm-appmesh-exclusions'],
      [{ APPMESH_EGRESS_IGNORED_PORTS: '' }, null],
      [{ APPMESH_EGRESS_IGNORED_IP: '169.254.169.254,10.0.0.0/8' }, 'osm-appmesh-exclusions'],
      [{ APPMESH_ENABLE_IPV6: '0' }, 'ipv6'],
      [{ APPMESH_IGNORE_UID: '1000' }, null],
    ] as const
  ).map(([env, reason]): Case => ({
    name: `proxyinit with ${JSON.stringify(env)}`,
    ...running(appMeshPod({}, proxyInit(env))),
    verdict: reason === null ? 'covered' : 'blind',
    ...(reason === null ? {} : { reason }),
  })),
  {
    name: 'not every port of the VirtualNode is redirected',
    ...running(appMeshPod({ labels }, proxyInit({ APPMESH_APP_PORTS: '9090' }))),
    objects: [cart],
    verdict: 'blind',
    reason: 'osm-appmesh-exclusions',
  },
  {
    name: 'every port of the VirtualNode is redirected',
    ...running(appMeshPod({ labels })),
    objects: [cart],
    verdict: 'covered',
  },
  {
    name: 'the user left alone was moved',
    ...running(
      appMeshPod(
        { containers: [{ ...app, ...asUser(1000) }] },
        proxyInit({ APPMESH_IGNORE_UID: '1000' }),
      ),
    ),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'addresses that the installation leaves out',
    ...running(appMeshPod({}, proxyInit({ APPMESH_EGRESS_IGNORED_IP: '10.0.0.1' }))),
    settings: { ignoredIps: '169.254.169.254,10.0.0.1' },
    verdict: 'covered',
  },
  {
    name: 'init container ahead',
    ...running(appMeshPod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'container as the user of the sidecar',
    ...running(appMeshPod({ containers: [{ ...app, ...asUser(1337) }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'container in the group of the sidecar',
    ...running(appMeshPod({ containers: [{ ...app, securityContext: { runAsGroup: 1337 } }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-gid',
  },
  {
    name: 'volumes of the group of the sidecar: a risk',
    ...running(appMeshPod({ spec: { securityContext: { runAsUser: 7, fsGroup: 1337 } } })),
    verdict: 'covered',
    ids: ['fsgroup-proxy-gid'],
  },
]

runCases(appMesh, [...table, ...gates, ...traffic, ...moved, ...verified], appMeshPod())

test('settings come from the flags of the controller', () => {
  const plane: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'appmesh-controller', namespace: 'appmesh-system' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              image: 'public.ecr.aws/appmesh/appmesh-controller:v1.13.0',
              args: [
                '--sidecar-image-repository=mirror.example/envoy',
                '--init-image',
                'mirror.example/init:v7',
                '--ignored-ips=169.254.169.254,10.0.0.1',
              ],
            },
          ],
        },
      },
    },
  }
  const objects = clusterObjects([plane], appMesh.reads)
  expect(appMesh.settingsFrom(objects)).toEqual({
    version: '1.13.0',
    images: ['mirror.example/envoy', 'mirror.example/init:v7'],
    ignoredIps: '169.254.169.254,10.0.0.1',
  })
  const input = {
    objects,
    settings: {},
    injectors: [],
    live: false,
    namespaces: new Map(),
    subjects: [],
  }
  expect(appMesh.besides(input).map(({ id }) => id)).toEqual(['osm-appmesh-exclusions'])
  expect(appMesh.besides({ ...input, objects: clusterObjects([], appMesh.reads) })).toEqual([])
})
