// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, podOf, type Manifest, type PodParts } from '../specimens.ts'
import { runCases, type Case } from './cases.ts'
import { vaultAgent, vaultInit, vaultInitPod, vaultNotes, vaultPod } from './vault-specimens.ts'
import { vault } from './vault.ts'

const own = 'vault.hashicorp.com'
const inject = `${own}/agent-inject`
const info = 'non-capturing-sidecar'
const asking = (annotations: Record<string, string> = {}, parts: PodParts = {}): Manifest =>
  deploymentOf({ ...parts, annotations: { ...vaultNotes, ...annotations } })
const running = (object: Manifest): Pick<Case, 'object' | 'finished'> => ({
  object,
  finished: true,
})
const installed: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'vault-agent-injector', namespace: 'vault' },
  spec: {
    template: {
      spec: {
        containers: [
          {
            image: 'hashicorp/vault-k8s:1.7.2',
            env: [{ name: 'AGENT_INJECT_VAULT_IMAGE', value: 'mirror.example/vault:1.21' }],
          },
        ],
      },
    },
  },
}

/** The annotation, the version, injected or why not. */
const truth: [string | null, string | undefined, string | null][] = [
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((value): [string, undefined, null] => [
    value,
    undefined,
    null,
  ]),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((value): [string, undefined, string] => [
    value,
    undefined,
    'optout-annotation-others',
  ]),
  ...['yes', 'on', 'enabled', 'tRUE', ' true'].map((value): [string, undefined, string] => [
    value,
    undefined,
    'injector-refuses',
  ]),
  ['', undefined, 'optout-annotation-others'],
  ['', '1.7.6', 'optout-annotation-others'],
  ['', '1.3', 'injector-refuses'],
  [null, undefined, 'injector-default-optin'],
]

const table = truth.map(([value, version, reason]): Case => ({
  name: `annotation ${value === null ? 'absent' : `"${value}"`}, version ${version ?? 'not known'}`,
  object: value === null ? deploymentOf() : asking({ [inject]: value }),
  ...(version === undefined ? {} : { settings: { version } }),
  verdict:
    reason === null ? 'covered' : reason === 'injector-refuses' ? 'rejected' : 'not-injected',
  ...(reason === null ? { ids: [info] } : { reason }),
}))

const gates: Case[] = [
  {
    name: 'the label of the injector itself',
    object: asking({}, { labels: { 'app.kubernetes.io/name': 'vault-agent-injector' } }),
    verdict: 'not-injected',
    reason: 'object-selector-evasion',
  },
  {
    name: 'another name in that label',
    object: asking({}, { labels: { 'app.kubernetes.io/name': 'vault-agent' } }),
    verdict: 'covered',
    ids: [info],
  },
  ...['kube-system', 'kube-public'].map((namespaceName): Case => ({
    name: namespaceName,
    object: asking(),
    namespaceName,
    verdict: 'rejected',
    reason: 'ignored-namespace',
  })),
  {
    name: 'kube-system, and the pod does not ask',
    object: deploymentOf(),
    namespaceName: 'kube-system',
    verdict: 'not-injected',
    reason: 'injector-default-optin',
  },
  {
    name: 'kube-node-lease',
    object: asking(),
    namespaceName: 'kube-node-lease',
    verdict: 'covered',
  },
  {
    name: 'the annotation is a label of the pod',
    object: deploymentOf({ labels: { [inject]: 'true' } }),
    verdict: 'not-injected',
    reason: 'label-annotation-swap',
  },
  {
    name: 'the annotation is on the Deployment',
    object: deploymentOf({}, { annotations: { [inject]: 'true' } }),
    verdict: 'not-injected',
    reason: 'metadata-on-controller',
  },
  {
    name: 'the annotation is on the namespace',
    object: deploymentOf(),
    namespace: { annotations: { [inject]: 'true' } },
    verdict: 'not-injected',
    reason: 'injector-default-optin',
    path: `namespace.metadata.annotations[${inject}]`,
  },
]

