// SPDX-License-Identifier: Apache-2.0
import {
  app,
  deploymentOf,
  istioPod,
  linkerdInit,
  linkerdPod,
  linkerdProxy,
  podOf,
  type Manifest,
} from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { linkerd } from './linkerd.ts'

const inject = 'linkerd.io/inject'
const note = (value: string) => ({ annotations: { [inject]: value } })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})

/** The injector's own truth table: namespace, pod, injected or why not. */
const truth: [string | null, string | null, string | null][] = [
  ['enabled', null, null],
  ['ingress', null, null],
  ['enabled', 'enabled', null],
  ['enabled', 'ingress', null],
  ['enabled', 'disabled', 'optout-annotation-linkerd'],
  ['disabled', 'enabled', null],
  ['disabled', 'ingress', null],
  ['disabled', null, 'ns-optout'],
  ['disabled', 'disabled', 'optout-annotation-linkerd'],
  [null, 'enabled', null],
  [null, 'ingress', null],
  [null, null, 'ns-unlabelled'],
  [null, 'disabled', 'optout-annotation-linkerd'],
  ['true', 'enabled', 'ns-label-typo'],
  ['Enabled', null, 'ns-label-typo'],
  ['enabled', 'true', 'optout-annotation-linkerd'],
  ['enabled', 'Enabled', 'optout-annotation-linkerd'],
  ['enabled', '', null],
  ['', 'enabled', null],
]

const table = truth.map(([namespace, pod, reason]): Case => ({
  name: `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}`,
  object: deploymentOf(pod === null ? {} : note(pod)),
  namespace: namespace === null ? {} : note(namespace),
  verdict: reason === null ? 'covered' : 'not-injected',
  ...(reason === null ? {} : { reason }),
}))

