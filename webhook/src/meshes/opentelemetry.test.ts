// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { app, deploymentOf, podOf, type Manifest } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { collectorOf, otcContainer, otelNativePod, otelPod } from './opentelemetry-specimens.ts'
import { openTelemetry } from './opentelemetry.ts'

const inject = 'sidecar.opentelemetry.io/inject'
const info = 'non-capturing-sidecar'
const notes = (value: string | null) => ({
  annotations: value === null ? {} : { [inject]: value },
})
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const one = [collectorOf('traces', 'sidecar')]

/** Annotation of the namespace, of the pod, injected or why not. With one collector, called "traces". */
const truth: [string | null, string | null, string | null][] = [
  [null, null, 'injector-default-optin'],
  ['', '', 'injector-default-optin'],
  [null, 'true', null],
  [null, 'TRUE', null],
  [null, 'false', 'optout-annotation-others'],
  [null, 'False', 'optout-annotation-others'],
  [null, 'traces', null],
  [null, 'shop/traces', null],
  [null, 'other/traces', 'otel-instance-unresolved'],
  [null, 'yes', 'otel-instance-unresolved'],
  ['true', null, null],
  ['true', '', null],
  ['true', 'false', 'optout-annotation-others'],
  ['true', 'true', null],
  ['false', null, 'ns-optout'],
  ['FALSE', '', 'ns-optout'],
  ['false', 'true', null],
  ['false', 'false', 'optout-annotation-others'],
  ['false', 'traces', null],
  ['traces', 'true', null],
  ['missing', 'true', 'otel-instance-unresolved'],
  ['missing', 'traces', null],
  ['traces', 'missing', 'otel-instance-unresolved'],
]

const table = truth.map(([onNamespace, onPod, reason]): Case => ({
  name: `namespace ${onNamespace ?? 'silent'}, pod ${onPod ?? 'silent'}`,
  object: deploymentOf(notes(onPod)),
  namespace: notes(onNamespace),
  objects: one,
  verdict: reason === null ? 'covered' : 'not-injected',
  ...(reason === null ? { ids: [info] } : { reason }),
}))

const instances: Case[] = [
  {
    name: 'nothing is known of collectors',
    object: deploymentOf(notes('true')),
    namespace: {},
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'there is no collector at all',
    object: deploymentOf(notes('true')),
    namespace: {},
    complete: ['OpenTelemetryCollector'],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
    path: `spec.template.metadata.annotations[${inject}]`,
  },
  {
    name: 'two collectors of mode sidecar',
    object: deploymentOf(notes('true')),
    namespace: {},
    objects: [...one, collectorOf('logs', 'sidecar')],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'two collectors of mode sidecar, one of them named',
    object: deploymentOf(notes('logs')),
    namespace: {},
    objects: [...one, collectorOf('logs', 'sidecar')],
    verdict: 'covered',
  },
  {
    name: 'one of mode sidecar beside others',
    object: deploymentOf(notes('true')),
    namespace: {},
    objects: [...one, collectorOf('gateway', 'deployment'), collectorOf('plain', null)],
    verdict: 'covered',
  },
  {
    name: 'the named one runs by itself',
    object: deploymentOf(notes('gateway')),
    namespace: {},
    objects: [...one, collectorOf('gateway', 'deployment')],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'the only one is in another namespace',
    object: deploymentOf(notes('true')),
    namespace: {},
    objects: [collectorOf('traces', 'sidecar', 'other')],
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'the one of another namespace, by its full name',
    object: deploymentOf(notes('other/traces')),
    namespace: {},
    objects: [collectorOf('traces', 'sidecar', 'other')],
    verdict: 'covered',
  },
]

const misplaced: Case[] = [
  {
    name: 'the annotation is a label of the pod',
    object: deploymentOf({ labels: { [inject]: 'true' } }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'the annotation is on the Deployment',
    object: deploymentOf({}, notes('true')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'the annotation is a label of the namespace',
    object: deploymentOf(),
    namespace: { labels: { [inject]: 'true' } },
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
]

const { command, ...plain } = { command: ['sleep'], ...otcContainer }

const sidecars: Case[] = [
  {
    name: 'a container of the user is called otc-container',
    object: deploymentOf({
      ...notes('true'),
      containers: [app, { ...app, name: 'otc-container' }],
    }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
    path: 'spec.template.spec.containers[1].name',
  },
  {
    name: 'a container of the user is called otc',
    object: deploymentOf({ ...notes('true'), containers: [app, { ...app, name: 'otc' }] }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the manifest brings the collector along',
    object: deploymentOf({ containers: [app, plain] }),
    namespace: {},
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the manifest brings the collector along, and says no',
    object: deploymentOf({ ...notes('false'), containers: [app, plain] }),
    namespace: {},
    verdict: 'not-injected',
    reason: 'optout-annotation-others',
    ids: ['optout-annotation-others', 'sidecar-stripped', info],
  },
  {
    name: 'the running pod starts something else',
    ...running(podOf({ containers: [app, { ...plain, command }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'the running pod has a collector without configuration',
    ...running(podOf({ containers: [app, { ...plain, args: [] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'an image that a collector names',
    ...running(podOf({ containers: [app, { ...plain, image: 'own.example/otel:3' }] })),
    objects: [
      {
        ...collectorOf('traces', 'sidecar'),
        spec: { mode: 'sidecar', image: 'own.example/otel:3' },
      },
    ],
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'an image that nobody names',
    ...running(podOf({ containers: [app, { ...plain, image: 'own.example/otel:3' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  { name: 'a native sidecar', ...running(otelNativePod()), verdict: 'covered', ids: [info] },
  {
    name: 'a bare running pod, and a collector is there',
    ...running(podOf(notes('true'))),
    namespace: {},
    objects: one,
    verdict: 'not-injected',
    reason: 'otel-error-fail-open',
  },
  {
    name: 'a bare running pod, and nothing is known of collectors',
    ...running(podOf(notes('true'))),
    namespace: {},
    verdict: 'not-injected',
    reason: 'otel-instance-unresolved',
  },
  {
    name: 'the sidecar was taken out again',
    ...running(podOf({ ...notes('true'), labels: { 'sidecar.opentelemetry.io/injected': 'a.b' } })),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'the processes are shared',
    ...running(otelPod({ spec: { shareProcessNamespace: true } })),
    verdict: 'covered',
    ids: ['share-process-namespace', info],
  },
]

runCases(openTelemetry, [...table, ...instances, ...misplaced, ...sidecars], otelPod(), {
  captures: false,
})

test('the entry of another operator with the same name is not its own', () => {
  expect(openTelemetry.isInjector('mpod.kb.io', 'opentelemetry-operator-mutation')).toBe(true)
  expect(openTelemetry.isInjector('mpod.kb.io', 'queue-mutating-webhook-configuration')).toBe(false)
  expect(openTelemetry.isInjector('minstrumentation.kb.io', 'opentelemetry-operator')).toBe(false)
})
