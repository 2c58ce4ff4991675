// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import {
  app,
  deploymentOf,
  istioPod,
  namespaceObject,
  podOf,
  type Manifest,
  type PodParts,
} from '../specimens.ts'
import { namespaceOf } from '../namespace.ts'
import { subjectOf } from '../subject.ts'
import { cover, runCases, type Case } from './cases.ts'
import { istioAmbient } from './istio-ambient.ts'

const mode = 'istio.io/dataplane-mode'
const waypoint = 'istio.io/use-waypoint'
const redirection = 'ambient.istio.io/redirection'
const mark = (value: string) => ({ labels: { [mode]: value } })
const note = (key: string, value: string) => ({ annotations: { [key]: value } })

/** A pod that runs: it has an address, and the node agent has written its annotation. */
function running(parts: PodParts = {}, status: Manifest = {}): Manifest {
  const labels = { [waypoint]: 'waypoint', ...parts.labels }
  const pod = podOf({ ...parts, labels, annotations: { ...parts.annotations } })
  return { ...pod, status: { phase: 'Running', podIPs: [{ ip: '10.0.0.7' }], ...status } }
}
const enrolled = (parts: PodParts = {}) =>
  running({ ...parts, annotations: { [redirection]: 'enabled', ...parts.annotations } })
const finished = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})

/** Label of the namespace, label of the pod, captured or why not. */
const truth: [string | null, string | null, string | null][] = [
  ['ambient', null, null],
  ['ambient', 'ambient', null],
  ['ambient', 'none', 'ambient-optout'],
  ['ambient', 'None', null],
  ['ambient', '', null],
  [null, 'ambient', null],
  ['none', 'ambient', null],
  ['none', null, 'ns-optout'],
  ['Ambient', null, 'ns-label-typo'],
  ['sidecar', null, 'ns-label-typo'],
  [null, null, 'ns-unlabelled'],
  [null, 'Ambient', 'ns-unlabelled'],
  [null, 'none', 'ambient-optout'],
]

const table = truth.map(([namespace, pod, reason]): Case => ({
  name: `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}`,
  object: deploymentOf(pod === null ? {} : mark(pod)),
  namespace: namespace === null ? {} : mark(namespace),
  verdict: reason === null ? 'covered' : 'not-injected',
  ...(reason === null ? {} : { reason }),
}))

