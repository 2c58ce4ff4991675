// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import {
  app,
  deploymentOf,
  istioConfiguration,
  istioInit,
  istioNativePod,
  istioPod,
  istioProxy,
  istioStatus,
  istioValidation,
  podOf,
  type Manifest,
  type PodParts,
} from '../specimens.ts'
import { cover, runCases, type Case } from './cases.ts'
import { istio } from './istio.ts'

const inject = 'sidecar.istio.io/inject'
const enabled = { labels: { 'istio-injection': 'enabled' } }
const withLabel = (value: string) => deploymentOf({ labels: { [inject]: value } })
const withNote = (annotations: Record<string, string>) => deploymentOf({ annotations })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const finished = (parts: PodParts) => running(istioPod(parts))
const revisioned = istioConfiguration('canary', ['rev.namespace', 'rev.object'])
const ordinary = istioConfiguration('default', [
  'rev.namespace',
  'rev.object',
  'namespace',
  'object',
])
const as = (user: number, more: Manifest = {}): Manifest => ({
  ...app,
  securityContext: { runAsUser: user, ...more },
})

const gateOne: Case[] = [
  { name: 'enabled namespace', object: deploymentOf(), namespace: enabled, verdict: 'covered' },
  {
    name: 'unlabelled namespace',
    object: deploymentOf(),
    namespace: {},
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
  },
  {
    name: 'disabled namespace',
    object: deploymentOf(),
    namespace: { labels: { 'istio-injection': 'disabled' } },
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  {
    name: 'disabled namespace beats the pod label',
    object: withLabel('true'),
    namespace: { labels: { 'istio-injection': 'disabled' } },
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  ...['Enabled', 'true', 'on', ''].map((value): Case => ({
    name: `namespace label "${value}" is a typo`,
    object: withLabel('true'),
    namespace: { labels: { 'istio-injection': value } },
    verdict: 'not-injected',
    reason: 'ns-label-typo',
    path: 'namespace.metadata.labels[istio-injection]',
  })),
  {
    name: 'pod label true in an unlabelled namespace',
    object: withLabel('true'),
    namespace: {},
    verdict: 'covered',
  },
  {
    name: 'pod annotation true in an unlabelled namespace',
    object: withNote({ [inject]: 'true' }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'optin-annotation-noop',
  },
  {
    name: 'pod label false',
    object: withLabel('false'),
    verdict: 'not-injected',
    reason: 'optout-label-istio',
    path: `spec.template.metadata.labels[${inject}]`,
  },
  {
    name: 'an annotation on the Deployment and not on its pods',
    object: deploymentOf({}, { annotations: { [inject]: 'true' } }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
    path: `metadata.annotations[${inject}]`,
  },
  {
    name: 'the label on the Deployment and not on its pods',
    object: deploymentOf({}, { labels: { [inject]: 'true' } }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'the namespace key as an annotation',
    object: deploymentOf(),
    namespace: { annotations: { 'istio-injection': 'enabled' } },
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'kube-system',
    object: deploymentOf(),
    namespaceName: 'kube-system',
    namespace: {},
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'kube-system, labelled',
    object: deploymentOf(),
    namespaceName: 'kube-system',
    namespace: enabled,
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'every namespace by default',
    object: deploymentOf(),
    namespace: {},
    settings: { namespacesByDefault: true },
    verdict: 'covered',
  },
  {
    name: 'every namespace by default, pod names a revision',
    object: deploymentOf({ labels: { 'istio.io/rev': 'x' } }),
    namespace: {},
    settings: { namespacesByDefault: true },
    verdict: 'unknown',
    reason: 'revision-unknown',
  },
]

const ambient = { labels: { 'istio.io/dataplane-mode': 'ambient' } }
const ambientCases: Case[] = [
  {
    name: 'ambient namespace',
    object: deploymentOf(),
    namespace: ambient,
    verdict: 'unknown',
    reason: 'ambient-not-judged',
  },
  {
    name: 'ambient pod',
    object: deploymentOf(ambient),
    namespace: {},
    verdict: 'unknown',
    reason: 'ambient-not-judged',
  },
  {
    name: 'ambient namespace, pod opts out',
    object: deploymentOf({ labels: { 'istio.io/dataplane-mode': 'none' } }),
    namespace: ambient,
    verdict: 'not-injected',
    reason: 'ambient-optout',
  },
]

const revisions: Case[] = [
  {
    name: 'revision that exists',
    object: deploymentOf(),
    namespace: { labels: { 'istio.io/rev': 'canary' } },
    configurations: [revisioned],
    verdict: 'covered',
  },
  {
    name: 'revision that does not exist',
    object: deploymentOf(),
    namespace: { labels: { 'istio.io/rev': 'cannary' } },
    configurations: [revisioned],
    verdict: 'not-injected',
    reason: 'rev-label-dangling',
  },
  {
    name: 'revision, and no webhook configurations given',
    object: deploymentOf(),
    namespace: { labels: { 'istio.io/rev': 'canary' } },
    verdict: 'unknown',
    reason: 'revision-unknown',
  },
  {
    name: 'revision named in the settings',
    object: deploymentOf(),
    namespace: { labels: { 'istio.io/rev': 'canary' } },
    settings: { revisions: ['canary'] },
    verdict: 'covered',
  },
  {
    name: 'bare pod with a revision: no doubt left',
    ...running(podOf()),
    namespace: { labels: { 'istio.io/rev': 'canary' } },
    verdict: 'not-injected',
    reason: 'rev-label-dangling',
  },
  {
    name: 'enabled, with revisioned installs only',
    object: deploymentOf(),
    namespace: enabled,
    configurations: [revisioned],
    verdict: 'not-injected',
    reason: 'ns-both-labels-no-default',
  },
  {
    name: 'enabled, and the selector of the default leaves the namespace out by its name',
    object: deploymentOf(),
    namespace: enabled,
    configurations: [withoutShop(ordinary)],
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'a revision that exists, and its selector leaves the namespace out by its name',
    object: deploymentOf(),
    namespace: { labels: { 'istio.io/rev': 'canary' } },
    configurations: [withoutShop(revisioned)],
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'both labels, with a default',
    object: deploymentOf(),
    namespace: { labels: { 'istio-injection': 'enabled', 'istio.io/rev': 'gone' } },
    configurations: [ordinary],
    verdict: 'covered',
  },
  {
    name: 'both labels, without a default',
    object: deploymentOf(),
    namespace: { labels: { 'istio-injection': 'enabled', 'istio.io/rev': 'canary' } },
    configurations: [revisioned],
    verdict: 'not-injected',
    reason: 'ns-both-labels-no-default',
  },
  {
    name: 'pod label names a revision that exists',
    object: deploymentOf({ labels: { 'istio.io/rev': 'canary' } }),
    namespace: {},
    configurations: [revisioned],
    verdict: 'covered',
  },
  {
    name: 'pod label names a revision that does not',
    object: deploymentOf({ labels: { 'istio.io/rev': 'x', [inject]: 'true' } }),
    namespace: {},
    configurations: [ordinary],
    verdict: 'not-injected',
    reason: 'pod-rev-label-optout',
  },
  {
    name: 'deactivated configuration',
    object: deploymentOf(),
    namespace: enabled,
    configurations: [deactivated(ordinary)],
    verdict: 'not-injected',
    reason: 'ns-both-labels-no-default',
  },
]

const gateTwo: Case[] = [
  {
    name: 'hostNetwork',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
    path: 'spec.template.spec.hostNetwork',
  },
  {
    name: 'hostNetwork comes before the annotation',
    object: deploymentOf({ annotations: { [inject]: 'false' }, spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
  },
  {
    name: 'hostNetwork false',
    object: deploymentOf({ spec: { hostNetwork: false } }),
    verdict: 'covered',
  },
  {
    name: 'annotation false',
    object: withNote({ [inject]: 'false' }),
    verdict: 'not-injected',
    reason: 'optout-annotation-istio',
  },
  {
    name: 'the label hides the annotation',
    object: deploymentOf({ labels: { [inject]: 'true' }, annotations: { [inject]: 'false' } }),
    verdict: 'covered',
  },
  {
    name: 'an empty label hides it as well',
    object: deploymentOf({ labels: { [inject]: '' }, annotations: { [inject]: 'false' } }),
    verdict: 'covered',
  },
  ...['False', '0', 'no', 'off', 'disabled', 'maybe'].flatMap((value): Case[] => [
    {
      name: `"${value}" before 1.27`,
      object: withLabel(value),
      settings: { version: '1.26.8' },
      verdict: 'not-injected',
      reason: 'optout-odd-value-istio-le126',
    },
    {
      name: `"${value}" from 1.27`,
      object: withLabel(value),
      settings: { version: '1.27.0' },
      verdict: 'covered',
    },
    {
      name: `"${value}", version not known`,
      object: withLabel(value),
      verdict: 'not-injected',
      reason: 'optout-odd-value-istio-le126',
    },
  ]),
  ...['Yes', 'y', 'TRUE', 'on'].map((value): Case => ({
    name: `"${value}" is yes before 1.27`,
    object: withLabel(value),
    settings: { version: '1.26', autoInject: 'disabled' },
    verdict: 'covered',
  })),
  {
    name: 'Yes is nothing from 1.27',
    object: withLabel('Yes'),
    settings: { version: '1.27', autoInject: 'disabled' },
    verdict: 'not-injected',
    reason: 'injector-default-optin',
  },
  {
    name: 'neverInjectSelector',
    object: deploymentOf({ labels: { build: 'x' } }),
    settings: { neverInject: [{ matchLabels: { build: 'x' } }] },
    verdict: 'not-injected',
    reason: 'exception-label',
  },
  {
    name: 'an empty neverInjectSelector is ignored',
    object: deploymentOf(),
    settings: { neverInject: [{}] },
    verdict: 'covered',
  },
  {
    name: 'inject=true beats neverInjectSelector',
    object: deploymentOf({ labels: { build: 'x', [inject]: 'true' } }),
    settings: { neverInject: [{ matchLabels: { build: 'x' } }] },
    verdict: 'covered',
  },
  {
    name: 'autoInject disabled',
    object: deploymentOf(),
    settings: { autoInject: 'disabled' },
    verdict: 'not-injected',
    reason: 'injector-default-optin',
  },
  {
    name: 'autoInject disabled and asked for',
    object: withLabel('true'),
    settings: { autoInject: 'disabled' },
    verdict: 'covered',
  },
  {
    name: 'autoInject disabled and alwaysInjectSelector',
    object: deploymentOf({ labels: { web: 'y' } }),
    settings: { autoInject: 'disabled', alwaysInject: [{ matchLabels: { web: 'y' } }] },
    verdict: 'covered',
  },
  {
    name: 'autoInject of another word',
    object: withLabel('true'),
    settings: { autoInject: 'perhaps' },
    verdict: 'not-injected',
    reason: 'injector-default-optin',
  },
  {
    name: 'Windows',
    object: deploymentOf({ spec: { os: { name: 'windows' } } }),
    verdict: 'cannot-be-covered',
    reason: 'windows-pod',
  },
  {
    name: 'virtual node',
    object: deploymentOf({ spec: { nodeSelector: { type: 'virtual-kubelet' } } }),
    verdict: 'cannot-be-covered',
    reason: 'virtual-node',
  },
  {
    name: 'sidecar put in by hand, nothing labelled',
    object: deploymentOf({ containers: [app, istioProxy], initContainers: [istioInit] }),
    namespace: {},
    verdict: 'covered',
  },
]

const traffic = 'traffic.sidecar.istio.io'
const foreseen: Case[] = [
  [`${traffic}/excludeOutboundIPRanges`, '0.0.0.0/0', 'exclude-outbound-ips'],
  [`${traffic}/includeOutboundIPRanges`, '', 'exclude-outbound-ips'],
  [`${traffic}/includeOutboundIPRanges`, '*', null],
  [`${traffic}/excludeOutboundPorts`, '443,5432', 'exclude-outbound-ports'],
  [`${traffic}/excludeInboundPorts`, '8080', 'exclude-inbound-ports'],
  [`${traffic}/excludeInboundPorts`, '15020', null],
  [`${traffic}/includeInboundPorts`, '', 'exclude-inbound-ports'],
  [`${traffic}/includeInboundPorts`, '*', null],
  [`${traffic}/excludeInterfaces`, 'eth0', 'exclude-interfaces'],
  ['sidecar.istio.io/interceptionMode', 'NONE', 'interception-none'],
  ['sidecar.istio.io/interceptionMode', 'TPROXY', null],
  ['sidecar.istio.io/bootstrapOverride', 'mine', 'bootstrap-override'],
  ['inject.istio.io/templates', 'grpc-simple', 'inject-template-override'],
  ['inject.istio.io/templates', 'sidecar', null],
  ['sidecar.istio.io/proxyImage', 'evil.example/proxy:1', 'proxy-image-override'],
  ['sidecar.istio.io/proxyImage', 'proxyv2', null],
  ['proxy.istio.io/overrides', '{"containers":[]}', 'proxy-overrides-annotation'],
  ['proxy.istio.io/config', 'holdApplicationUntilProxyStarts: true', null],
  ['proxy.istio.io/config', 'discoveryAddress: evil.example:15012', 'proxy-config-override'],
  [
    'proxy.istio.io/config',
    '{"proxyMetadata": {"DRY_RUN": "true"}}',
    'proxymetadata-disables-redirect',
  ],
  ['proxy.istio.io/config', 'proxyMetadata:\n  DISABLE_ENVOY: "true"', 'disable-envoy'],
  ['proxy.istio.io/config', 'interceptionMode: NONE', 'interception-none'],
  ['proxy.istio.io/config', '{"\\u0064iscoveryAddress": "evil.example"}', 'proxy-config-override'],
].map(([key, value, id]): Case => ({
  name: `${key ?? ''}: ${value ?? ''}`,
  object: withNote({ [key ?? '']: value ?? '' }),
  verdict: id === null ? 'covered' : 'blind',
  ...(id === null || id === undefined ? {} : { reason: id }),
}))

const refused: Case[] = [
  {
    name: 'bad port',
    object: withNote({ [`${traffic}/excludeOutboundPorts`]: '99999' }),
    verdict: 'rejected',
    reason: 'invalid-traffic-annotation',
  },
  {
    name: 'bad network',
    object: withNote({ [`${traffic}/excludeOutboundIPRanges`]: '10.0.0.0/99' }),
    verdict: 'rejected',
    reason: 'invalid-traffic-annotation',
  },
  {
    name: 'bad mode',
    object: withNote({ 'sidecar.istio.io/interceptionMode': 'none' }),
    verdict: 'rejected',
    reason: 'invalid-traffic-annotation',
  },
  {
    name: 'unknown template',
    object: withNote({ 'inject.istio.io/templates': 'mine' }),
    verdict: 'rejected',
    reason: 'unknown-template',
  },
  {
    name: 'a custom template that exists',
    object: withNote({ 'inject.istio.io/templates': 'mine' }),
    settings: { templates: ['mine'] },
    verdict: 'covered',
  },
]

const merged: Case[] = [
  {
    name: 'istio-proxy of the user with image auto',
    object: deploymentOf({ containers: [app, { name: 'istio-proxy', image: 'auto' }] }),
    verdict: 'covered',
  },
  {
    name: 'istio-proxy of the user with another image',
    object: deploymentOf({ containers: [app, { name: 'istio-proxy', image: 'evil/p' }] }),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'istio-proxy of the user with a command',
    object: deploymentOf({
      containers: [app, { name: 'istio-proxy', image: 'auto', command: ['sleep'] }],
    }),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'istio-init of the user',
    object: deploymentOf({ initContainers: [{ name: 'istio-init', image: 'busybox' }] }),
    verdict: 'blind',
    reason: 'user-istio-init',
  },
  {
    name: 'application as the proxy user',
    object: deploymentOf({ containers: [as(1337)] }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
    path: 'spec.template.spec.containers[0].securityContext.runAsUser',
  },
  {
    name: 'the whole pod as the proxy user',
    object: deploymentOf({ spec: { securityContext: { runAsUser: 1337 } } }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
    path: 'spec.template.spec.securityContext.runAsUser',
  },
  { name: 'another user', object: deploymentOf({ containers: [as(1000)] }), verdict: 'covered' },
]

const verified: Case[] = [
  { name: 'injected, native sidecar', ...running(istioNativePod()), verdict: 'covered' },
  {
    name: 'injected, CNI',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [app, istioProxy],
        initContainers: [istioValidation],
      }),
    ),
    verdict: 'covered',
  },
  {
    name: 'injected, CNI, a container called istio-init',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [app, istioProxy],
        initContainers: [istioValidation, istioInit],
      }),
    ),
    verdict: 'blind',
    reason: 'cni-skip-init-name',
  },
  {
    name: 'bare, forged marker',
    ...running(podOf({ annotations: istioStatus })),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker', 'sidecar-stripped', 'debug-copy'],
  },
  {
    name: 'bare, forged marker, skipped namespace',
    ...running(podOf({ annotations: istioStatus })),
    namespace: { labels: { 'istio-injection': 'disabled' } },
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker', 'ns-optout', 'debug-copy'],
  },
  {
    name: 'bare in a disabled namespace',
    ...running(podOf()),
    namespace: { labels: { 'istio-injection': 'disabled' } },
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  {
    name: 'bare although everything asked for it',
    ...running(podOf()),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare by hostNetwork',
    ...running(podOf({ spec: { hostNetwork: true } })),
    verdict: 'not-injected',
    reason: 'host-network',
    path: 'spec.hostNetwork',
  },
  {
    name: 'fake container, foreign image',
    ...running(podOf({ containers: [app, { name: 'istio-proxy', image: 'evil/proxyv2' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'fake container and forged marker',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [app, { name: 'istio-proxy', image: 'evil.example/istio/proxyv2:1' }],
        initContainers: [istioInit],
      }),
    ),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'fake by proxyImage',
    ...running(
      podOf({
        annotations: { ...istioStatus, 'sidecar.istio.io/proxyImage': 'evil.example/p' },
        containers: [app, { ...istioProxy, image: 'evil.example/p' }],
        initContainers: [istioInit],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-image-override',
  },
  {
    name: 'the name on an init container that ends',
    ...running(podOf({ initContainers: [istioProxy, istioInit] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a mirror of the image, not listed',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [app, { ...istioProxy, image: 'mirror.example/proxyv2:1' }],
        initContainers: [istioInit],
      }),
    ),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'a mirror of the image, listed',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [app, { ...istioProxy, image: 'mirror.example/proxyv2:1' }],
        initContainers: [istioInit],
      }),
    ),
    settings: { images: ['mirror.example/proxyv2'] },
    verdict: 'covered',
  },
  {
    name: 'sidecar with a command',
    ...running(istioWith({ command: ['sleep', '1d'] })),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'sidecar with other arguments',
    ...running(istioWith({ args: ['wait'] })),
    verdict: 'blind',
    reason: 'user-istio-proxy',
  },
  {
    name: 'sidecar as a router beside an application',
    ...running(istioWith({ args: ['proxy', 'router'] })),
    verdict: 'blind',
    reason: 'cni-skip-proxy-type',
  },
  {
    name: 'a gateway: nothing but the proxy',
    ...running(
      podOf({
        annotations: { ...istioStatus, 'inject.istio.io/templates': 'gateway' },
        containers: [{ ...istioProxy, args: ['proxy', 'router'] }],
      }),
    ),
    verdict: 'covered',
  },
  {
    name: 'sidecar with DISABLE_ENVOY',
    ...running(istioWith({ env: [{ name: 'DISABLE_ENVOY', value: 'true' }] })),
    verdict: 'blind',
    reason: 'disable-envoy',
  },
  {
    name: 'no istio-init',
    ...running(podOf({ annotations: istioStatus, containers: [app, istioProxy] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'istio-init of a foreign image',
    ...running(initWith({ image: 'evil/x' })),
    verdict: 'blind',
    reason: 'user-istio-init',
  },
  {
    name: 'istio-init with a command',
    ...running(initWith({ command: ['true'] })),
    verdict: 'blind',
    reason: 'user-istio-init',
  },
  {
    name: 'istio-init with DRY_RUN',
    ...running(initWith({ env: [{ name: 'DRY_RUN', value: 'true' }] })),
    verdict: 'blind',
    reason: 'proxymetadata-disables-redirect',
  },
  {
    name: 'istio-init told to leave out ports',
    ...running(initWith({ args: ['istio-iptables', '-u', '1337', '-o', '5432'] })),
    verdict: 'blind',
    reason: 'exclude-outbound-ports',
  },
  {
    name: 'istio-init told another user, which an application has',
    ...running(
      podOf({
        annotations: istioStatus,
        containers: [as(0), istioProxy],
        initContainers: [{ ...istioInit, args: ['istio-iptables', '-u', '0'] }],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'application as the proxy user',
    ...finished({ containers: [as(1337)] }),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'application in the proxy group',
    ...finished({ containers: [as(1000, { runAsGroup: 1337 })] }),
    verdict: 'blind',
    reason: 'app-as-proxy-gid',
  },
  {
    name: 'init container as the proxy user',
    ...running(istioNativePod({ initContainers: [{ ...as(1337), name: 'migrate' }] })),
    verdict: 'blind',
    reason: 'init-as-proxy-uid',
  },
  {
    name: 'init container before istio-init',
    ...finished({ initContainers: [{ ...app, name: 'migrate' }] }),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'init container after a native sidecar',
    ...running(istioNativePod({ initContainers: [{ ...app, name: 'migrate' }] })),
    verdict: 'covered',
  },
  {
    name: 'init container put before a native sidecar',
    ...running(
      podOf({
        annotations: istioStatus,
        initContainers: [
          { ...app, name: 'first' },
          istioInit,
          { ...istioProxy, restartPolicy: 'Always' },
        ],
      }),
    ),
    verdict: 'blind',
    reason: 'init-ahead-by-other-webhook',
  },
  {
    name: 'NET_ADMIN',
    ...finished({
      containers: [{ ...app, securityContext: { capabilities: { add: ['CAP_NET_ADMIN'] } } }],
    }),
    verdict: 'blind',
    reason: 'net-admin',
  },
  {
    name: 'NET_RAW',
    ...finished({
      containers: [{ ...app, securityContext: { capabilities: { add: ['net_raw'] } } }],
    }),
    verdict: 'blind',
    reason: 'net-raw',
  },
  {
    name: 'privileged',
    ...finished({ containers: [{ ...app, securityContext: { privileged: true } }] }),
    verdict: 'blind',
    reason: 'privileged',
  },
  {
    name: 'debug container with NET_ADMIN',
    ...finished({
      spec: {
        ephemeralContainers: [
          { name: 'd', image: 'x', securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
        ],
      },
    }),
    verdict: 'blind',
    reason: 'net-admin',
    path: 'spec.ephemeralContainers[0].securityContext.capabilities.add[0]',
  },
  {
    name: 'debug container with the sidecar name is no sidecar',
    ...running(podOf({ spec: { ephemeralContainers: [istioProxy] } })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'hostPID',
    ...finished({ spec: { hostPID: true } }),
    verdict: 'blind',
    reason: 'host-pid',
  },
  {
    name: 'socket of the runtime',
    ...finished({ spec: { volumes: [{ hostPath: { path: '/var/run/' } }] } }),
    verdict: 'blind',
    reason: 'runtime-socket',
  },
  {
    name: 'root of the node',
    ...finished({ spec: { volumes: [{ hostPath: { path: '//' } }] } }),
    verdict: 'blind',
    reason: 'hostpath-node-config',
  },
  {
    name: 'harmless host path',
    ...finished({ spec: { volumes: [{ hostPath: { path: '/var/log' } }] } }),
    verdict: 'covered',
  },
  {
    name: 'tlsMode label',
    ...finished({ labels: { 'security.istio.io/tlsMode': 'disabled' } }),
    verdict: 'blind',
    reason: 'tlsmode-label',
  },
  {
    name: 'risks do not change the verdict',
    ...finished({
      containers: [{ ...app, ports: [{ containerPort: 53, protocol: 'UDP' }] }],
      spec: { runtimeClassName: 'gvisor', shareProcessNamespace: true, dnsPolicy: 'None' },
    }),
    verdict: 'covered',
    ids: ['share-process-namespace', 'udp-quic', 'dns-exfil', 'sandbox-runtime'],
  },
]

function istioWith(more: Manifest): Manifest {
  return podOf({
    annotations: istioStatus,
    containers: [app, { ...istioProxy, ...more }],
    initContainers: [istioInit],
  })
}
function initWith(more: Manifest): Manifest {
  return podOf({
    annotations: istioStatus,
    containers: [app, istioProxy],
    initContainers: [{ ...istioInit, ...more }],
  })
}
/** Somebody has edited the selectors: they ask for more than the label. */
function withoutShop(configuration: Manifest): Manifest {
  const webhooks = configuration.webhooks as {
    namespaceSelector: { matchExpressions: object[] }
  }[]
  const name = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['shop'] }
  const edited = ({ matchExpressions }: { matchExpressions: object[] }) => ({
    matchExpressions: [...matchExpressions, name],
  })
  return {
    ...configuration,
    webhooks: webhooks.map((one) => ({
      ...one,
      namespaceSelector: edited(one.namespaceSelector),
    })),
  }
}

function deactivated(configuration: Manifest): Manifest {
  const webhooks = configuration.webhooks as Manifest[]
  const never = { matchLabels: { 'istio.io/deactivated': 'never-match' } }
  return {
    ...configuration,
    webhooks: webhooks.map((one) => ({ ...one, namespaceSelector: never, objectSelector: never })),
  }
}

runCases(
  istio,
  [
    ...gateOne,
    ...ambientCases,
    ...revisions,
    ...gateTwo,
    ...foreseen,
    ...refused,
    ...merged,
    ...verified,
  ],
  istioPod(),
)

describe('what a verdict assumed', () => {
  test('no webhook configuration given: the chart', () => {
    const { assumed } = cover(istio, { object: deploymentOf() })
    expect(assumed).toEqual(['the Istio injector is registered as its chart does it'])
  })
  test('webhook configuration given: nothing', () => {
    expect(cover(istio, { object: deploymentOf(), configurations: [ordinary] }).assumed).toEqual([])
  })
  test('the version, when a value depends on it', () => {
    const { assumed } = cover(istio, { object: withLabel('no'), configurations: [ordinary] })
    expect(assumed).toEqual(['Istio is older than 1.27 (its version is not known)'])
  })
  test('matchConditions are not evaluated and said so', () => {
    const webhooks = (ordinary.webhooks as Manifest[]).map((one) => ({
      ...one,
      matchConditions: [{ name: 'x', expression: 'true' }],
    }))
    const { assumed } = cover(istio, {
      object: deploymentOf(),
      configurations: [{ ...ordinary, webhooks }],
    })
    expect(assumed.join()).toContain('matchConditions')
  })
})