const marks: Case[] = [
  {
    name: 'the status says injected',
    object: asking({ [`${inject}-status`]: 'injected' }),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
  },
  ...['update', '', 'Injected'].map((value): Case => ({
    name: `the status says "${value}"`,
    object: asking({ [`${inject}-status`]: value }),
    verdict: 'covered',
    ids: [info],
  })),
  {
    name: 'the status says injected in a bare running pod',
    ...running(podOf({ annotations: { ...vaultNotes, [`${inject}-status`]: 'injected' } })),
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
    ids: ['forged-injected-marker', 'debug-copy'],
  },
  {
    name: 'a bare running pod that asks',
    ...running(podOf({ annotations: vaultNotes })),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'a manifest that says it runs',
    object: { ...podOf({ annotations: vaultNotes }), status: { phase: 'Running' } },
    settings: { version: '1.7' },
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
  },
  {
    name: 'a manifest that says it is pending',
    object: { ...podOf({ annotations: vaultNotes }), status: { phase: 'Pending' } },
    settings: { version: '1.7' },
    verdict: 'covered',
  },
  {
    name: 'a manifest that says it runs, for an injector that does not look',
    object: { ...podOf({ annotations: vaultNotes }), status: { phase: 'Running' } },
    settings: { version: '1.2' },
    verdict: 'covered',
  },
]

const sidecars: Case[] = [
  {
    name: 'an annotation replaces the image',
    object: asking({ [`${own}/agent-image`]: 'nginx:1' }),
    verdict: 'blind',
    reason: 'proxy-image-override',
    ids: ['proxy-image-override', info],
  },
  {
    name: 'an annotation names an image of Vault',
    object: asking({ [`${own}/agent-image`]: 'hashicorp/vault:1.20' }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'an annotation shares the processes',
    object: asking({ [`${own}/agent-share-process-namespace`]: 'true' }),
    verdict: 'covered',
    ids: ['share-process-namespace', info],
  },
  {
    name: 'an annotation does not share the processes',
    object: asking({ [`${own}/agent-share-process-namespace`]: 'false' }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'the processes are shared, and the annotation is still there',
    ...running(
      vaultPod({
        annotations: { [`${own}/agent-share-process-namespace`]: 'true' },
        spec: { shareProcessNamespace: true },
      }),
    ),
    verdict: 'covered',
    ids: ['share-process-namespace', info],
  },
  {
    name: 'a container of the user is called vault-agent',
    object: asking({}, { containers: [app, { ...app, name: 'vault-agent' }] }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a foreign image in the running pod',
    ...running(podOf({ containers: [app, { ...vaultAgent, image: 'evil.example/vault:1' }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'the real image that starts something else',
    ...running(podOf({ containers: [app, { ...vaultAgent, args: ['sleep 9'] }] })),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'the image of the installation',
    ...running(podOf({ containers: [app, { ...vaultAgent, image: 'mirror.example/vault:1.21' }] })),
    objects: [installed],
    verdict: 'covered',
    ids: [info],
  },
  { name: 'only the init container', ...running(vaultInitPod()), verdict: 'covered', ids: [info] },
  {
    name: 'only the init container, where the agent should stay',
    ...running(podOf({ annotations: vaultNotes, initContainers: [vaultInit] })),
    verdict: 'not-injected',
    reason: 'failure-policy-ignore',
  },
  {
    name: 'only the init container, of a foreign image',
    ...running(
      podOf({
        annotations: { ...vaultNotes, [`${own}/agent-pre-populate-only`]: 'true' },
        initContainers: [{ ...vaultInit, image: 'nginx:1' }],
      }),
    ),
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
]

const refusals: Case[] = [
  {
    name: 'an annotation that cannot be read',
    object: asking({ [`${own}/agent-pre-populate`]: 'never' }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'a user that is no number',
    object: asking({ [`${own}/agent-run-as-user`]: 'root' }),
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'no role, and nothing is known of the installation',
    object: deploymentOf({ annotations: { [inject]: 'true' } }),
    verdict: 'covered',
    ids: [info],
  },
  {
    name: 'no role, and the installation needs one',
    object: deploymentOf({ annotations: { [inject]: 'true' } }),
    objects: [installed],
    verdict: 'rejected',
    reason: 'injector-refuses',
  },
  {
    name: 'no role, and a configuration of its own',
    object: deploymentOf({ annotations: { [inject]: 'true', [`${own}/agent-configmap`]: 'a' } }),
    objects: [installed],
    verdict: 'covered',
  },
  {
    name: 'no role, and another way to log in',
    object: deploymentOf({ annotations: { [inject]: 'true', [`${own}/auth-type`]: 'approle' } }),
    objects: [installed],
    verdict: 'covered',
  },
]

runCases(vault, [...table, ...gates, ...marks, ...sidecars, ...refusals], vaultPod(), {
  captures: false,
  asksNamespace: false,
})

test('the installation tells its version, image and way to log in', () => {
  expect(vault.settingsFrom(clusterObjects([installed], vault.reads))).toEqual({
    version: '1.7.2',
    images: ['mirror.example/vault:1.21'],
    authType: 'kubernetes',
  })
})
