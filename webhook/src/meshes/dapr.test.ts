// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest, type PodParts } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { daprd, daprNativePod, daprNotes, daprPod } from './dapr-specimens.ts'
import { dapr } from './dapr.ts'

const info = 'non-capturing-sidecar'
const asking = (annotations: Record<string, string> = {}, parts: PodParts = {}): Manifest =>
  deploymentOf({ ...parts, annotations: { ...daprNotes, ...annotations } })
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
const controller = (name: string) => ({
  user: `system:serviceaccount:kube-system:${name}`,
  groups: [],
})
const installed = (...env: [string, string][]): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'dapr-sidecar-injector', namespace: 'dapr-system' },
  spec: {
    template: {
      spec: {
        containers: [
          {
            image: 'ghcr.io/dapr/injector:1.17.2',
            env: env.map(([name, value]) => ({ name, value })),
          },
        ],
      },
    },
  },
})

/** The annotation, the version, injected or why not. */
const truth: [string | null, string | undefined, string | null][] = [
  ...['true', 'True', 'TRUE', 'tRuE'].flatMap((value): [string, string | undefined, null][] => [
    [value, undefined, null],
    [value, '1.17', null],
    [value, '1.18', null],
  ]),
  ...['yes', 'Y', '1', 'on', 't', ' true', 'true '].flatMap(
    (value): [string, string | undefined, string | null][] => [
      [value, undefined, 'dapr-truthy-mismatch'],
      [value, '1.17.9', null],
      [value, '1.18.3', 'dapr-truthy-mismatch'],
    ],
  ),
  ...['false', '0', 'no', 'off', '', 'enabled', 'disabled', 'truee'].flatMap(
    (value): [string, string | undefined, string][] => [
      [value, undefined, 'optout-annotation-others'],
      [value, '1.18', 'optout-annotation-others'],
    ],
  ),
  [null, undefined, 'injector-default-optin'],
  [null, '1.18', 'injector-default-optin'],
]

const table = truth.map(([value, version, reason]): Case => ({
  name: `annotation ${value === null ? 'absent' : `"${value}"`}, version ${version ?? 'not known'}`,
  object:
    value === null
      ? deploymentOf({ annotations: { 'dapr.io/app-id': 'cart' } })
      : asking({ 'dapr.io/enabled': value }),
  ...(version === undefined ? {} : { settings: { version } }),
  verdict: reason === null ? 'covered' : 'not-injected',
  ...(reason === null ? { ids: [info] } : { reason }),
}))

const misplaced: Case[] = [
  {
    name: 'the annotation is a label of the pod',
    object: deploymentOf({ labels: { 'dapr.io/enabled': 'true' } }),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'the annotation is on the Deployment',
    object: deploymentOf({}, { annotations: { 'dapr.io/enabled': 'true' } }),
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
    path: 'metadata.annotations[dapr.io/enabled]',
  },
  {
    name: 'the annotation is on the namespace',
    object: deploymentOf(),
    namespace: { annotations: { 'dapr.io/enabled': 'true' } },
    verdict: 'not-injected',
    reason: 'injector-default-optin',
    path: 'namespace.metadata.annotations[dapr.io/enabled]',
  },
]

