// SPDX-License-Identifier: Apache-2.0
// Why the App Mesh controller is not called, and its own steps in their order: aws/aws-app-mesh-controller-for-k8s
// pkg/inject/inject.go Inject, determineSidecarInjectMode, pkg/virtualnode/membership_designator.go (1.4 to 1.13).

import { groupOf, inNamespace, type ClusterObject } from '../cluster-objects.ts'
import { field } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import { selectorMatches } from '../selector.ts'
import { annotationPath, oneLine, refusedValue, type ReadValue } from './annotation-rules.ts'
import { inject, isAppMeshOwn, isGatewayManifest } from './app-mesh-parts.ts'
import type { AppMeshSettings } from './app-mesh-settings.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { refusingBefore } from './refusals.ts'
import { no, shown, stops, unknown, when, type Rule } from './rule.ts'
import { noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<AppMeshSettings>

const code = 'aws/aws-app-mesh-controller-for-k8s pkg/inject'
const gate = 'aws/aws-app-mesh-controller-for-k8s config/helm/appmesh-controller, 1.4 to 1.13'
const source = `${code}/inject.go determineSidecarInjectMode, 1.4 to 1.13`
const namespacePath = `namespace.metadata.labels[${inject}]`

export const appMeshChartInjectors = (): Injector[] => [
  {
    configuration: 'appmesh-controller',
    name: 'mpod.appmesh.k8s.aws',
    failurePolicy: 'Fail',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: {
      matchExpressions: [{ key: inject, operator: 'In', values: ['enabled', 'disabled'] }],
    },
    objectSelector: undefined,
    conditions: 0,
  },
]

export const appMeshUncalled: readonly Rule<AppMeshSettings>[] = [
  noEntryForPods('App Mesh', gate),
  when(
    'Does the namespace have a word that the selector does not take?',
    gate,
    saidByNamespace,
    ({ namespace }) => {
      const value = namespace.labels.get(inject)
      if (value === undefined || ['enabled', 'disabled'].includes(value)) return null
      const message = `namespace "${namespace.name}" has the label ${inject}="${value}"; only "enabled" and "disabled" reach the controller`
      return { id: 'ns-label-typo', path: namespacePath, message }
    },
  ),
  when('Does the namespace not have the label?', gate, saidByNamespace, (input) => {
    const { namespace } = input
    if (namespace.labels.has(inject)) return null
    const asking = { key: inject, on: null, pod: 'annotation', namespace: 'label' } as const
    return (
      misplacedKey(input, asking) ?? {
        id: 'ns-unlabelled',
        path: 'namespace.metadata.labels',
        message: `namespace "${namespace.name}" has no label ${inject}, so the controller is not called for its pods`,
      }
    )
  }),
  whichSelector(gate),
]

export const appMeshRules: readonly Rule<AppMeshSettings>[] = refusingBefore<AppMeshSettings>([
  when(
    'Does the annotation of the pod say "disabled"?',
    source,
    ({ subject }) => shown(annotationPath(subject, inject), subject.pod.annotations.get(inject)),
    ({ subject }) => {
      const value = subject.pod.annotations.get(inject)
      if (value?.toLowerCase() !== 'disabled') return null
      const message = `the annotation ${inject} is "${value}", which means no sidecar`
      return { id: 'optout-annotation-others', path: annotationPath(subject, inject), message }
    },
  ),
  when(
    'Is the pod silent, and does the namespace say "disabled"?',
    source,
    saidByNamespace,
    (input) => {
      const { subject, namespace } = input
      const value = namespace.labels.get(inject)
      if (subject.pod.annotations.has(inject) || value?.toLowerCase() !== 'disabled') return null
      // The pod first: such a namespace leaves it to its pods to ask.
      const asking = { key: inject, on: null, pod: 'annotation', namespace: null } as const
      const message = `namespace "${namespace.name}" has the label ${inject}="${value}"`
      return misplacedKey(input, asking) ?? { id: 'ns-optout', path: namespacePath, message }
    },
  ),
  {
    question: 'Does no VirtualNode or VirtualGateway select the pod, or more than one?',
    source: `${code}/inject.go Inject and pkg/virtualnode/membership_designator.go, 1.4 to 1.13`,
    ask: (input) => {
      const found = designated(input)
      const names = found.map(({ kind, name }) => `${kind} ${name}`)
      const at = shown('VirtualNodes and VirtualGateways', names)
      if (found.length === 1) return no(at)
      const path = `${input.subject.pod.prefix}metadata.labels`
      if (found.length > 1) {
        const message = `${names.join(' and ').slice(0, 120)} select the pod, which the controller refuses`
        return stops(at, { id: 'injector-refuses', path, message })
      }
      const asked = modeOf(input) === 'enabled'
      if (!knowsNodes(input)) {
        if (asked) return unknown(at, 'a VirtualNode selects the pod (none was given)')
        // A pod that came out bare does not leave it open.
        if (!input.subject.finished) return stops(at, open(path))
      }
      return stops(at, asked ? refusedWithout(path) : withoutNode(input, path))
    },
  },
  when(
    'Is there an annotation that the controller cannot read?',
    `${code}/envoy.go getSecretMounts, getCustomEnv, getVolumeMounts, 1.4 to 1.13`,
    ({ subject: { pod } }) =>
      shown(
        `${pod.prefix}metadata.annotations`,
        [...pod.annotations.keys()].filter((key) => key.startsWith('appmesh.k8s.aws/')),
      ),
    ({ subject }) => refusedValue(subject, readable),
  ),
  when(
    'Is a container called envoy already?',
    `${code}/envoy.go mutate, 1.4 to 1.13`,
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    (input) => {
      const { subject, settings } = input
      const named = subject.pod.containers.find(
        (one) => one.name === 'envoy' && one.kind === 'regular' && !isAppMeshOwn(one, settings),
      )
      // A gateway brings a container of that name along, and the controller makes it the proxy.
      const gateway =
        designated(input)[0]?.kind === 'VirtualGateway' || isGatewayManifest(subject, settings)
      if (named === undefined || gateway) return null
      const message = 'the container "envoy" has the sidecar\'s name, so the controller adds none'
      return { id: 'fake-sidecar-name', path: `${named.path}.name`, message }
    },
  ),
])

function saidByNamespace({ namespace }: Input): string {
  return shown(namespacePath, namespace.labels.get(inject))
}

/** Any case; every other word is none. */
function modeOf({ subject, namespace }: Input): 'enabled' | 'unspecified' {
  const said = subject.pod.annotations.get(inject) ?? namespace.labels.get(inject)
  return said?.toLowerCase() === 'enabled' ? 'enabled' : 'unspecified'
}

/** In the pod's own namespace; without a podSelector it selects nothing. */
export function designated({ subject, objects }: Input): ClusterObject[] {
  return ['VirtualNode', 'VirtualGateway'].flatMap((kind) =>
    inNamespace(objects, kind, subject.namespace).filter((one) => {
      const selector = field(one.object, 'spec', 'podSelector')
      return (
        groupOf(one.apiVersion) === 'appmesh.k8s.aws' &&
        selector !== undefined &&
        selector !== null &&
        selectorMatches(selector, subject.pod.labels)
      )
    }),
  )
}

/** Among given files only those of the pod's own namespace tell that they are all there is. */
function knowsNodes({ subject, objects }: Input): boolean {
  return (
    objects.complete.has('VirtualNode') ||
    ['VirtualNode', 'VirtualGateway'].some(
      (kind) => inNamespace(objects, kind, subject.namespace).length > 0,
    )
  )
}

function open(path: string): Hit {
  const message =
    'whether the pod gets a sidecar depends on a VirtualNode that selects it (none was given)'
  return { id: 'input-unknown', path, message }
}

function refusedWithout(path: string): Hit {
  const message = 'no VirtualNode or VirtualGateway selects the pod, which the controller refuses'
  return { id: 'injector-refuses', path, message }
}

function withoutNode({ subject, namespace }: Input, path: string): Hit {
  const onPod = subject.pod.annotations.get(inject)
  const said =
    onPod === undefined
      ? `namespace "${namespace.name}" says "${namespace.labels.get(inject) ?? ''}"`
      : `the pod says "${oneLine(onPod)}"`
  const message = `${said}, which counts as nothing, and no VirtualNode or VirtualGateway selects the pod`
  return { id: 'appmesh-no-virtualnode', path, message }
}

const pairs = (separator: string) => (value: string) =>
  value.split(',').every((one) => one.split(separator).length === 2)

const readable: readonly ReadValue[] = [
  { key: 'appmesh.k8s.aws/secretMounts', reads: pairs(':') },
  { key: 'appmesh.k8s.aws/volumeMounts', reads: pairs(':') },
  { key: 'appmesh.k8s.aws/sidecarEnv', reads: pairs('=') },
]
