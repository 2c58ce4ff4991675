// SPDX-License-Identifier: Apache-2.0
// Why Consul's injector is not called, and its own steps in their order: hashicorp/consul-k8s control-plane/
// connect-inject/webhook/mesh_webhook.go Handle, shouldInject (1.0 to 2.0). What it cannot read makes it refuse.

import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { parseBool, parsesFalse, parsesTrue } from '../go-bool.ts'
import type { Injector } from '../injectors.ts'
import { annotationPath, oneLine, refusedValue, type ReadValue } from './annotation-rules.ts'
import {
  consulSidecars,
  inject,
  isConsulImage,
  redirectConfig,
  services,
  status,
  transparent,
  usualUser,
} from './consul-parts.ts'
import type { ConsulSettings } from './consul-settings.ts'
import { transparentProxy } from './consul-traffic.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { refusedUser, refusingBefore } from './refusals.ts'
import { no, shown, stops, when, type Rule } from './rule.ts'
import { ignoresNamespaces, noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<ConsulSettings>

const chart =
  'hashicorp/consul-k8s charts/consul/templates/connect-inject-mutatingwebhookconfiguration.yaml and values.yaml, 1.0 to 2.0'
const code = 'hashicorp/consul-k8s control-plane/connect-inject/webhook'
const source = `${code}/mesh_webhook.go shouldInject, 1.0 to 2.0`

const left = ['kube-system', 'local-path-storage', 'openebs', 'gmp-system', 'gke-managed-cim']
const monitoring = 'openshift.io/cluster-monitoring'

export function consulChartInjectors(settings: ConsulSettings): Injector[] {
  return [
    {
      configuration: 'consul-connect-injector',
      name: 'consul-connect-injector.consul.hashicorp.com',
      failurePolicy: 'Fail',
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: left },
          { key: monitoring, operator: 'DoesNotExist' },
        ],
      },
      objectSelector: {
        matchExpressions: [
          { key: 'app', operator: 'NotIn', values: [settings.chartName ?? 'consul'] },
        ],
      },
      conditions: 0,
    },
  ]
}

export const consulUncalled: readonly Rule<ConsulSettings>[] = [
  noEntryForPods('Consul', chart),
  ignoresNamespaces(left, chart),
  whichSelector(chart),
]

