// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest, type PodParts } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import {
  consulCniPod,
  consulDataplane,
  consulInit,
  consulNativePod,
  consulNotes,
  consulPod,
  redirectOf,
} from './consul-specimens.ts'
import { consul } from './consul.ts'

const own = 'consul.hashicorp.com'
const inject = `${own}/connect-inject`
const notes = (annotations: Record<string, string>) => ({ annotations })
const asking = (parts: PodParts = {}): Manifest =>
  deploymentOf({ ...parts, annotations: { [inject]: 'true', ...parts.annotations } })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const asUser = (runAsUser: number) => ({ securityContext: { runAsUser } })

/** The annotation of the pod, what the installation does by default, injected or why not. */
const truth: [string | null, boolean | undefined, string | null][] = [
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((value): [string, undefined, null] => [
    value,
    undefined,
    null,
  ]),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((value): [string, true, string] => [
    value,
    true,
    'optout-annotation-others',
  ]),
  ...['yes', 'on', 'enabled', '', 'tRUE', ' true'].map((value): [string, true, string] => [
    value,
    true,
    'injector-refuses',
  ]),
  [null, undefined, 'injector-default-optin'],
  [null, false, 'injector-default-optin'],
  [null, true, null],
  ['false', false, 'optout-annotation-others'],
]

const table = truth.map(([value, defaultInject, reason]): Case => ({
  name: `annotation ${value === null ? 'absent' : `"${value}"`}, default ${defaultInject ?? 'not known'}`,
  object: deploymentOf(value === null ? {} : notes({ [inject]: value })),
  ...(defaultInject === undefined ? {} : { settings: { defaultInject } }),
  verdict:
    reason === null ? 'covered' : reason === 'injector-refuses' ? 'rejected' : 'not-injected',
  ...(reason === null ? {} : { reason }),
}))