const gates: Case[] = [
  {
    name: 'label instead of annotation on the pod',
    object: deploymentOf({ labels: { [inject]: 'enabled' } }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'label instead of annotation on the namespace',
    object: deploymentOf(),
    namespace: { labels: { [inject]: 'enabled' } },
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'annotation on the Deployment',
    object: deploymentOf({}, note('enabled')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'hostNetwork',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
  },
  {
    name: 'all reasons are collected, in order',
    object: deploymentOf({
      ...note('disabled'),
      spec: { hostNetwork: true, automountServiceAccountToken: false },
      containers: [{ name: 'linkerd-proxy', image: 'x' }],
    }),
    verdict: 'not-injected',
    reason: 'host-network',
    ids: [
      'host-network',
      'fake-sidecar-name',
      'optout-annotation-linkerd',
      'no-service-account-token',
    ],
  },
  {
    name: 'no token',
    object: deploymentOf({ spec: { automountServiceAccountToken: false } }),
    verdict: 'not-injected',
    reason: 'no-service-account-token',
  },
  {
    name: 'a projected token',
    object: deploymentOf({
      spec: {
        automountServiceAccountToken: false,
        volumes: [{ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      },
    }),
    verdict: 'covered',
  },
  {
    name: 'namespace label that turns the webhook off',
    object: deploymentOf(note('enabled')),
    namespace: { labels: { 'config.linkerd.io/admission-webhooks': 'disabled' } },
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'kube-system',
    object: deploymentOf(note('enabled')),
    namespaceName: 'kube-system',
    namespace: {},
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'pod label that turns the webhook off',
    object: deploymentOf({ labels: { 'linkerd.io/cni-resource': '' } }),
    verdict: 'not-injected',
    reason: 'object-selector-evasion',
  },
  {
    name: 'fake name',
    object: deploymentOf({ containers: [app, { name: 'linkerd-proxy', image: 'pause' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'fake init name',
    object: deploymentOf({ initContainers: [{ name: 'linkerd-init', image: 'pause' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'fake image under another name',
    object: deploymentOf({ containers: [app, { name: 'x', image: 'cr.l5d.io/linkerd/proxy:1' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-image',
  },
  {
    name: 'Istio was first',
    object: istioPod(),
    verdict: 'not-injected',
    reason: 'cross-mesh-collision',
  },
  {
    name: 'injected by hand',
    object: deploymentOf({ initContainers: [linkerdInit, linkerdProxy] }),
    namespace: {},
    verdict: 'covered',
  },
]

const config = 'config.linkerd.io'
const traffic = (
  [
    [`${config}/skip-outbound-ports`, '1-65535', 'linkerd-skip-ports'],
    [`${config}/skip-inbound-ports`, '8080', 'linkerd-skip-ports'],
    [`${config}/skip-outbound-ports`, '', null],
    [`${config}/skip-subnets`, '10.0.0.0/8', 'linkerd-skip-subnets'],
    [`${config}/proxy-image`, 'evil.example/proxy', 'proxy-image-override'],
    [`${config}/proxy-image`, 'cr.l5d.io/linkerd/proxy', null],
    [`${config}/opaque-ports`, '3306', null],
  ] as const
).flatMap(([key, value, id]): Case[] => {
  const expected =
    id === null ? ({ verdict: 'covered' } as const) : ({ verdict: 'blind', reason: id } as const)
  const annotations = { [key]: value }
  return [
    { name: `pod ${key}=${value}`, object: deploymentOf({ annotations }), ...expected },
    {
      name: `namespace ${key}=${value}`,
      object: deploymentOf(),
      namespace: { annotations: { ...annotations, [inject]: 'enabled' } },
      ...expected,
    },
  ]
})

const verified: Case[] = [
  {
    name: 'bare although asked for: the webhook fails open',
    ...running(podOf()),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'bare in a disabled namespace',
    ...running(podOf()),
    namespace: note('disabled'),
    verdict: 'not-injected',
    reason: 'ns-optout',
  },
  {
    name: 'marker without sidecar',
    ...running(podOf({ annotations: { 'linkerd.io/proxy-version': 'x' } })),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'fake container',
    ...running(
      podOf({ containers: [app, { name: 'linkerd-proxy', image: 'evil.example/linkerd/proxy' }] }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'sidecar with a command',
    ...running(podOf({ initContainers: [linkerdInit, { ...linkerdProxy, command: ['sleep'] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'without linkerd-init',
    ...running(podOf({ initContainers: [linkerdProxy] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'CNI',
    ...running(
      podOf({
        initContainers: [{ ...linkerdInit, name: 'linkerd-network-validator' }, linkerdProxy],
      }),
    ),
    verdict: 'covered',
  },
  {
    name: 'CNI and a container called linkerd-init',
    ...running(
      podOf({
        initContainers: [
          { ...linkerdInit, name: 'linkerd-network-validator' },
          linkerdProxy,
          linkerdInit,
        ],
      }),
    ),
    verdict: 'blind',
    reason: 'cni-skip-init-name',
  },
  {
    name: 'foreign linkerd-init',
    ...running(podOf({ initContainers: [{ ...linkerdInit, image: 'evil/x' }, linkerdProxy] })),
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'linkerd-init leaves a port out',
    ...running(
      podOf({
        initContainers: [
          { ...linkerdInit, args: ['--outbound-ports-to-ignore', '4567,5432'] },
          linkerdProxy,
        ],
      }),
    ),
    verdict: 'blind',
    reason: 'linkerd-skip-ports',
  },
  {
    name: 'init container before linkerd-init',
    ...running(podOf({ initContainers: [{ ...app, name: 'm' }, linkerdInit, linkerdProxy] })),
    verdict: 'blind',
    reason: 'init-ahead-by-other-webhook',
  },
  {
    name: 'init container before linkerd-init, no native sidecar',
    ...running(
      podOf({
        containers: [app, { ...linkerdProxy, restartPolicy: undefined }],
        initContainers: [{ ...app, name: 'm' }, linkerdInit],
      }),
    ),
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'application as the proxy user',
    ...running(linkerdPod({ containers: [{ ...app, securityContext: { runAsUser: 2102 } }] })),
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
  {
    name: 'the proxy user moved to the application',
    ...running(
      linkerdPod({
        annotations: { [`${config}/proxy-uid`]: '1000' },
        containers: [{ ...app, securityContext: { runAsUser: 1000 } }],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-uid-realigned',
  },
  {
    name: 'another mesh user',
    ...running(linkerdPod({ containers: [{ ...app, securityContext: { runAsUser: 1337 } }] })),
    verdict: 'covered',
  },
  {
    name: 'the control plane may reach the API server',
    ...running(linkerdPodWith443()),
    verdict: 'covered',
  },
]

function linkerdPodWith443(): Manifest {
  const init = { ...linkerdInit, args: ['--outbound-ports-to-ignore', '443,6443'] }
  return podOf({
    labels: { 'linkerd.io/control-plane-component': 'destination' },
    initContainers: [init, linkerdProxy],
  })
}

runCases(linkerd, [...table, ...gates, ...traffic, ...verified], linkerdPod())
