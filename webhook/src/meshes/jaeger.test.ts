// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest, type PodParts } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { instanceOf, jaegerAgent, jaegerPod } from './jaeger-specimens.ts'
import { jaeger } from './jaeger.ts'

const inject = 'sidecar.jaegertracing.io/inject'
const label = 'sidecar.jaegertracing.io/injected'
const info = 'non-capturing-sidecar'
const notes = (value: string | null) => ({
  annotations: value === null ? {} : { [inject]: value },
})
const asking = (parts: PodParts = {}, labels: Record<string, string> = {}): Manifest =>
  deploymentOf(parts, { ...notes('true'), labels })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const ownedBy = (kind: string, object: Manifest): Manifest => ({
  ...object,
  metadata: {
    ...(object.metadata as Manifest),
    ownerReferences: [{ kind, name: 'cart-6f', controller: true }],
  },
})
const one = [instanceOf('traces')]
const fake = { ...app, name: 'jaeger-agent' }

/** Annotation of the namespace, of the Deployment, injected or why not. With one instance, called "traces". */
const truth: [string | null, string | null, string | null][] = [
  [null, null, 'ns-unlabelled'],
  [null, 'true', null],
  [null, 'True', null],
  [null, 'false', 'optout-annotation-others'],
  [null, 'FALSE', 'optout-annotation-others'],
  [null, 'traces', null],
  [null, 'missing', 'otel-instance-unresolved'],
  [null, '', 'otel-instance-unresolved'],
  ['true', null, null],
  ['true', '', null],
  ['true', 'false', 'optout-annotation-others'],
  ['false', null, 'ns-optout'],
  ['false', 'true', null],
  ['false', 'traces', null],
  ['traces', null, null],
  ['missing', null, 'otel-instance-unresolved'],
  ['missing', 'true', null],
  ['traces', 'missing', 'otel-instance-unresolved'],
]

const table = truth.map(([onNamespace, own, reason]): Case => ({
  name: `namespace ${onNamespace ?? 'silent'}, Deployment ${own ?? 'silent'}`,
  object: deploymentOf({}, notes(own)),
  namespace: notes(onNamespace),
  objects: one,
  verdict: reason === null ? 'covered' : 'not-injected',
  ...(reason === null ? { ids: [info] } : { reason }),
}))

const kinds: Case[] = [
  ...['StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController'].map((kind): Case => ({
    name: `a ${kind}`,
    object: { ...asking(), kind },
    objects: one,
    verdict: 'not-injected',
    reason: 'kind-not-covered',
    ids: ['kind-not-covered'],
  })),
  {
    name: 'a bare pod',
    object: podOf(notes('true')),
    verdict: 'not-injected',
    reason: 'kind-not-covered',
  },
  {
    name: 'a running pod of a DaemonSet',
    ...running(ownedBy('DaemonSet', podOf())),
    verdict: 'not-injected',
    reason: 'kind-not-covered',
  },
  {
    name: 'a bare running pod of a Deployment',
    ...running(ownedBy('ReplicaSet', podOf())),
    objects: one,
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'a running pod with the agent',
    ...running(ownedBy('ReplicaSet', jaegerPod())),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a StatefulSet that brings the agent along',
    object: { ...deploymentOf({ containers: [app, jaegerAgent] }), kind: 'StatefulSet' },
    verdict: 'covered',
    ids: [info],
  },
]

