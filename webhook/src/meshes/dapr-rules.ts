// SPDX-License-Identifier: Apache-2.0
// Why Dapr's injector is not called, and its own steps: dapr/dapr pkg/injector/service/handler.go handleRequest and
// pkg/injector/patcher/sidecar_patcher.go GetPatch (1.8 to 1.18). What it does not take it lets pass as it is.

import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import type { Subject } from '../subject.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import { daprSidecars, enabled, isDaprOwn } from './dapr-parts.ts'
import { isAllowed, isOfKnownController } from './dapr-requester.ts'
import type { DaprSettings } from './dapr-settings.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { refusingBefore } from './refusals.ts'
import { no, shown, stops, unknown, when, type Rule } from './rule.ts'
import { noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<DaprSettings>

const gate = 'dapr/dapr charts/dapr/charts/dapr_sidecar_injector, 1.8 to 1.18'
const handler = 'dapr/dapr pkg/injector/service/handler.go'
const patcher = 'dapr/dapr pkg/injector/patcher'

export const daprChartInjectors = (): Injector[] => [
  {
    configuration: 'dapr-sidecar-injector',
    name: 'sidecar-injector.dapr.io',
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: undefined,
    objectSelector: undefined,
    conditions: 0,
  },
]

export const daprUncalled: readonly Rule<DaprSettings>[] = [
  noEntryForPods('Dapr', gate),
  whichSelector(gate),
]

const truthy = ['y', 'yes', 'true', 't', 'on', '1']
const isTruthy = (value: string) => truthy.includes(value.trim().toLowerCase())

export const daprRules: readonly Rule<DaprSettings>[] = refusingBefore<DaprSettings>([
  when(
    'Does the annotation of the pod not say yes, or is there none?',
    `${patcher}/sidecar.go setValueFromString (IsTruthy), 1.8 to 1.18`,
    saidByPod,
    (input) => {
      const { subject } = input
      const value = subject.pod.annotations.get(enabled)
      const path = annotationPath(subject, enabled)
      if (value !== undefined) {
        if (isTruthy(value)) return null
        const message = `the annotation ${enabled} is "${oneLine(value)}", which means no sidecar`
        return { id: 'optout-annotation-others', path, message }
      }
      const on = ['true', 'True', 'TRUE', ...truthy]
      const asking = { key: enabled, on, pod: 'annotation', namespace: null } as const
      const message = `pods must ask for the sidecar, and this one has no annotation ${enabled}`
      return (
        misplacedKey(input, asking) ??
        onNamespace(input) ?? { id: 'injector-default-optin', path, message }
      )
    },
  ),
  when(
    'Does it say yes in another word than "true"?',
    `${handler} podHasDaprEnabled, 1.18`,
    saidByPod,
    ({ subject }) => {
      const value = subject.pod.annotations.get(enabled) ?? ''
      if (value.toLowerCase() === 'true') return null
      const message = `the annotation ${enabled} is "${oneLine(value)}", and only "true" counts`
      return { id: 'dapr-truthy-mismatch', path: annotationPath(subject, enabled), message }
    },
    { since: '1.18' },
  ),
  {
    question: 'Is the pod created by somebody whom the injector does not know?',
    source: `${handler} and injector.go AllowedServiceAccountInfos, 1.8 to 1.18`,
    ask: ({ subject, settings, requester }) => {
      // Who sends a workload is not who makes its pods.
      if (requester !== null && subject.kind === 'Pod') {
        const at = shown('request.userInfo.username', requester.user)
        if (isAllowed(requester, settings)) return no(at)
        const message = `"${oneLine(requester.user)}" is not among the accounts whose pods get the sidecar`
        return stops(at, { id: 'dapr-requester-not-allowed', path: '', message })
      }
      const at = `the creator is not given; the pods are made for a ${subject.owner.kind}`
      if (isOfKnownController(subject)) return no(at)
      return unknown(at, 'the injector knows the account that creates the pod')
    },
  },
  when(
    'Is a container called daprd already?',
    `${patcher}/sidecar_patcher.go podContainsSidecarContainer, 1.8 to 1.18`,
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    ({ subject, settings }) => {
      const named = daprSidecars(subject).find(
        (one) => one.kind !== 'ephemeral' && !isDaprOwn(one, settings),
      )
      if (named === undefined) return null
      const message = 'the container "daprd" has the sidecar\'s name, so the injector adds none'
      return { id: 'fake-sidecar-name', path: `${named.path}.name`, message }
    },
  ),
  when(
    'Is the name of the application one that Dapr refuses?',
    'dapr/dapr pkg/validation/validation.go ValidateKubernetesAppID, 1.8 to 1.18',
    ({ subject }) => shown(annotationPath(subject, appId), subject.pod.annotations.get(appId)),
    ({ subject }) => refusedName(subject),
  ),
])

const appId = 'dapr.io/app-id'

/** Without one the pod's own name counts, which pods of most controllers do not have yet. */
function refusedName(subject: Subject): Hit | null {
  const given = subject.pod.annotations.get(appId) ?? ''
  const path = annotationPath(subject, appId)
  if (given === '') {
    if (!isOfKnownController(subject) || controllersThatName.has(subject.kind)) return null
    const message = `the annotation ${appId} is missing, and without a name Dapr refuses the pod`
    return { id: 'injector-refuses', path, message }
  }
  const isName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(given) && given.length + 5 <= 63
  if (isName) return null
  const message = `the annotation ${appId} is "${oneLine(given)}", which Dapr refuses as the name of a service`
  return { id: 'injector-refuses', path, message }
}

const controllersThatName = new Set(['StatefulSet', 'Pod'])

function saidByPod({ subject }: Input): string {
  return shown(annotationPath(subject, enabled), subject.pod.annotations.get(enabled))
}

/** A namespace cannot ask for its pods, whatever it says. */
function onNamespace({ namespace }: Input): Hit | null {
  const place = namespace.annotations.has(enabled)
    ? 'annotations'
    : namespace.labels.has(enabled)
      ? 'labels'
      : null
  if (place === null) return null
  const path = `namespace.metadata.${place}[${enabled}]`
  const message = `${enabled} is on namespace "${namespace.name}", where the injector does not read it`
  return { id: 'injector-default-optin', path, message }
}