const status = 'sidecar.istio.io/status'
const gates: Case[] = [
  {
    name: 'excluded namespace, even for a pod that asks',
    object: deploymentOf(mark('ambient')),
    namespaceName: 'kube-system',
    verdict: 'not-injected',
    reason: 'ambient-excluded-ns',
  },
  {
    name: 'excluded by the installation',
    object: deploymentOf(),
    settings: { excludedNamespaces: ['shop'] },
    verdict: 'not-injected',
    reason: 'ambient-excluded-ns',
  },
  {
    name: 'not excluded by the installation',
    object: deploymentOf(),
    namespaceName: 'kube-system',
    settings: { excludedNamespaces: ['other'] },
    verdict: 'covered',
  },
  {
    name: 'hostNetwork',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
  },
  {
    name: 'forged status of a sidecar',
    object: deploymentOf(note(status, '')),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
  },
  {
    name: 'a real sidecar',
    ...finished(istioPod()),
    verdict: 'not-injected',
    reason: 'cross-mesh-collision',
  },
  {
    name: 'a sidecar to come, by the label of the namespace',
    object: deploymentOf(),
    namespace: { labels: { [mode]: 'ambient', 'istio-injection': 'enabled' } },
    verdict: 'not-injected',
    reason: 'cross-mesh-collision',
  },
  {
    name: 'which the pod refuses',
    object: deploymentOf({ labels: { 'sidecar.istio.io/inject': 'false' } }),
    namespace: { labels: { [mode]: 'ambient', 'istio-injection': 'enabled' } },
    verdict: 'covered',
  },
  {
    name: 'a sidecar to come, by the label of the pod',
    object: deploymentOf({ labels: { 'sidecar.istio.io/inject': 'true' } }),
    verdict: 'not-injected',
    reason: 'cross-mesh-collision',
  },
  {
    name: 'annotation instead of label on the namespace',
    object: deploymentOf(),
    namespace: note(mode, 'ambient'),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'label on the Deployment',
    object: deploymentOf({}, mark('ambient')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: "the name of the CNI agent in the agent's namespace",
    ...finished(podOf({ name: 'istio-cni-node-x' })),
    namespaceName: 'istio-system',
    verdict: 'not-injected',
    reason: 'istio-cni-node-prefix',
  },
  {
    name: 'the same name elsewhere',
    ...finished(enrolled({ name: 'istio-cni-node-x' })),
    verdict: 'covered',
  },
  {
    name: 'the same name where the agent is not',
    ...finished(enrolled({ name: 'istio-cni-node-x' })),
    namespaceName: 'istio-system',
    settings: { agentNamespace: 'kube-system', excludedNamespaces: [] },
    verdict: 'covered',
  },
  {
    name: 'selectors of the installation: taken',
    object: deploymentOf({ labels: { team: 'a' } }),
    namespace: {},
    settings: { enablementSelectors: [{ podSelector: { matchLabels: { team: 'a' } } }] },
    verdict: 'covered',
  },
  {
    name: 'selectors of the installation: not taken',
    object: deploymentOf(),
    settings: { enablementSelectors: [{ podSelector: { matchLabels: { team: 'a' } } }] },
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
  },
]

const bypass = 'ambient.istio.io/bypass-inbound-capture'
const service = (labels: Record<string, string>, selector: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'cart', namespace: 'shop', labels },
  spec: { selector },
})
const captured: Case[] = [
  ...(['1', 't', 'true', 'TRUE'] as const).map((value): Case => ({
    name: `inbound bypass "${value}"`,
    object: deploymentOf(note(bypass, value)),
    verdict: 'blind',
    reason: 'ambient-bypass-inbound',
  })),
  ...(['false', 'yes', 'on', ''] as const).map((value): Case => ({
    name: `no inbound bypass "${value}"`,
    object: deploymentOf(note(bypass, value)),
    verdict: 'covered',
    ids: ['ambient-no-waypoint'],
  })),
  {
    name: 'DNS left out: a risk',
    ...finished(enrolled(note('ambient.istio.io/dns-capture', 'false'))),
    verdict: 'covered',
    ids: ['dns-exfil'],
  },
  {
    name: 'at its creation a pod has no annotation yet',
    ...finished(podOf({ labels: { [waypoint]: 'w' } })),
    verdict: 'covered',
    ids: [],
  },
  {
    name: 'a running pod without the annotation',
    ...finished(running()),
    verdict: 'not-injected',
    reason: 'ambient-detect-error',
  },
  {
    name: 'a pod that has ended',
    ...finished(running({}, { phase: 'Succeeded' })),
    verdict: 'covered',
  },
  {
    name: 'the proxy of the node does not know it yet',
    ...finished(running(note(redirection, 'pending'))),
    verdict: 'blind',
    reason: 'cni-race',
  },
  ...(
    [
      ['2026-01-01T00:01:00Z', 'blind', 'cni-race'],
      ['2026-01-02T00:00:00Z', 'not-injected', 'ambient-detect-error'],
    ] as const
  ).map(([startTime, verdict, reason]): Case => ({
    name: `started ${startTime} on a node of 2026-01-01`,
    ...finished(running({ spec: { nodeName: 'n1' } }, { startTime })),
    objects: [
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n1', creationTimestamp: '2026-01-01T00:00:00Z' },
      },
    ],
    verdict,
    reason,
  })),
  {
    name: 'the waypoint of the namespace',
    object: deploymentOf(),
    namespace: { labels: { [mode]: 'ambient', [waypoint]: 'w' } },
    verdict: 'covered',
    ids: [],
  },
  {
    name: 'which the pod refuses to use',
    object: deploymentOf({ labels: { [waypoint]: 'none' } }),
    namespace: { labels: { [mode]: 'ambient', [waypoint]: 'w' } },
    verdict: 'covered',
    ids: ['ambient-no-waypoint'],
  },
  {
    name: 'the waypoint of the service',
    object: deploymentOf({ labels: { app: 'cart', tier: 'b' } }),
    objects: [service({ [waypoint]: 'w' }, { app: 'cart' })],
    verdict: 'covered',
    ids: [],
  },
  {
    name: 'the waypoint of another service',
    object: deploymentOf({ labels: { app: 'cart' } }),
    objects: [service({ [waypoint]: 'w' }, { app: 'other' }), service({ [waypoint]: 'w' }, {})],
    verdict: 'covered',
    ids: ['ambient-no-waypoint'],
  },
  {
    name: "the user of Istio's sidecars means nothing here",
    ...finished(enrolled({ containers: [{ ...app, securityContext: { runAsUser: 1337 } }] })),
    verdict: 'covered',
    ids: [],
  },
]

