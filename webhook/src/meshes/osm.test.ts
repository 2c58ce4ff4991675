// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { osmEnvoy, osmInit, osmPod, osmScript, osmVolume } from './osm-specimens.ts'
import { osm } from './osm.ts'

const entryFor = (mesh: string): Manifest => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'osm-webhook-osm' },
  webhooks: [
    {
      name: 'osm-inject.k8s.io',
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      namespaceSelector: { matchLabels: { 'openservicemesh.io/monitored-by': mesh } },
    },
  ],
})

const inject = 'openservicemesh.io/sidecar-injection'
const monitored = 'openservicemesh.io/monitored-by'
const note = (value: string) => ({ annotations: { [inject]: value } })
const place = (value: string | null, labels: Record<string, string> = {}) => ({
  labels: { [monitored]: 'osm', ...labels },
  ...(value === null ? {} : note(value)),
})
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const asUser = (runAsUser: number) => ({ securityContext: { runAsUser } })

/** Annotation of the namespace, annotation of the pod, injected or why not. */
const truth: [string | null, string | null, string | null][] = [
  ['enabled', null, null],
  ['YES', null, null],
  ['true', 'enabled', null],
  ['enabled', 'disabled', 'optout-annotation-others'],
  ['enabled', 'No', 'optout-annotation-others'],
  ['enabled', 'FALSE', 'optout-annotation-others'],
  ['enabled', '', null],
  ['disabled', 'Enabled', null],
  [null, 'yes', null],
  ['disabled', null, 'ns-optout'],
  ['no', 'disabled', 'optout-annotation-others'],
  [null, null, 'ns-unlabelled'],
  ['', null, 'ns-unlabelled'],
  ['enabled', 'on', 'injector-refuses'],
  ['on', 'enabled', 'injector-refuses'],
  [null, '1', 'injector-refuses'],
]

const table = truth.map(([namespace, pod, reason]): Case => ({
  name: `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}`,
  object: deploymentOf(pod === null ? {} : note(pod)),
  namespace: place(namespace),
  verdict:
    reason === null ? 'covered' : reason === 'injector-refuses' ? 'rejected' : 'not-injected',
  ...(reason === null ? {} : { reason }),
}))

