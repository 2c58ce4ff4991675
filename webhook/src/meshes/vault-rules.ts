// SPDX-License-Identifier: Apache-2.0
// Why the Vault agent injector is not called, and its own steps in their order: hashicorp/vault-k8s
// agent-inject/handler.go Mutate, agent-inject/agent/agent.go ShouldInject, New, Validate (0.10 to 1.7).

import { text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { parseBool } from '../go-bool.ts'
import type { Injector } from '../injectors.ts'
import { annotationPath, oneLine, refusedValue, type ReadValue } from './annotation-rules.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { refusingBefore } from './refusals.ts'
import { no, shown, stops, unknown, when, type Rule } from './rule.ts'
import { noEntryForPods, whichSelector } from './usual-rules.ts'
import { inject, own, status, vaultPresence, vaultSidecars } from './vault-parts.ts'
import type { VaultSettings } from './vault-settings.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<VaultSettings>

const gate =
  'hashicorp/vault-helm templates/injector-mutating-webhook.yaml and values.yaml, 0.5 to 0.31'
const source = 'hashicorp/vault-k8s agent-inject/agent/agent.go ShouldInject, 0.10 to 1.7'

export function vaultChartInjectors({ chartName = 'vault' }: VaultSettings): Injector[] {
  const name = 'app.kubernetes.io/name'
  return [
    {
      configuration: `${chartName}-agent-injector-cfg`,
      name: 'vault.hashicorp.com',
      failurePolicy: 'Ignore',
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      namespaceSelector: undefined,
      objectSelector: {
        matchExpressions: [
          { key: name, operator: 'NotIn', values: [`${chartName}-agent-injector`] },
        ],
      },
      conditions: 0,
    },
  ]
}

export const vaultUncalled: readonly Rule<VaultSettings>[] = [
  noEntryForPods('Vault', gate),
  whichSelector(gate),
]

export const vaultRules: readonly Rule<VaultSettings>[] = refusingBefore<VaultSettings>([
  when('Does the pod not ask?', source, saidByPod, (input) => {
    const { subject, namespace } = input
    if (subject.pod.annotations.has(inject)) return null
    const asking = { key: inject, on: null, pod: 'annotation', namespace: null } as const
    const onNamespace = namespace.annotations.has(inject)
    return (
      misplacedKey(input, asking) ?? {
        id: 'injector-default-optin',
        path: onNamespace
          ? `namespace.metadata.annotations[${inject}]`
          : annotationPath(subject, inject),
        message: onNamespace
          ? `${inject} is on namespace "${namespace.name}", where the injector does not read it`
          : `pods must ask for the agent, and this one has no annotation ${inject}`,
      }
    )
  }),
  when('Does the annotation say no, or nothing that can be read?', source, saidByPod, (input) => {
    const { subject } = input
    const value = subject.pod.annotations.get(inject)
    const path = annotationPath(subject, inject)
    const said = value === undefined ? true : readBool(value, input)
    if (value === undefined || said === true) return null
    if (said === null) {
      const message = `the annotation ${inject} is "${oneLine(value)}", which the injector cannot read`
      return { id: 'injector-refuses', path, message }
    }
    const message = `the annotation ${inject} is "${value}", which means no agent`
    return { id: 'optout-annotation-others', path, message }
  }),
  when(
    'Does the pod say that it runs already?',
    'hashicorp/vault-k8s agent-inject/agent/agent.go ShouldInject (pod.Status.Phase), 1.4 to 1.7',
    ({ subject }) => shown('status.phase', text(subject.object, 'status', 'phase')),
    ({ subject }) => {
      const phase = text(subject.object, 'status', 'phase') ?? ''
      // Of a pod that is there it tells nothing of the day when it was made.
      if (subject.kind !== 'Pod' || subject.finished || ['', 'Pending'].includes(phase)) return null
      const message = `status.phase is "${oneLine(phase)}", so the injector takes the pod for one that runs already`
      return { id: 'forged-injected-marker', path: 'status.phase', message }
    },
    { since: '1.4' },
  ),
  when(
    'Does an annotation say that the pod was injected already?',
    source,
    ({ subject }) => shown(annotationPath(subject, status), subject.pod.annotations.get(status)),
    ({ subject, settings }) => {
      const real = vaultSidecars(subject).some((one) => vaultPresence.own(one, settings))
      if (subject.pod.annotations.get(status) !== 'injected' || real) return null
      const message = `the annotation ${status} is "injected", so the injector takes the pod for done`
      return { id: 'forged-injected-marker', path: annotationPath(subject, status), message }
    },
  ),
  when(
    'Is it a namespace in which the injector refuses?',
    'hashicorp/vault-k8s agent-inject/handler.go Mutate, 0.10 to 1.7',
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace }) => {
      if (!['kube-system', 'kube-public'].includes(namespace.name)) return null
      const message = `the injector refuses pods that ask in namespace "${namespace.name}"`
      return { id: 'ignored-namespace', path: 'metadata.namespace', message, effect: 'rejected' }
    },
  ),
  when(
    'Is there an annotation that the injector cannot read?',
    'hashicorp/vault-k8s agent-inject/agent/agent.go New, 0.10 to 1.7',
    ({ subject: { pod } }) =>
      shown(
        `${pod.prefix}metadata.annotations`,
        [...pod.annotations.keys()].filter((key) => key.startsWith(own)),
      ),
    (input) => refusedValue(input.subject, readable(input)),
  ),
  {
    question: 'Does the agent have no role to log in with?',
    source: 'hashicorp/vault-k8s agent-inject/agent/agent.go Validate, 0.10 to 1.7',
    ask: ({ subject, settings }) => {
      const { annotations } = subject.pod
      const given = (name: string) => annotations.get(`${own}/${name}`) ?? ''
      const path = annotationPath(subject, `${own}/role`)
      const at = shown(path, annotations.get(`${own}/role`))
      const role = ['role', 'role-role', 'agent-configmap'].some((name) => given(name) !== '')
      const type = given('auth-type') || settings.authType
      if (role || (type !== undefined && type !== 'kubernetes')) return no(at)
      if (type === undefined)
        return unknown(at, 'agents log in to Vault in a way that needs no role')
      const message = `the annotation ${own}/role is missing, and without a role the injector refuses the pod`
      return stops(at, { id: 'injector-refuses', path, message })
    },
  },
  when(
    'Does a container have the name of the agent already?',
    'hashicorp/vault-k8s agent-inject/agent/agent.go Patch; kubernetes/kubernetes pkg/apis/core/validation, 1.34 to 1.36',
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    ({ subject, settings }) => {
      const named = vaultSidecars(subject).find((one) => !vaultPresence.own(one, settings))
      if (named === undefined) return null
      const message = `the injector adds a second container "${named.name}", and the API server refuses a pod with two of a name`
      return { id: 'injector-refuses', path: `${named.path}.name`, message } satisfies Hit
    },
  ),
])

/** An empty word is a no from 1.4 on, and an error before. */
function readBool(value: string, { settings }: Input): boolean | null {
  if (value === '') return isBefore(settings.version, '1.4') === true ? null : false
  return parseBool(value)
}

function saidByPod({ subject }: Input): string {
  return shown(annotationPath(subject, inject), subject.pod.annotations.get(inject))
}

const flags = [
  ...['agent-init-first', 'agent-pre-populate', 'agent-pre-populate-only', 'tls-skip-verify'],
  ...['agent-revoke-on-shutdown', 'agent-run-as-same-user', 'agent-set-security-context'],
  ...['agent-cache-enable', 'agent-cache-exit-on-err', 'agent-share-process-namespace'],
  'agent-enable-quit',
]

function readable(input: Input): ReadValue[] {
  const isNumber = (value: string) => /^[-+]?\d{1,18}$/.test(value)
  return [
    ...flags.map((name) => ({
      key: `${own}/${name}`,
      reads: (value: string) => readBool(value, input) !== null,
    })),
    ...['agent-run-as-user', 'agent-run-as-group'].map((name) => ({
      key: `${own}/${name}`,
      reads: isNumber,
    })),
  ]
}