const words: Case[] = [
  {
    name: 'the annotation is on the pods',
    object: deploymentOf(notes('true')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'ns-unlabelled',
    path: `spec.template.metadata.annotations[${inject}]`,
  },
  {
    name: 'the annotation is a label',
    object: deploymentOf({}, { labels: { [inject]: 'true' } }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'the annotation is a label of the namespace',
    object: deploymentOf(),
    namespace: { labels: { [inject]: 'true' } },
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'the label of Jaeger itself',
    object: asking({}, { app: 'jaeger' }),
    objects: one,
    verdict: 'not-injected',
    reason: 'exception-label',
  },
  {
    name: 'the label of Jaeger itself, on the query',
    object: asking({}, { app: 'jaeger', 'app.kubernetes.io/component': 'query' }),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'another label app',
    object: asking({ labels: { app: 'jaeger' } }, { app: 'jaeger-client' }),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a namespace that the operator does not watch',
    object: asking(),
    settings: { watchNamespaces: ['other'] },
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'a namespace that the operator watches',
    object: asking(),
    settings: { watchNamespaces: ['Shop'] },
    verdict: 'covered',
  },
]

const selection: Case[] = [
  {
    name: 'there is no instance',
    object: asking(),
    namespace: {},
    complete: ['Jaeger'],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'two instances elsewhere',
    object: asking(),
    namespace: {},
    objects: [instanceOf('a', 'x'), instanceOf('b', 'y')],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'two instances, one of them here',
    object: asking(),
    namespace: {},
    objects: [instanceOf('a', 'x'), instanceOf('b')],
    verdict: 'covered',
  },
  {
    name: 'one instance elsewhere',
    object: asking(),
    namespace: {},
    objects: [instanceOf('a', 'x')],
    verdict: 'covered',
  },
]

const sidecars: Case[] = [
  {
    name: 'a container of the user is called jaeger-agent',
    object: asking({ containers: [app, fake] }),
    objects: one,
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
    path: 'spec.template.spec.containers[1].name',
  },
  {
    name: 'a container of that name, where the operator puts its own in its place',
    object: asking({ containers: [app, fake] }, { [label]: 'traces' }),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a container of that name, and a label of another instance',
    object: asking({ containers: [app, fake] }, { [label]: 'other' }),
    objects: one,
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'no container, and a label of another instance',
    object: asking({}, { [label]: 'other' }),
    objects: one,
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
  },
  {
    name: 'no container, and the label of the instance',
    object: asking({}, { [label]: 'traces' }),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a container of the user is called jaeger-agents',
    object: asking({ containers: [app, { ...app, name: 'jaeger-agents' }] }),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the operator takes its sidecar out again',
    object: deploymentOf(
      { containers: [app, jaegerAgent] },
      { ...notes('false'), labels: { [label]: 'traces' } },
    ),
    objects: one,
    verdict: 'not-injected',
    reason: 'optout-annotation-others',
    ids: ['optout-annotation-others', 'sidecar-stripped', info],
  },
  {
    name: 'a sidecar of the manifest stays where nobody asks',
    object: deploymentOf({ containers: [app, jaegerAgent] }, notes('false')),
    objects: one,
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a foreign image in the running pod',
    ...running(podOf({ containers: [app, fake] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'the image of the instance in the running pod',
    ...running(podOf({ containers: [app, fake] })),
    objects: [instanceOf('traces', 'shop', { agent: { image: String(app.image) } })],
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the real image that starts something else',
    ...running(podOf({ containers: [app, { ...jaegerAgent, command: ['sleep'] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'the processes are shared',
    ...running(jaegerPod({ spec: { shareProcessNamespace: true } })),
    verdict: 'covered',
    ids: ['share-process-namespace', info],
  },
]

runCases(jaeger, [...table, ...kinds, ...words, ...selection, ...sidecars], jaegerPod(), {
  captures: false,
})

test('the installation tells its version and what it watches', () => {
  const operator = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'jaeger-operator', namespace: 'observability' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              image: 'quay.io/jaegertracing/jaeger-operator:1.65.0',
              env: [{ name: 'WATCH_NAMESPACE', value: 'shop,bank' }],
            },
          ],
        },
      },
    },
  }
  expect(jaeger.settingsFrom(clusterObjects([operator], jaeger.reads))).toEqual({
    version: '1.65.0',
    watchNamespaces: ['shop', 'bank'],
  })
})