const gates: Case[] = [
  {
    name: 'hostNetwork',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
  },
  ...['kube-system', 'kube-public', 'osm-system'].map((namespaceName): Case => ({
    name: namespaceName,
    object: deploymentOf(),
    namespaceName,
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  })),
  {
    name: 'a namespace that the mesh does not monitor',
    object: deploymentOf(note('enabled')),
    namespace: note('enabled'),
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
    path: 'namespace.metadata.labels',
  },
  {
    name: 'a name that is not the one that the entry of the cluster asks for',
    object: deploymentOf(),
    namespace: {
      labels: { 'openservicemesh.io/monitored-by': 'OSM' },
      annotations: { 'openservicemesh.io/sidecar-injection': 'enabled' },
    },
    configurations: [entryFor('osm')],
    verdict: 'not-injected',
    reason: 'ns-label-typo',
  },
  {
    name: 'the name that it asks for',
    object: deploymentOf(),
    namespace: {
      labels: { 'openservicemesh.io/monitored-by': 'shop-mesh' },
      annotations: { 'openservicemesh.io/sidecar-injection': 'enabled' },
    },
    configurations: [entryFor('shop-mesh')],
    verdict: 'covered',
  },
  {
    name: 'monitored by an annotation',
    object: deploymentOf(),
    namespace: { annotations: { [inject]: 'enabled', [monitored]: 'osm' } },
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'monitored by another mesh',
    object: deploymentOf(),
    namespace: { labels: { [monitored]: 'OSM' }, ...note('enabled') },
    verdict: 'not-injected',
    reason: 'ns-label-typo',
  },
  {
    name: 'monitored by a mesh of another name',
    object: deploymentOf(),
    namespace: { labels: { [monitored]: 'blue' }, ...note('enabled') },
    settings: { meshName: 'blue' },
    verdict: 'covered',
  },
  ...[
    { 'openservicemesh.io/ignore': 'false' },
    { 'control-plane': 'x' },
    { name: 'osm-system' },
  ].map((labels): Case => ({
    name: `namespace with ${JSON.stringify(labels)}`,
    object: deploymentOf(),
    namespace: place('enabled', labels as Record<string, string>),
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  })),
  {
    name: 'namespace with another name',
    object: deploymentOf(),
    namespace: place('enabled', { name: 'shop' }),
    verdict: 'covered',
  },
  {
    name: 'label instead of annotation on the pod',
    object: deploymentOf({ labels: { [inject]: 'enabled' } }),
    namespace: place(null),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'label instead of annotation on the namespace',
    object: deploymentOf(),
    namespace: place(null, { [inject]: 'enabled' }),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the Deployment',
    object: deploymentOf({}, note('enabled')),
    namespace: place(null),
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'forged volume',
    object: deploymentOf({ spec: { volumes: [osmVolume] } }),
    verdict: 'not-injected',
    reason: 'osm-forged-volume',
  },
  {
    name: 'a container of the name that the injector adds: two are refused',
    object: deploymentOf({ containers: [app, { name: 'envoy', image: 'x' }] }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a ConfigMap of that name',
    object: deploymentOf({
      spec: { volumes: [{ name: 'envoy-bootstrap-config-volume', configMap: { name: 'x' } }] },
    }),
    verdict: 'covered',
  },
  {
    name: 'a Secret of another name',
    object: deploymentOf({ spec: { volumes: [{ ...osmVolume, name: 'x' }] } }),
    verdict: 'covered',
  },
  {
    name: 'init container: always ahead',
    object: deploymentOf({ initContainers: [{ ...app, name: 'm' }] }),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'pod as the user of the sidecar',
    object: deploymentOf({ spec: asUser(1500) }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
]

const traffic = (
  [
    ['inbound-port-exclusion-list', '8080', 'osm-appmesh-exclusions'],
    ['outbound-port-exclusion-list', '6379, 7070', 'osm-appmesh-exclusions'],
    ['outbound-port-exclusion-list', '6379,', 'injector-refuses'],
    ['outbound-port-exclusion-list', '0', 'injector-refuses'],
    ['outbound-ip-range-exclusion-list', '10.0.0.0/8', 'osm-appmesh-exclusions'],
    ['outbound-ip-range-exclusion-list', '10.0.0.1', 'injector-refuses'],
    ['outbound-ip-range-inclusion-list', '10.0.0.0/8', 'osm-appmesh-exclusions'],
    ['metrics', 'enabled', null],
  ] as const
).map(([name, value, id]): Case => ({
  name: `${name}=${value}`,
  object: deploymentOf({ annotations: { [`openservicemesh.io/${name}`]: value } }),
  verdict: id === null ? 'covered' : id === 'injector-refuses' ? 'rejected' : 'blind',
  ...(id === null ? {} : { reason: id }),
}))

const olderScript = [
  'iptables -t nat -N PROXY_INBOUND',
  'iptables -t nat -A PROXY_REDIRECT -p tcp -j REDIRECT --to-port 15001',
  'iptables -t nat -A PROXY_REDIRECT -p tcp --dport 15000 -j ACCEPT',
  'iptables -t nat -A OUTPUT -p tcp -j PROXY_OUTPUT',
  'iptables -t nat -A PROXY_OUTPUT -m owner --uid-owner 1500 -j RETURN',
  'iptables -t nat -A PROXY_OUTPUT -d 127.0.0.1/32 -j RETURN',
  'iptables -t nat -A PROXY_OUTPUT -j PROXY_REDIRECT',
  'iptables -t nat -A PROXY_IN_REDIRECT -p tcp -j REDIRECT --to-port 15003',
  'iptables -t nat -A PREROUTING -p tcp -j PROXY_INBOUND',
  'iptables -t nat -A PROXY_INBOUND -p tcp --dport 15010 -j RETURN',
  'iptables -t nat -A PROXY_INBOUND -p tcp -j PROXY_IN_REDIRECT',
].join(' && ')
const withInit = (init: Manifest): Manifest =>
  podOf({ containers: [app, osmEnvoy], initContainers: [init] })
const withRules = (...more: string[]) => withInit({ ...osmInit, args: ['-c', osmScript(...more)] })

const verified: Case[] = [
  {
    name: 'bare although asked for',
    ...running(podOf()),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare, with the Secret of a proxy',
    ...running(podOf({ spec: { volumes: [osmVolume] } })),
    verdict: 'not-injected',
    reason: 'osm-forged-volume',
  },
  {
    name: 'bare, with the label of the injector',
    ...running(podOf({ labels: { 'osm-proxy-uuid': 'x' } })),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'an envoy of somebody else is no sidecar',
    ...running(podOf({ containers: [app, { name: 'envoy', image: 'evil/envoy' }] })),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'nor does it hide why there is none',
    ...running(podOf({ containers: [app, { name: 'envoy', image: 'envoyproxy/envoy:v1.30' }] })),
    namespace: {},
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
  },
  {
    name: 'fake envoy in a pod that the injector seems to have made',
    ...running(osmPod({ containers: [] }, { ...osmEnvoy, image: 'evil/envoy' })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a real envoy with another configuration',
    ...running(
      podOf({
        containers: [app, { ...osmEnvoy, args: ['--config-path', '/x.yaml'] }],
        initContainers: [osmInit],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'without osm-init',
    ...running(podOf({ containers: [app, osmEnvoy] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'osm-init of another image',
    ...running(withInit({ ...osmInit, image: 'evil/init' })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'osm-init that redirects nothing',
    ...running(withInit({ ...osmInit, args: ['-c', 'true'] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  ...['exit 0', 'iptables -t nat -F', '-D OUTPUT 1', 'true; true'].map((line): Case => ({
    name: `osm-init that also does "${line}"`,
    ...running(withInit({ ...osmInit, args: ['-c', `${osmScript()}\n${line}`] })),
    verdict: 'blind',
    reason: 'capture-missing',
  })),
  {
    name: 'osm-init whose rules are a comment',
    ...running(
      withInit({ ...osmInit, args: ['-c', osmScript().replaceAll('\n', '\n#').replace(/^/, '#')] }),
    ),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'osm-init of 1.0: commands one after the other',
    ...running(withInit({ ...osmInit, args: ['-c', olderScript] })),
    verdict: 'covered',
  },
  {
    name: 'osm-init that leaves ports out',
    ...running(withRules('-I OSM_PROXY_OUTBOUND -p tcp --match multiport --dports 5432 -j RETURN')),
    verdict: 'blind',
    reason: 'osm-appmesh-exclusions',
  },
  {
    name: 'osm-init that leaves addresses out',
    ...running(withRules('-I OSM_PROXY_OUTBOUND -d 10.0.0.0/8 -j RETURN')),
    verdict: 'blind',
    reason: 'osm-appmesh-exclusions',
  },
  {
    name: 'osm-init that leaves everything out at the end',
    ...running(withRules('-I OSM_PROXY_OUTBOUND -j RETURN')),
    verdict: 'blind',
    reason: 'osm-appmesh-exclusions',
  },
  {
    name: 'init container ahead',
    ...running(osmPod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'container as the user of the sidecar',
    ...running(osmPod({ containers: [{ ...app, ...asUser(1500) }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'group of the sidecar: users only are left alone',
    ...running(osmPod({ containers: [{ ...app, securityContext: { runAsGroup: 1500 } }] })),
    verdict: 'covered',
  },
  {
    name: 'an image that the MeshConfig names',
    ...running(
      podOf({
        containers: [app, { ...osmEnvoy, image: 'mirror.example/envoy:1' }],
        initContainers: [osmInit],
      }),
    ),
    objects: [meshConfig({ sidecar: { envoyImage: 'mirror.example/envoy:2' } })],
    verdict: 'covered',
  },
]

function meshConfig(spec: Manifest): Manifest {
  return {
    apiVersion: 'config.openservicemesh.io/v1alpha2',
    kind: 'MeshConfig',
    metadata: { name: 'osm-mesh-config', namespace: 'osm-system' },
    spec,
  }
}

runCases(osm, [...table, ...gates, ...traffic, ...verified], osmPod())

test('settings come from the injector; what is left out of every redirect is found on the MeshConfig', () => {
  const plane: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'osm-injector', namespace: 'mesh' },
    spec: {
      template: {
        spec: {
          containers: [
            { image: 'openservicemesh/osm-injector:v1.2.4', args: ['--mesh-name', 'blue'] },
          ],
        },
      },
    },
  }
  const config = meshConfig({
    traffic: { outboundPortExclusionList: [6379], inboundPortExclusionList: [] },
  })
  const objects = clusterObjects([plane, config], osm.reads)
  expect(osm.settingsFrom(objects)).toEqual({
    version: '1.2.4',
    osmNamespace: 'mesh',
    meshName: 'blue',
  })
  const found = osm.besides({
    objects,
    settings: {},
    injectors: [],
    live: false,
    namespaces: new Map(),
    subjects: [],
  })
  expect(found.map(({ id, path }) => [id, path])).toEqual([
    ['osm-appmesh-exclusions', 'spec.traffic.outboundPortExclusionList'],
  ])
})