const gates: Case[] = [
  ...['kube-system', 'kube-public', 'local-path-storage', 'openebs', 'gmp-system'].map(
    (namespaceName): Case => ({
      name: namespaceName,
      object: asking(),
      namespaceName,
      verdict: 'not-injected',
      reason: 'ignored-namespace',
    }),
  ),
  {
    name: 'a label of the namespace keeps the injector away',
    object: asking(),
    namespace: { labels: { 'openshift.io/cluster-monitoring': 'false' } },
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'another label of the namespace',
    object: asking(),
    namespace: { labels: { 'openshift.io/monitoring': 'true' } },
    verdict: 'covered',
  },
  {
    name: 'a label of the pod keeps the injector away',
    object: asking({ labels: { app: 'consul' } }),
    verdict: 'not-injected',
    reason: 'object-selector-evasion',
  },
  {
    name: 'the same label with another word',
    object: asking({ labels: { app: 'consul-client' } }),
    verdict: 'covered',
  },
  {
    name: 'the same label where the chart has another name',
    object: asking({ labels: { app: 'consul' } }),
    settings: { chartName: 'mesh' },
    verdict: 'covered',
  },
  {
    name: 'deny list',
    object: asking(),
    settings: { denyNamespaces: ['shop'] },
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  {
    name: 'the deny list wins over the allow list',
    object: asking(),
    settings: { denyNamespaces: ['shop'], allowNamespaces: ['shop'] },
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  {
    name: 'not on the allow list',
    object: asking(),
    settings: { allowNamespaces: ['other'] },
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'allow list with a star',
    object: asking(),
    settings: { allowNamespaces: ['other', '*'] },
    verdict: 'covered',
  },
  {
    name: 'label instead of annotation',
    object: deploymentOf({ labels: { [inject]: 'true' } }),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the Deployment',
    object: deploymentOf({}, notes({ [inject]: 'true' })),
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'the manifest says that it was injected',
    object: asking(notes({ [`${inject}-status`]: 'anything' })),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker'],
  },
  {
    name: 'and brings a redirect along',
    object: asking(
      notes({ [`${inject}-status`]: 'x', [`${own}/redirect-traffic-config`]: redirectOf() }),
    ),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker', 'cni-forged-redirect'],
  },
  {
    name: 'an empty status says nothing',
    object: asking(notes({ [`${inject}-status`]: '' })),
    verdict: 'covered',
  },
  {
    name: 'injected by hand',
    object: deploymentOf({
      annotations: consulNotes,
      containers: [app, consulDataplane],
      initContainers: [consulInit],
    }),
    verdict: 'covered',
  },
  {
    name: 'hostNetwork is not looked at: injected, and blind',
    object: asking({ spec: { hostNetwork: true } }),
    verdict: 'blind',
    reason: 'host-network',
  },
  {
    name: 'pod as the user of the sidecar: refused',
    object: asking({ spec: asUser(5995) }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'container as the user of the sidecar: refused',
    object: asking({ containers: [{ ...app, ...asUser(5995) }] }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: "container with the sidecar's image and user: let pass, and blind",
    object: asking({
      containers: [
        app,
        { ...app, name: 'x', image: 'hashicorp/consul-dataplane:1', ...asUser(5995) },
      ],
    }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'container as the user of the init container: not looked at, and blind',
    object: asking({ containers: [{ ...app, ...asUser(5996) }] }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'container as another user',
    object: asking({ containers: [{ ...app, ...asUser(5997) }] }),
    verdict: 'covered',
  },
  {
    name: 'several services with the transparent proxy',
    object: asking(notes({ [`${own}/connect-service`]: 'a,b' })),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'several services without it',
    object: asking(
      notes({ [`${own}/connect-service`]: 'a,b', [`${own}/transparent-proxy`]: 'false' }),
    ),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
  {
    name: 'init container: always ahead',
    object: asking({ initContainers: [{ ...app, name: 'm' }] }),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'init container with the CNI plugin',
    object: asking({ initContainers: [{ ...app, name: 'm' }] }),
    settings: { cni: true },
    verdict: 'covered',
  },
  {
    name: 'the namespace turns the transparent proxy off',
    object: asking(),
    namespace: { labels: { [`${own}/transparent-proxy`]: 'false' } },
    verdict: 'blind',
    reason: 'consul-tproxy-off',
    path: `namespace.metadata.labels[${own}/transparent-proxy]`,
  },
  {
    name: 'and the pod turns it on again',
    object: asking(notes({ [`${own}/transparent-proxy`]: 'true' })),
    namespace: { labels: { [`${own}/transparent-proxy`]: 'false' } },
    verdict: 'covered',
  },
  {
    name: 'the namespace has an annotation of that name, which nobody reads',
    object: asking(),
    namespace: notes({ [`${own}/transparent-proxy`]: 'false' }),
    verdict: 'covered',
  },
  {
    name: 'a label of the namespace that cannot be read',
    object: asking(),
    namespace: { labels: { [`${own}/transparent-proxy`]: 'off' } },
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'the installation has it off',
    object: asking(),
    settings: { transparentProxy: false },
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
]

const traffic = (
  [
    ['transparent-proxy', 'false', 'consul-tproxy-off'],
    ['transparent-proxy', '1', null],
    ['transparent-proxy', 'off', 'injector-refuses'],
    ['transparent-proxy-exclude-inbound-ports', '8080', 'consul-tproxy-off'],
    ['transparent-proxy-exclude-inbound-ports', '', null],
    ['transparent-proxy-exclude-outbound-ports', '5432', 'consul-tproxy-off'],
    ['transparent-proxy-exclude-outbound-cidrs', '0.0.0.0/0', 'consul-tproxy-off'],
    ['transparent-proxy-exclude-uids', '1000', 'consul-tproxy-off'],
    ['transparent-proxy-exclude-uids', '0', 'proxy-uid-realigned'],
    ['transparent-proxy-overwrite-probes', 'maybe', 'injector-refuses'],
    ['envoy-extra-args', '--mode validate', 'bootstrap-override'],
    ['envoy-extra-args', '--log-level debug', null],
    ['consul-sidecar-user-volume', 'no json', 'injector-refuses'],
    ['consul-sidecar-user-volume', '[]', null],
    ['service-tags', 'a,b', null],
  ] as const
).map(([name, value, id]): Case => ({
  name: `${name}=${value}`,
  object: asking(notes({ [`${own}/${name}`]: value })),
  verdict: id === null ? 'covered' : id === 'injector-refuses' ? 'rejected' : 'blind',
  ...(id === null ? {} : { reason: id }),
}))

const moved: Case[] = [
  {
    name: 'the user of the application is left out',
    object: asking({
      ...notes({ [`${own}/transparent-proxy-exclude-uids`]: '7, 1000' }),
      containers: [{ ...app, ...asUser(1000) }],
    }),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'native sidecar off for the pod: a risk',
    object: asking(notes({ [`${own}/enable-consul-dataplane-as-sidecar`]: 'false' })),
    verdict: 'covered',
    ids: ['native-sidecar-optout'],
  },
  {
    name: 'native sidecar on for the pod',
    object: asking(notes({ [`${own}/enable-consul-dataplane-as-sidecar`]: 'true' })),
    verdict: 'covered',
    ids: [],
  },
  {
    name: 'a redirect in the manifest: the injector writes over it',
    object: asking(notes({ [`${own}/redirect-traffic-config`]: redirectOf() })),
    settings: { cni: true },
    verdict: 'covered',
    ids: ['cni-forged-redirect'],
  },
  {
    name: 'a redirect in the manifest, and nothing writes over it',
    object: asking(
      notes({
        [`${own}/redirect-traffic-config`]: redirectOf(),
        [`${own}/transparent-proxy`]: 'false',
      }),
    ),
    settings: { cni: true },
    verdict: 'blind',
    reason: 'consul-tproxy-off',
    ids: ['consul-tproxy-off', 'cni-forged-redirect'],
  },
  {
    name: 'a redirect in the manifest, and no plugin',
    object: asking(notes({ [`${own}/redirect-traffic-config`]: redirectOf() })),
    settings: { cni: false },
    verdict: 'covered',
    ids: [],
  },
]

const initWith = (config: string): Manifest => ({
  ...consulInit,
  env: [{ name: 'CONSUL_REDIRECT_TRAFFIC_CONFIG', value: config }],
})
const podWith = (init: Manifest, parts: PodParts = {}) =>
  podOf({
    annotations: { ...consulNotes, ...parts.annotations },
    containers: [...(parts.containers ?? [app]), consulDataplane],
    initContainers: [init],
  })
const cniWith = (config: Manifest, parts: PodParts = {}) =>
  consulCniPod({
    ...parts,
    annotations: { [`${own}/redirect-traffic-config`]: redirectOf(config), ...parts.annotations },
  })

const verified: Case[] = [
  { name: 'native sidecar', ...running(consulNativePod()), verdict: 'covered' },
  { name: 'CNI plugin', ...running(consulCniPod()), verdict: 'covered', ids: [] },
  {
    name: 'init container with the CNI plugin, finished',
    ...running(consulCniPod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'covered',
  },
  {
    name: 'bare although asked for',
    ...running(podOf(notes({ [inject]: 'true' }))),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare and marked',
    ...running(podOf(notes(consulNotes))),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker', 'debug-copy'],
  },
  {
    name: 'fake sidecar',
    ...running(
      podOf({
        ...notes({ [inject]: 'true' }),
        containers: [app, { name: 'consul-dataplane', image: 'evil/consul-dataplane' }],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'sidecar with a command',
    ...running(
      podOf({
        ...notes(consulNotes),
        containers: [app, { ...consulDataplane, command: ['sleep'] }],
        initContainers: [consulInit],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'sidecar that is told nothing',
    ...running(
      podOf({
        ...notes(consulNotes),
        containers: [app, { ...consulDataplane, args: ['-version'] }],
        initContainers: [consulInit],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'without the init container',
    ...running(podOf({ ...notes(consulNotes), containers: [app, consulDataplane] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'init container that does something else',
    ...running(podWith({ ...consulInit, command: ['true'] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  ...['true # connect-init', 'consul-k8s-control-plane connect-init -x; true', 'connect-init'].map(
    (script): Case => ({
      name: `init container that does "${script}"`,
      ...running(podWith({ ...consulInit, command: ['/bin/sh', '-ec', script] })),
      verdict: 'blind',
      reason: 'capture-missing',
    }),
  ),
  {
    name: 'init container with all of its flags',
    ...running(
      podWith({
        ...consulInit,
        command: [
          '/bin/sh',
          '-ec',
          'consul-k8s-control-plane connect-init -pod-name=${POD_NAME} -pod-namespace=${POD_NAMESPACE} \\\n' +
            '  -log-level=info \\\n  -log-json=false \\\n  -service-name="" \\\n',
        ],
      }),
    ),
    verdict: 'covered',
  },
  {
    name: 'init container of another image',
    ...running(podWith({ ...consulInit, image: 'evil/consul-k8s-control-plane' })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'the redirect cannot be read',
    ...running(podWith(initWith('no json'))),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'injected without the transparent proxy',
    ...running(
      podWith({ ...consulInit, env: [] }, notes({ [`${own}/transparent-proxy`]: 'false' })),
    ),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
  {
    name: 'injected where the transparent proxy is off',
    ...running(
      podOf({
        ...notes({ [`${inject}-status`]: 'injected' }),
        containers: [app, consulDataplane],
        initContainers: [{ ...consulInit, env: [] }],
      }),
    ),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
  {
    name: 'a label that came later changes nothing',
    ...running(consulPod()),
    namespace: { labels: { [`${own}/transparent-proxy`]: 'false' } },
    verdict: 'covered',
  },
  {
    name: 'init container ahead',
    ...running(consulPod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'init container ahead of a native sidecar',
    ...running(consulNativePod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'ports left out, and no annotation tells',
    ...running(podWith(initWith(redirectOf({ ExcludeOutboundPorts: ['5432'] })))),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
  {
    name: 'another user left alone',
    ...running(podWith(initWith(redirectOf({ ProxyUserID: '0' })))),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
  },
  {
    name: 'CNI: addresses left out, and no annotation tells',
    ...running(cniWith({ ExcludeOutboundCIDRs: ['0.0.0.0/0'] })),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
  },
  {
    name: 'CNI: addresses left out by the annotation for it',
    ...running(
      cniWith(
        { ExcludeOutboundCIDRs: ['10.0.0.0/8'] },
        notes({ [`${own}/transparent-proxy-exclude-outbound-cidrs`]: '10.0.0.0/8' }),
      ),
    ),
    verdict: 'blind',
    reason: 'consul-tproxy-off',
    ids: ['consul-tproxy-off'],
  },
  {
    name: 'CNI: another user left alone, and the application is that one',
    ...running(cniWith({ ProxyUserID: '1000' }, { containers: [{ ...app, ...asUser(1000) }] })),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
    ids: ['cni-forged-redirect', 'proxy-uid-realigned'],
  },
  {
    name: 'CNI: the annotation of the plugin is empty',
    ...running(consulCniPod(notes({ [`${own}/transparent-proxy-status`]: '' }))),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'container as the user of the sidecar',
    ...running(consulPod({ containers: [{ ...app, ...asUser(5995) }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'init container as the user of the init container',
    ...running(consulCniPod({ initContainers: [{ ...app, name: 'm', ...asUser(5996) }] })),
    verdict: 'blind',
    reason: 'init-as-proxy-uid',
  },
  {
    name: 'group of the sidecar: users only are left alone',
    ...running(consulPod({ containers: [{ ...app, securityContext: { runAsGroup: 5995 } }] })),
    verdict: 'covered',
  },
]

const all = [...table, ...gates, ...traffic, ...moved, ...verified]
runCases(consul, all, consulPod(), { asksNamespace: false })

test('settings come from the flags of the injector', () => {
  const script = `consul-k8s-control-plane inject-connect \\
  -default-inject=true \\
  -consul-dataplane-image="mirror.example/dataplane:1" \\
  -enable-openshift \\
  -default-enable-transparent-proxy=false \\
  -enable-cni=true \\
  -allow-k8s-namespace="a" \\
  -allow-k8s-namespace="b" \\
  -deny-k8s-namespace="c"`
  const container = {
    image: 'hashicorp/consul-k8s-control-plane:1.5.1',
    command: ['/bin/sh', '-ec', script],
  }
  const plane: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'consul-connect-injector', namespace: 'consul' },
    spec: { template: { spec: { containers: [container] } } },
  }
  const direct: Manifest = {
    apiVersion: 'consul.hashicorp.com/v1alpha1',
    kind: 'ProxyDefaults',
    metadata: { name: 'global', namespace: 'consul' },
    spec: { mode: 'direct' },
  }
  const objects = clusterObjects([plane, direct], consul.reads)
  expect(consul.settingsFrom(objects)).toEqual({
    version: '1.5.1',
    images: ['mirror.example/dataplane:1'],
    cni: true,
    defaultInject: true,
    allowNamespaces: ['a', 'b'],
    denyNamespaces: ['c'],
    transparentProxy: false,
    openShift: true,
  })
  const input = {
    objects,
    settings: {},
    injectors: [],
    live: false,
    namespaces: new Map(),
    subjects: [],
  }
  expect(consul.besides(input).map(({ id, object }) => [id, object.kind])).toEqual([
    ['consul-tproxy-off', 'ProxyDefaults'],
    ['consul-tproxy-off', 'Deployment'],
  ])
  expect(consul.besides({ ...input, objects: clusterObjects([], consul.reads) })).toEqual([])
})
