// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { kumaCniPod, kumaInit, kumaNativePod, kumaPod, kumaSidecar } from './kuma-specimens.ts'
import { kuma } from './kuma.ts'

const inject = 'kuma.io/sidecar-injection'
const mark = (value: string) => ({ labels: { [inject]: value } })
const note = (key: string, value: string) => ({ annotations: { [key]: value } })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})

/** Both gates: label of the namespace, label of the pod, injected or why not. */
const truth: [string | null, string | null, string | null][] = [
  ['enabled', null, null],
  ['true', null, null],
  ['enabled', 'enabled', null],
  ['enabled', 'true', null],
  ['enabled', 'yes', null],
  ['enabled', 'disabled', 'optout-label-kuma'],
  ['enabled', 'false', 'optout-label-kuma'],
  ['enabled', 'no', 'optout-label-kuma'],
  ['enabled', 'Disabled', 'injector-refuses'],
  ['enabled', '', 'injector-refuses'],
  ['disabled', 'enabled', null],
  ['disabled', null, 'ns-optout'],
  ['false', null, 'ns-optout'],
  ['disabled', 'true', 'kuma-pod-label-true'],
  ['disabled', 'yes', 'kuma-pod-label-true'],
  ['disabled', 'disabled', 'optout-label-kuma'],
  ['yes', null, 'ns-label-typo'],
  ['yes', 'enabled', null],
  ['Enabled', null, 'ns-label-typo'],
  ['on', 'enabled', null],
  [null, null, 'ns-unlabelled'],
  [null, 'enabled', 'kuma-ns-label-required'],
  [null, 'true', 'kuma-pod-label-true'],
  [null, 'disabled', 'optout-label-kuma'],
]

const table = truth.map(([namespace, pod, reason]): Case => ({
  name: `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}`,
  object: deploymentOf(pod === null ? {} : mark(pod)),
  namespace: namespace === null ? {} : mark(namespace),
  verdict:
    reason === null ? 'covered' : reason === 'injector-refuses' ? 'rejected' : 'not-injected',
  ...(reason === null ? {} : { reason }),
}))

const mesh = (name: string): Manifest => ({
  apiVersion: 'kuma.io/v1alpha1',
  kind: 'Mesh',
  metadata: { name },
})
const patch = (path: string): Manifest => ({
  apiVersion: 'kuma.io/v1alpha1',
  kind: 'ContainerPatch',
  metadata: { name: 'p1', namespace: 'kuma-system' },
  spec: { sidecarPatch: [{ op: 'add', path, value: '"x"' }] },
})
const asUser = (runAsUser: number) => ({ securityContext: { runAsUser } })