const requesters: Case[] = [
  ...['replicaset-controller', 'job-controller', 'daemon-set-controller'].map((name): Case => ({
    name: `created by the ${name}`,
    object: asking(),
    requester: controller(name),
    verdict: 'covered',
    ids: [info],
  })),
  {
    name: 'created by an administrator of the group system:masters',
    object: podOf({ annotations: daprNotes }),
    requester: { user: 'jane', groups: ['system:masters'] },
    verdict: 'covered',
    ids: [info],
  },
  ...['jane', 'system:serviceaccount:kube-system:node-controller', 'system:serviceaccount:a'].map(
    (user): Case => ({
      name: `created by ${user}`,
      object: podOf({ annotations: daprNotes }),
      requester: { user, groups: ['system:authenticated'] },
      verdict: 'not-injected',
      reason: 'dapr-requester-not-allowed',
    }),
  ),
  {
    name: 'created by an account that the installation lists',
    object: podOf({ annotations: daprNotes }),
    requester: { user: 'system:serviceaccount:ci:runner', groups: [] },
    settings: { allowedServiceAccounts: ['ci:runner'] },
    verdict: 'covered',
  },
  {
    name: 'created by an account with a listed prefix',
    object: podOf({ annotations: daprNotes }),
    requester: { user: 'system:serviceaccount:ci-7:runner-9', groups: [] },
    objects: [installed(['ALLOWED_SERVICE_ACCOUNTS_PREFIX_NAMES', 'default:x, ci-*:runner*'])],
    verdict: 'covered',
  },
  {
    name: 'created by an account that has only the name of a listed one',
    object: podOf({ annotations: daprNotes }),
    requester: { user: 'system:serviceaccount:other:runner', groups: [] },
    settings: { allowedServiceAccounts: ['ci:runner'] },
    verdict: 'not-injected',
    reason: 'dapr-requester-not-allowed',
  },
  {
    name: 'a bare pod, and nobody says who will create it',
    object: podOf({ annotations: daprNotes }),
    verdict: 'covered',
    ids: ['dapr-requester-not-allowed', info],
  },
  {
    name: 'a running pod without sidecar that somebody created',
    ...running(podOf({ annotations: daprNotes })),
    verdict: 'not-injected',
    reason: 'dapr-requester-not-allowed',
  },
  {
    name: 'a running pod without sidecar of an operator',
    ...running(ownedBy('EphemeralRunner', podOf({ annotations: daprNotes }))),
    verdict: 'not-injected',
    reason: 'dapr-requester-not-allowed',
  },
  {
    name: 'a running pod without sidecar of a ReplicaSet',
    ...running(ownedBy('ReplicaSet', podOf({ annotations: daprNotes }))),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
]

const sidecars: Case[] = [
  {
    name: 'a container of the user is called daprd',
    object: asking({}, { containers: [app, { ...app, name: 'daprd' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
    path: 'spec.template.spec.containers[1].name',
  },
  {
    name: 'an init container of the user is called daprd',
    object: asking({}, { initContainers: [{ ...app, name: 'daprd' }] }),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a container of the user is called daprd-client',
    object: asking({}, { containers: [app, { ...app, name: 'daprd-client' }] }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a mirror of the image that is listed',
    ...running(podOf({ containers: [app, { ...daprd, image: 'mirror.example/daprd:1' }] })),
    settings: { images: ['mirror.example/daprd'] },
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'a mirror of the image that the installation uses',
    ...running(podOf({ containers: [app, { ...daprd, image: 'mirror.example/daprd:1' }] })),
    objects: [installed(['SIDECAR_IMAGE', 'mirror.example/daprd:1.17.2'])],
    verdict: 'covered',
  },
  {
    name: 'a foreign image in the running pod',
    ...running(podOf({ containers: [app, { ...daprd, image: 'evil.example/dapr/daprd:1' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
    ids: ['fake-sidecar-name'],
  },
  {
    name: 'the real image that starts something else',
    ...running(podOf({ containers: [app, { ...daprd, args: [], command: ['sleep', '9'] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'daprd under the debugger',
    ...running(podOf({ containers: [app, { ...daprd, args: ['/dlv', 'exec', '/daprd'] }] })),
    verdict: 'covered',
  },
  {
    name: 'daprd as an init container that ends',
    ...running(podOf({ initContainers: [daprd] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  { name: 'a native sidecar', ...running(daprNativePod()), verdict: 'covered', ids: [info] },
  {
    name: 'an annotation replaces the image',
    object: asking({ 'dapr.io/sidecar-image': 'nginx:1' }),
    verdict: 'blind',
    reason: 'proxy-image-override',
    ids: ['proxy-image-override', info],
  },
  {
    name: 'an annotation names an image of Dapr',
    object: asking({ 'dapr.io/sidecar-image': 'ghcr.io/dapr/daprd:1.16.0-mariner' }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the replaced image in the running pod',
    ...running(
      podOf({
        annotations: { ...daprNotes, 'dapr.io/sidecar-image': 'nginx:1' },
        containers: [app, { ...daprd, image: 'nginx:1' }],
      }),
    ),
    verdict: 'blind',
    reason: 'proxy-image-override',
  },
  {
    name: 'the sidecar was taken out again',
    ...running(podOf({ annotations: daprNotes, labels: { 'dapr.io/sidecar-injected': 'true' } })),
    verdict: 'not-injected',
    reason: 'sidecar-stripped',
  },
  {
    name: 'native sidecars are switched off',
    object: asking({ 'dapr.io/enable-native-sidecar': 'false' }),
    verdict: 'covered',
    ids: ['native-sidecar-optout', info],
  },
  {
    name: 'native sidecars are switched on',
    object: asking({ 'dapr.io/enable-native-sidecar': 'true' }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the processes are shared',
    ...running(daprPod({ spec: { shareProcessNamespace: true } })),
    verdict: 'covered',
    ids: ['share-process-namespace', info],
  },
  {
    name: 'the network of the node is none of its business',
    object: asking({}, { spec: { hostNetwork: true } }),
    verdict: 'covered',
    ids: [info],
  },
]

const names: Case[] = [
  {
    name: 'no name of the application, and the pods have none yet',
    object: deploymentOf({ annotations: { 'dapr.io/enabled': 'true' } }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'no name of the application, and the pods have their own',
    object: {
      ...deploymentOf({ annotations: { 'dapr.io/enabled': 'true' } }),
      kind: 'StatefulSet',
    },
    verdict: 'covered',
  },
  ...['My_App', 'a.b', '-a', 'a'.repeat(59)].map((name): Case => ({
    name: `the name ${name}`,
    object: asking({ 'dapr.io/app-id': name }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  })),
  {
    name: 'the longest name',
    object: asking({ 'dapr.io/app-id': 'a'.repeat(58) }),
    verdict: 'covered',
  },
]

runCases(dapr, [...table, ...misplaced, ...requesters, ...sidecars, ...names], daprPod(), {
  captures: false,
  asksNamespace: false,
})

test('the installation tells its version, image and accounts', () => {
  const objects = clusterObjects(
    [installed(['ALLOWED_SERVICE_ACCOUNTS', 'a:b,c:d'], ['SIDECAR_IMAGE', 'x.example/daprd:1'])],
    dapr.reads,
  )
  expect(dapr.settingsFrom(objects)).toEqual({
    version: '1.17.2',
    images: ['x.example/daprd:1'],
    allowedServiceAccounts: ['a:b', 'c:d'],
  })
})