runCases(istioAmbient, [...table, ...gates, ...captured], enrolled())

test('settings come from the ConfigMap of the CNI agent', () => {
  const map = (data: Manifest): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio-cni-config', namespace: 'kube-system' },
    data,
  })
  const objects = (data: Manifest) => clusterObjects([map(data)], istioAmbient.reads)
  const found = istioAmbient.settingsFrom(
    objects({
      AMBIENT_ENABLED: 'true',
      EXCLUDED_NAMESPACES: 'kube-system,a',
      CURRENT_AGENT_VERSION: '1.29.0',
      AMBIENT_ENABLEMENT_SELECTOR: '- podSelector:\n    matchLabels: {x: front}\n',
    }),
  )
  expect(found).toEqual({
    version: '1.29.0',
    agentNamespace: 'kube-system',
    enabled: true,
    excludedNamespaces: ['kube-system', 'a'],
    enablementSelectors: [{ podSelector: { matchLabels: { x: 'front' } } }],
  })
  const besides = (data: Manifest) =>
    istioAmbient
      .besides({
        objects: objects(data),
        settings: {},
        injectors: [],
        live: false,
        namespaces: new Map(),
        subjects: [],
      })
      .map(({ id }) => id)
  const on = { AMBIENT_ENABLED: 'true' }
  expect(besides({ ...on, ENABLE_AMBIENT_DETECTION_RETRY: 'false' })).toEqual([
    'ambient-detect-error',
  ])
  expect(besides({ ...on, ENABLE_AMBIENT_DETECTION_RETRY: 'true' })).toEqual([])
  expect(besides({ AMBIENT_ENABLED: 'false' })).toEqual([])
})

test('the verdict of a manifest names no webhook', () => {
  expect(cover(istioAmbient, { object: deploymentOf() }).assumed).toEqual([])
})

test.each<[string, Manifest, Record<string, string>, string | null]>([
  ['a sidecar, and nothing asks for ambient mode', istioPod(), {}, 'istio'],
  ['a sidecar, and ambient mode', istioPod(), { [mode]: 'ambient' }, null],
  ['a sidecar to come', deploymentOf(), { 'istio-injection': 'enabled' }, 'istio'],
  [
    'a sidecar to come, and ambient mode',
    deploymentOf(),
    { 'istio-injection': 'enabled', [mode]: 'ambient' },
    null,
  ],
  ['neither', deploymentOf(), {}, null],
  [
    'a sidecar that is none',
    podOf({ containers: [{ name: 'istio-proxy', image: 'x' }] }),
    {},
    null,
  ],
])('%s: who judges it', (_name, object, labels, other) => {
  const subject = subjectOf(object, { finished: object.kind === 'Pod' })
  if (subject === null) throw new Error('no workload')
  const namespace = namespaceOf(namespaceObject('shop', { labels }))
  expect(istioAmbient.leavesTo?.(subject, namespace)).toBe(other)
})