const gates: Case[] = [
  {
    name: 'the label of the pod was enough before 2.11',
    object: deploymentOf(mark('enabled')),
    namespace: {},
    settings: { version: '2.10.1' },
    verdict: 'covered',
  },
  {
    name: 'and is not from 2.11',
    object: deploymentOf(mark('enabled')),
    namespace: {},
    settings: { version: '2.11.0' },
    verdict: 'not-injected',
    reason: 'kuma-ns-label-required',
    path: 'namespace.metadata.labels',
  },
  {
    name: 'annotation on the namespace',
    object: deploymentOf(),
    namespace: note(inject, 'enabled'),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the pod',
    object: deploymentOf(note(inject, 'enabled')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the pod, in a namespace that leaves it to its pods',
    object: deploymentOf(note(inject, 'enabled')),
    namespace: mark('disabled'),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'an annotation that says no is not read',
    object: deploymentOf(note(inject, 'disabled')),
    verdict: 'covered',
  },
  {
    name: 'label on the Deployment',
    object: deploymentOf({}, mark('enabled')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'kube-system',
    object: deploymentOf(mark('enabled')),
    namespaceName: 'kube-system',
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'the namespace of the control plane',
    object: deploymentOf(),
    namespaceName: 'mesh',
    settings: { systemNamespace: 'mesh' },
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'a namespace that is not on the list of the chart',
    object: deploymentOf(mark('enabled')),
    settings: { namespaceAllowList: ['other'] },
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'a namespace on that list',
    object: deploymentOf(),
    settings: { namespaceAllowList: ['shop'] },
    verdict: 'covered',
  },
  {
    name: 'exception label',
    object: deploymentOf({
      labels: { 'openshift.io/build.name': 'any', ...mark('enabled').labels },
    }),
    verdict: 'not-injected',
    reason: 'exception-label',
  },
  {
    name: 'a label that is no exception here',
    object: deploymentOf({ labels: { 'openshift.io/build.name': 'any' } }),
    settings: { exceptions: ['openshift.io/build.name=other', 'x=*'] },
    verdict: 'covered',
  },
  {
    name: 'fake container',
    object: deploymentOf({ containers: [app, { name: 'kuma-sidecar', image: 'pause' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'fake init container',
    object: deploymentOf({ initContainers: [{ name: 'kuma-sidecar', image: 'pause' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a name that only looks like it',
    object: deploymentOf({ containers: [app, { name: 'kuma-sidecar-2', image: 'pause' }] }),
    verdict: 'covered',
  },
  {
    name: 'container as the sidecar user: refused',
    object: deploymentOf({ containers: [{ ...app, ...asUser(5678) }] }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'pod as the sidecar user: not looked at, and blind',
    object: deploymentOf({ spec: asUser(5678) }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'init container as the sidecar user: only warned of',
    object: deploymentOf({ initContainers: [{ ...app, name: 'm', ...asUser(5678) }] }),
    verdict: 'blind',
    reason: 'init-as-proxy-uid',
  },
  {
    name: 'another user',
    object: deploymentOf({ containers: [{ ...app, ...asUser(1337) }] }),
    verdict: 'covered',
  },
  {
    name: 'another sidecar user',
    object: deploymentOf({ containers: [{ ...app, ...asUser(7000) }] }),
    settings: { sidecarUser: 7000 },
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'hostNetwork is not looked at: injected, and blind',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'blind',
    reason: 'host-network',
  },
  {
    name: 'a mesh that does not exist',
    object: deploymentOf({ labels: { 'kuma.io/mesh': 'demo' } }),
    objects: [mesh('default')],
    complete: ['Mesh'],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'the default mesh is not among the files',
    object: deploymentOf(),
    objects: [mesh('demo')],
    verdict: 'covered',
  },
  {
    name: 'the default mesh is not in the cluster',
    object: deploymentOf(),
    objects: [mesh('demo')],
    complete: ['Mesh'],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a mesh of its own',
    object: deploymentOf({ labels: { 'kuma.io/mesh': 'demo' } }),
    objects: [mesh('default'), mesh('demo')],
    verdict: 'covered',
  },
  {
    name: 'the mesh of the namespace',
    object: deploymentOf(),
    namespace: { labels: { [inject]: 'enabled', 'kuma.io/mesh': 'gone' } },
    objects: [mesh('default')],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'the Mesh of another project',
    object: deploymentOf(),
    objects: [{ ...mesh('other'), apiVersion: 'appmesh.k8s.aws/v1beta2' }],
    verdict: 'covered',
  },
  {
    name: 'injected by hand',
    object: deploymentOf({
      initContainers: [kumaInit, { ...kumaSidecar, restartPolicy: 'Always' }],
    }),
    namespace: {},
    verdict: 'covered',
  },
  {
    name: 'init container, native sidecars not known',
    object: deploymentOf({ initContainers: [{ ...app, name: 'm' }] }),
    verdict: 'covered',
  },
  ...(
    [
      [{ nativeSidecars: false }, {}, 'init-before-capture'],
      [{ version: '2.14' }, {}, 'init-before-capture'],
      [{ version: '2.14' }, note('kuma.io/init-first', 'true'), null],
      [{ version: '2.14', nativeSidecars: true }, {}, null],
      [{ version: '3.0' }, {}, null],
      [{ nativeSidecars: false, cni: true }, {}, null],
    ] as const
  ).map(([settings, parts, reason]): Case => ({
    name: `init container with ${JSON.stringify({ ...settings, ...parts })}`,
    object: deploymentOf({ ...parts, initContainers: [{ ...app, name: 'm' }] }),
    settings,
    verdict: reason === null ? 'covered' : 'blind',
    ...(reason === null ? {} : { reason }),
  })),
]

const traffic = (
  [
    ['traffic.kuma.io/exclude-outbound-ports', '1234', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-outbound-ports', '', null],
    ['traffic.kuma.io/exclude-inbound-ports', '8080', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-outbound-ips', '10.0.0.1/32', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-inbound-ips', '10.0.0.0/8', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-outbound-ports-for-uids', 'tcp:22:1000-2000', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-outbound-ports-for-uids', '*:*:0-99', 'proxy-uid-realigned'],
    ['traffic.kuma.io/exclude-outbound-tcp-ports-for-uids', '22:1000', 'kuma-exclusions'],
    ['traffic.kuma.io/exclude-outbound-tcp-ports-for-uids', '1-65535:0', 'proxy-uid-realigned'],
    ['traffic.kuma.io/exclude-outbound-udp-ports-for-uids', '53:106-108', 'kuma-exclusions'],
    ['traffic.kuma.io/transparent-proxy-configmap-name', 'mine', 'kuma-exclusions'],
    ['traffic.kuma.io/iptables-logs', 'true', null],
    ['kuma.io/gateway', 'enabled', 'kuma-exclusions'],
    ['kuma.io/gateway', 'disabled', null],
    ['kuma.io/gateway', 'on', 'injector-refuses'],
    ['kuma.io/sidecar-env-vars', 'A=1;B=2', 'kuma-exclusions'],
    ['kuma.io/sidecar-env-vars', 'A', 'injector-refuses'],
    ['kuma.io/direct-access-services', '*', 'kuma-exclusions'],
    ['kuma.io/container-patches', 'p1', 'kuma-exclusions'],
    ['kuma.io/transparent-proxying', 'disabled', null],
    ['kuma.io/transparent-proxying-ip-family-mode', 'ipv4', 'ipv6'],
    ['kuma.io/transparent-proxying-ip-family-mode', 'dualstack', null],
    ['kuma.io/envoy-log-level', 'debug', null],
  ] as const
).map(([key, value, id]): Case => ({
  name: `${key}=${value}`,
  object: deploymentOf(note(key, value)),
  verdict: id === null ? 'covered' : id === 'injector-refuses' ? 'rejected' : 'blind',
  ...(id === null ? {} : { reason: id }),
}))

const forUsers = (value: string) => note('traffic.kuma.io/exclude-outbound-ports-for-uids', value)
const uids: Case[] = [
  {
    name: 'the user of the application is left out, by a range',
    object: deploymentOf({
      ...forUsers('tcp:22:7;53:1000-2000'),
      containers: [{ ...app, ...asUser(1500) }],
    }),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'another user is left out',
    object: deploymentOf({ ...forUsers('1000-2000'), containers: [{ ...app, ...asUser(2001) }] }),
    verdict: 'blind',
    reason: 'kuma-exclusions',
  },
  {
    name: 'a patch that replaces the image',
    object: deploymentOf(note('kuma.io/container-patches', 'p1')),
    objects: [patch('/image')],
    verdict: 'blind',
    reason: 'proxy-image-override',
  },
  {
    name: 'a patch of something else',
    object: deploymentOf(note('kuma.io/container-patches', 'p1')),
    objects: [patch('/securityContext/privileged')],
    verdict: 'blind',
    reason: 'kuma-exclusions',
  },
  {
    name: 'a patch that does not exist',
    object: deploymentOf(note('kuma.io/container-patches', 'p2')),
    objects: [patch('/image')],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
]

const config = 'traffic.kuma.io/transparent-proxy-config'
const cni: Case[] = [
  { name: 'CNI as it should be', ...running(kumaCniPod()), verdict: 'covered' },
  {
    name: 'CNI and a container called kuma-init',
    object: deploymentOf({ initContainers: [{ name: 'kuma-init', image: 'pause' }] }),
    settings: { cni: true },
    verdict: 'blind',
    reason: 'cni-skip-init-name',
  },
  {
    name: 'a regular container of that name',
    object: deploymentOf({ containers: [app, { name: 'kuma-init', image: 'pause' }] }),
    settings: { cni: true },
    verdict: 'covered',
  },
  {
    name: 'CNI and a redirect that the manifest brings along',
    object: deploymentOf(note(config, 'redirect: {outbound: {enabled: false}}')),
    settings: { cni: true },
    verdict: 'blind',
    reason: 'cni-forged-redirect',
  },
  {
    name: 'which the injector overwrites',
    object: deploymentOf(note(config, 'redirect: {outbound: {enabled: false}}')),
    settings: { cni: true, transparentProxyConfigMap: true },
    verdict: 'covered',
    ids: ['cni-forged-redirect'],
  },
  {
    name: 'which nobody reads without the plugin',
    object: deploymentOf(note(config, 'redirect: {outbound: {enabled: false}}')),
    settings: { cni: false },
    verdict: 'covered',
    ids: [],
  },
  {
    name: 'which the plugin reads, should there be one',
    object: deploymentOf(note(config, 'redirect: {outbound: {enabled: false}}')),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
  },
  {
    name: 'CNI, and the redirect leaves another user alone',
    ...running(kumaCniPod(note(config, 'kumaDPUser: "1000"'))),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
  },
  {
    name: 'CNI, and the application is that user',
    ...running(
      kumaCniPod({
        ...note(config, 'kumaDPUser: 1000'),
        containers: [{ ...app, ...asUser(1000) }],
      }),
    ),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
    ids: ['cni-forged-redirect', 'proxy-uid-realigned'],
  },
  {
    name: 'CNI, and an injector that does not write this annotation',
    ...running(kumaCniPod(note('kuma.io/transparent-proxying-outbound-port', '15001'))),
    verdict: 'blind',
    reason: 'cni-forged-redirect',
  },
  {
    name: 'CNI without the annotation of the injector',
    ...running(kumaCniPod(note('kuma.io/sidecar-injected', 'yes'))),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'CNI, namespace excluded',
    object: deploymentOf(),
    settings: { cni: true, cniExcludedNamespaces: ['shop'] },
    verdict: 'blind',
    reason: 'capture-missing',
  },
]

const verified: Case[] = [
  { name: 'native, redirect in an annotation', ...running(kumaNativePod()), verdict: 'covered' },
  {
    name: 'bare although asked for',
    ...running(podOf()),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare, and it would have been refused: so nobody asked the injector',
    ...running(podOf({ containers: [{ ...app, ...asUser(5678) }] })),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'marker without sidecar',
    ...running(podOf(note('kuma.io/sidecar-injected', 'true'))),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'fake sidecar in a finished pod',
    ...running(podOf({ containers: [app, { name: 'kuma-sidecar', image: 'evil/kuma-dp' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a mirror of the images that the settings name',
    ...running(podOf({ containers: [app, { ...kumaSidecar, image: 'mirror.example/dp:1' }] })),
    settings: { images: ['mirror.example/dp'] },
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'another image by a patch',
    ...running(
      podOf({
        ...note('kuma.io/container-patches', 'p1'),
        containers: [app, { ...kumaSidecar, image: 'evil/dp' }],
        initContainers: [kumaInit],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-image-override',
  },
  {
    name: 'sidecar with a command',
    ...running(podOf({ containers: [{ ...kumaSidecar, command: ['sleep'] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'without kuma-init',
    ...running(podOf({ containers: [kumaSidecar, app] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'kuma-init with another command',
    ...running(
      podOf({
        containers: [kumaSidecar, app],
        initContainers: [{ ...kumaInit, command: ['true'] }],
      }),
    ),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  ...(
    [
      ['--exclude-outbound-ports=5432', 'kuma-exclusions'],
      ['--exclude-inbound-ports=9000,8080', 'kuma-exclusions'],
      ['--exclude-inbound-ports=9000,9901', null],
      ['--redirect-inbound=false', 'kuma-exclusions'],
      ['--redirect-inbound=true', null],
      ['--dry-run', 'capture-missing'],
      ['--ip-family-mode=ipv4', 'ipv6'],
      ['--ip-family-mode=dualstack', null],
      ['--config=/tmp/x.yaml', 'kuma-exclusions'],
      ['--config=/tmp/transparent-proxy/base/config.yaml', null],
    ] as const
  ).map(([arg, reason]): Case => ({
    name: `kuma-init with ${arg}`,
    ...running(
      podOf({ containers: [kumaSidecar, app], initContainers: [{ ...kumaInit, args: [arg] }] }),
    ),
    verdict: reason === null ? 'covered' : 'blind',
    ...(reason === null ? {} : { reason }),
  })),
  {
    name: 'kuma-init with a variable of its own',
    ...running(
      podOf({
        containers: [kumaSidecar, app],
        initContainers: [
          {
            ...kumaInit,
            env: [{ name: 'KUMA_TRANSPARENT_PROXY_REDIRECT_OUTBOUND_ENABLED', value: 'false' }],
          },
        ],
      }),
    ),
    verdict: 'blind',
    reason: 'kuma-exclusions',
  },
  {
    name: 'IPv4 only, and the pod has no other address',
    ...running({
      ...podOf({
        containers: [kumaSidecar, app],
        initContainers: [{ ...kumaInit, args: ['--ip-family-mode=ipv4'] }],
      }),
      status: { podIPs: [{ ip: '10.1.2.3' }] },
    }),
    verdict: 'covered',
  },
  {
    name: 'the annotation that kuma-init reads leaves ports out',
    ...running(kumaNativePod(note(config, 'redirect: {outbound: {excludePorts: [5432]}}'))),
    verdict: 'blind',
    reason: 'kuma-exclusions',
  },
  {
    name: 'the annotation that kuma-init reads turns the redirect off',
    ...running(kumaNativePod(note(config, 'redirect: {outbound: {enabled: false}}'))),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'init container before kuma-init',
    ...running(kumaPod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'init container before native sidecars: somebody else put it there',
    ...running(withAhead(kumaNativePod())),
    verdict: 'blind',
    reason: 'init-ahead-by-other-webhook',
  },
  {
    name: 'init container before kuma-init, which asked to be first',
    ...running(
      kumaPod({ ...note('kuma.io/init-first', 'true'), initContainers: [{ ...app, name: 'm' }] }),
    ),
    verdict: 'blind',
    reason: 'init-ahead-by-other-webhook',
  },
  {
    name: 'init container after native sidecars',
    ...running(kumaNativePod({ initContainers: [{ ...app, name: 'm' }] })),
    verdict: 'covered',
  },
  {
    name: 'container as the sidecar user',
    ...running(kumaPod({ containers: [{ ...app, ...asUser(5678) }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'group of the sidecar: users only are left alone',
    ...running(kumaPod({ containers: [{ ...app, securityContext: { runAsGroup: 5678 } }] })),
    verdict: 'covered',
  },
  {
    name: 'the user left alone was moved',
    ...running(
      podOf({
        containers: [kumaSidecar, { ...app, ...asUser(1000) }],
        initContainers: [{ ...kumaInit, args: ['--kuma-dp-user', '1000'] }],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
]

function withAhead(pod: Manifest): Manifest {
  const spec = pod.spec as { initContainers: Manifest[] }
  return {
    ...pod,
    spec: { ...spec, initContainers: [{ ...app, name: 'm' }, ...spec.initContainers] },
  }
}

runCases(kuma, [...table, ...gates, ...traffic, ...uids, ...cni, ...verified], kumaPod())

const plane: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'kuma-control-plane', namespace: 'mesh' },
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: 'control-plane',
            image: 'docker.io/kumahq/kuma-cp:2.12.1',
            env: [
              { name: 'KUMA_RUNTIME_KUBERNETES_INJECTOR_CNI_ENABLED', value: 'true' },
              { name: 'KUMA_INJECTOR_INIT_CONTAINER_IMAGE', value: 'mirror.example/init:1' },
              {
                name: 'KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_OUTBOUND_PORTS',
                value: '5',
              },
            ],
          },
        ],
      },
    },
  },
}
const map: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kuma-control-plane-config', namespace: 'mesh' },
  data: {
    'config.yaml':
      'runtime: {kubernetes: {injector: {exceptions: {labels: {a: b}}, sidecarContainer: {uid: 7}, sidecarTraffic: {excludeInboundPorts: [1]}}}}',
  },
}

test('settings come from the control plane', () => {
  expect(kuma.settingsFrom(clusterObjects([plane, map], kuma.reads))).toEqual({
    systemNamespace: 'mesh',
    version: '2.12.1',
    images: ['mirror.example/init:1'],
    cni: true,
    sidecarUser: 7,
    exceptions: ['a=b'],
  })
  expect(kuma.settingsFrom(clusterObjects([], kuma.reads))).toEqual({})
})

test('what the installation leaves out of every redirect is found on its objects', () => {
  const besides = (...objects: Manifest[]) =>
    kuma
      .besides({
        objects: clusterObjects(objects, kuma.reads),
        settings: {},
        injectors: [],
        live: false,
        namespaces: new Map(),
        subjects: [],
      })
      .map(({ id, path, object }) => [id, object.kind, path])
  expect(besides(plane, map, patch('/image'), patch('/env/0'))).toEqual([
    ['proxy-image-override', 'ContainerPatch', 'spec'],
    ['kuma-exclusions', 'ConfigMap', 'data.config.yaml'],
    ['kuma-exclusions', 'Deployment', 'spec.template.spec.containers[0].env[2]'],
  ])
  expect(besides(mesh('default'))).toEqual([])
})