export const consulRules: readonly Rule<ConsulSettings>[] = refusingBefore<ConsulSettings>([
  ignoresNamespaces(['kube-system', 'kube-public'], source),
  when(
    'Is the namespace on the deny list?',
    source,
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace, settings }) => {
      if (settings.denyNamespaces?.includes(namespace.name) !== true) return null
      const message = `namespace "${namespace.name}" is on the deny list of the injector`
      return { id: 'ns-optout', path: 'metadata.namespace', message }
    },
  ),
  when(
    'Is the namespace missing from the allow list?',
    source,
    ({ settings }) => shown('connectInject.k8sAllowNamespaces', settings.allowNamespaces ?? ['*']),
    ({ namespace, settings }) => {
      const allowed = settings.allowNamespaces ?? ['*']
      if (allowed.includes('*') || allowed.includes(namespace.name)) return null
      const message = `namespace "${namespace.name}" is not on the allow list of the injector`
      return { id: 'ignored-namespace', path: 'metadata.namespace', message }
    },
  ),
  {
    question: 'Does an annotation say that the pod was injected already?',
    source,
    ask: ({ subject }) => {
      const value = subject.pod.annotations.get(status) ?? ''
      const path = annotationPath(subject, status)
      const at = shown(path, value === '' ? undefined : value)
      if (value === '' || consulSidecars(subject).length > 0) return no(at)
      const message = `the annotation ${status} is "${oneLine(value)}", so the injector takes the pod for done`
      return stops(at, { id: 'forged-injected-marker', path, message }, ...forged(subject))
    },
  },
  when(
    'Does the annotation of the pod say no, or nothing that can be read?',
    source,
    ({ subject }) => shown(annotationPath(subject, inject), subject.pod.annotations.get(inject)),
    ({ subject }) => {
      const value = subject.pod.annotations.get(inject)
      const path = annotationPath(subject, inject)
      if (value === undefined || parsesTrue(value)) return null
      return parsesFalse(value)
        ? {
            id: 'optout-annotation-others',
            path,
            message: `the annotation ${inject} is "${value}", which means no sidecar`,
          }
        : {
            id: 'injector-refuses',
            path,
            message: `the annotation ${inject} is "${oneLine(value)}", which the injector cannot read`,
          }
    },
  ),
  when(
    'Does the pod not ask, where pods must?',
    source,
    ({ settings }) => shown('connectInject.default', settings.defaultInject ?? false),
    (input) => {
      const { subject, settings } = input
      if (settings.defaultInject === true || subject.pod.annotations.has(inject)) return null
      const on = ['1', 't', 'T', 'true', 'TRUE', 'True']
      const asking = { key: inject, on, pod: 'annotation', namespace: null } as const
      return (
        misplacedKey(input, asking) ?? {
          id: 'injector-default-optin',
          path: annotationPath(subject, inject),
          message: `pods must ask for the sidecar here, and this one has no annotation ${inject}`,
        }
      )
    },
  ),
  when(
    'Is there an annotation or label that the injector cannot read?',
    `${code}/mesh_webhook.go Handle and connect-inject/common/common.go, 1.0 to 2.0`,
    ({ subject }) =>
      shown(annotationPath(subject, transparent), subject.pod.annotations.get(transparent)),
    ({ subject, namespace }) => {
      const onPod = refusedValue(subject, readable)
      const label = namespace.labels.get(transparent)
      if (onPod !== null || label === undefined || parseBool(label) !== null) return onPod
      if (subject.pod.annotations.has(transparent)) return null
      const message = `the label ${transparent} of namespace "${namespace.name}" is "${label}", which the injector cannot read`
      return { id: 'injector-refuses', path: `namespace.metadata.labels[${transparent}]`, message }
    },
  ),
  when(
    'Are there several services, with the transparent proxy?',
    `${code}/mesh_webhook.go checkUnsupportedMultiPortCases, 1.0 to 2.0`,
    ({ subject }) =>
      shown(annotationPath(subject, services), subject.pod.annotations.get(services)),
    (input) => {
      const { subject } = input
      const several = (subject.pod.annotations.get(services) ?? '').includes(',')
      if (!several || !transparentProxy(input).on) return null
      const message = 'several services in one pod do not go with the transparent proxy'
      return { id: 'injector-refuses', path: annotationPath(subject, services), message }
    },
  ),
  {
    question: "Does the pod or a container ask for the sidecar's user?",
    source: `${code}/consul_dataplane_sidecar.go, 1.0 to 2.0`,
    ask: (input) => {
      const { pod } = input.subject
      const user = number(pod.spec, 'securityContext', 'runAsUser')
      const at = shown(`${pod.prefix}spec.securityContext.runAsUser`, user)
      const hits = sameUser(input)
      return hits.length === 0 ? no(at) : stops(at, ...hits)
    },
  },
])

/** The CNI plugin does not look at more than these annotations either. */
function forged(subject: Input['subject']): Hit[] {
  if (!subject.pod.annotations.has(redirectConfig)) return []
  const message = `the CNI plugin would take the redirect from the annotation ${redirectConfig}, which no injector wrote`
  return [{ id: 'cni-forged-redirect', path: annotationPath(subject, redirectConfig), message }]
}

function sameUser(input: Input): Hit[] {
  const { subject, settings } = input
  const { pod } = subject
  if (settings.openShift === true && !transparentProxy(input).on) return []
  if (number(pod.spec, 'securityContext', 'runAsUser') === usualUser) {
    return refusedUser(`${pod.prefix}spec.securityContext.runAsUser`, 'the pod', usualUser)
  }
  const same = pod.containers.find(
    (one) =>
      one.kind === 'regular' &&
      number(one.security, 'runAsUser') === usualUser &&
      !isConsulImage(one, settings),
  )
  if (same === undefined) return []
  const path = `${same.path}.securityContext.runAsUser`
  return refusedUser(path, `the container "${same.name}"`, usualUser)
}

const isBool = (value: string) => parseBool(value) !== null
const isJson = (value: string) => {
  try {
    return Array.isArray(JSON.parse(value))
  } catch {
    return false
  }
}
const own = 'consul.hashicorp.com'

const readable: readonly ReadValue[] = [
  ...['transparent-proxy', 'consul-dns', 'transparent-proxy-overwrite-probes'].map((name) => ({
    key: `${own}/${name}`,
    reads: isBool,
  })),
  ...['enable-metrics', 'enable-metrics-merging', 'enable-consul-dataplane-as-sidecar'].map(
    (name) => ({ key: `${own}/${name}`, reads: (value: string) => value === '' || isBool(value) }),
  ),
  { key: `${own}/consul-envoy-proxy-concurrency`, reads: (value) => /^\d{1,19}$/.test(value) },
  { key: `${own}/consul-sidecar-user-volume`, reads: isJson },
  { key: `${own}/consul-sidecar-user-volume-mount`, reads: isJson },
]
