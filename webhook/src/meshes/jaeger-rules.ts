// SPDX-License-Identifier: Apache-2.0
// Why the Jaeger operator is not called, and its own steps in their order: jaegertracing/jaeger-operator
// controllers/appsv1/deployment_webhook.go Handle, pkg/inject/sidecar.go Needed, Select (1.31 to 1.65).

import { knows, type ClusterObject } from '../cluster-objects.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import { oneLine } from './annotation-rules.ts'
import { deploymentSeen, inject, injected, jaegerPresence, jaegerSidecars } from './jaeger-parts.ts'
import { instances, type JaegerSettings } from './jaeger-settings.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { no, shown, stops, unknown, when, type Rule } from './rule.ts'
import { whichSelector } from './usual-rules.ts'

type Input = MeshInput<JaegerSettings>

const gate = 'jaegertracing/jaeger-operator config/webhook/manifests.yaml, 1.31 to 1.65'
const handler =
  'jaegertracing/jaeger-operator controllers/appsv1/deployment_webhook.go Handle, 1.31 to 1.65'
const source = 'jaegertracing/jaeger-operator pkg/inject/sidecar.go'

export const jaegerChartInjectors = (): Injector[] => [
  {
    configuration: 'jaeger-operator-mutating-webhook-configuration',
    name: 'deployment.sidecar-injector.jaegertracing.io',
    failurePolicy: 'Ignore',
    rules: [
      {
        operations: ['CREATE', 'UPDATE'],
        apiGroups: ['apps'],
        apiVersions: ['v1'],
        resources: ['deployments'],
      },
    ],
    namespaceSelector: undefined,
    objectSelector: undefined,
    conditions: 0,
  },
]

export const jaegerUncalled: readonly Rule<JaegerSettings>[] = [
  when(
    'Is it something else than a Deployment?',
    gate,
    ({ subject }) => shown('kind', subject.kind),
    ({ subject }) => {
      if (deploymentSeen(subject) !== null) return null
      const message = `the injector changes Deployments only, and this is a ${subject.kind}`
      return { id: 'kind-not-covered', path: 'kind', message }
    },
  ),
  when(
    'Is there no webhook entry of the operator that takes Deployments?',
    gate,
    ({ calls }) => `${calls.length} entries`,
    ({ calls }) =>
      calls.some(({ verdict }) => verdict.by !== 'rules')
        ? null
        : {
            id: 'injector-config-tampered',
            path: 'webhooks',
            message: 'no MutatingWebhookConfiguration sends Deployments to the Jaeger operator',
          },
  ),
  whichSelector(gate),
]

export const jaegerRules: readonly Rule<JaegerSettings>[] = [
  when(
    'Does the operator not watch the namespace?',
    `${handler} (shouldHandleDeployment)`,
    ({ settings }) => shown('WATCH_NAMESPACE', settings.watchNamespaces),
    ({ namespace, settings: { watchNamespaces } }) => {
      const name = namespace.name.toLowerCase()
      const watches = watchNamespaces?.some((one) => one.toLowerCase() === name) ?? true
      if (watches) return null
      const message = `the operator does not watch namespace "${namespace.name}"`
      return { id: 'ignored-namespace', path: 'metadata.namespace', message }
    },
  ),
  when(
    'Does a label say that it is a part of Jaeger itself?',
    `${handler}; ${source} Needed`,
    ({ subject }) => shown('metadata.labels[app]', labelsOf(subject).get('app')),
    ({ subject }) => {
      const labels = labelsOf(subject)
      const isQuery = labels.get('app.kubernetes.io/component') === 'query'
      if (labels.get('app') !== 'jaeger' || isQuery) return null
      const message = 'the label app=jaeger makes the operator take it for a part of Jaeger itself'
      return { id: 'exception-label', path: 'metadata.labels[app]', message }
    },
  ),
  when(
    'Does nobody ask, or does the word that counts say no?',
    `${source} desired, 1.31 to 1.65`,
    said,
    unwanted,
  ),
  when(
    'Is a container called jaeger-agent already, which the operator did not add?',
    `${source} Needed, HasJaegerAgent, 1.31 to 1.65`,
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    (input) => {
      const { subject, settings } = input
      const named = jaegerSidecars(subject).find(
        (one) => one.kind === 'regular' && !jaegerPresence.own(one, settings),
      )
      if (named === undefined) return null
      // fail closed: a label of another instance, or of one that is not known, keeps the container.
      const mark = deploymentSeen(subject) === 'itself' ? subject.labels.get(injected) : undefined
      if (mark !== undefined && selected(input)?.name === mark) return null
      const message =
        'the container "jaeger-agent" has the sidecar\'s name, so the operator adds none'
      return { id: 'fake-sidecar-name', path: `${named.path}.name`, message }
    },
  ),
  {
    question:
      'Does the word that counts lead to no Jaeger instance, or to another than the label says?',
    source: `${source} Select, Sidecar, 1.31 to 1.65`,
    ask: (input) => {
      const at = shown(
        'Jaegers',
        instances(input.objects).map((one) => `${one.namespace}/${one.name}`),
      )
      if (!knows(input.objects, 'Jaeger')) {
        return unknown(at, 'a Jaeger instance answers to the annotation (none was given)')
      }
      const instance = selected(input)
      const { subject } = input
      const mark = deploymentSeen(subject) === 'itself' ? subject.labels.get(injected) : undefined
      if (instance !== null && mark !== undefined && mark !== instance.name) {
        const message = `the label ${injected} says that "${oneLine(mark)}" has injected it, and the operator leaves it alone`
        return stops(at, {
          id: 'forged-injected-marker',
          path: `metadata.labels[${injected}]`,
          message,
        })
      }
      if (instance !== null) return no(at)
      const message = `${instances(input.objects).length} Jaeger instances, and none of them answers to the annotation`
      return stops(at, { id: 'otel-instance-unresolved', path: placeOf(input), message })
    },
  },
]

const words = ({ subject, namespace }: Input) => ({
  own: deploymentSeen(subject) === 'itself' ? subject.annotations.get(inject) : undefined,
  theirs: namespace.annotations.get(inject),
})
const isNo = (value: string | undefined) => value?.toLowerCase() === 'false'
const isYes = (value: string | undefined) => value?.toLowerCase() === 'true'

/** Of a pod only its own labels are seen here, which are those of the template. */
function labelsOf(subject: Input['subject']) {
  return deploymentSeen(subject) === 'itself' ? subject.labels : subject.pod.labels
}

export function unwanted(input: Input): Hit | null {
  const { subject, namespace } = input
  const { own, theirs } = words(input)
  if (isNo(own)) {
    const message = `the annotation ${inject} is "${own ?? ''}", which means no sidecar`
    return { id: 'optout-annotation-others', path: `metadata.annotations[${inject}]`, message }
  }
  if (own !== undefined || (theirs !== undefined && !isNo(theirs))) return null
  if (theirs !== undefined) {
    const message = `namespace "${namespace.name}" has the annotation ${inject}="${theirs}"`
    return { id: 'ns-optout', path: `namespace.metadata.annotations[${inject}]`, message }
  }
  return misplaced(input) ?? silent(subject, namespace.name)
}

/** The operator reads the Deployment's own annotations: on its pods they are nothing. */
function misplaced(input: Input): Hit | null {
  const { subject } = input
  if (deploymentSeen(subject) === 'itself' && subject.labels.has(inject)) {
    const message = `the Deployment has ${inject} as a label; the operator reads the annotation`
    return { id: 'label-annotation-swap', path: `metadata.labels[${inject}]`, message }
  }
  const asking = { key: inject, on: null, pod: null, namespace: 'annotation' } as const
  return misplacedKey(input, asking)
}

function silent({ kind, pod }: Input['subject'], namespace: string): Hit {
  const onPods = pod.prefix !== '' && pod.annotations.has(inject)
  return {
    id: 'ns-unlabelled',
    path: onPods
      ? `${pod.prefix}metadata.annotations[${inject}]`
      : 'namespace.metadata.annotations',
    message: onPods
      ? `the annotation ${inject} is on the pods, and the operator reads that of the Deployment or of namespace "${namespace}"`
      : kind === 'Deployment'
        ? `neither the Deployment nor namespace "${namespace}" has the annotation ${inject}`
        : `namespace "${namespace}" has no annotation ${inject}, and the Deployment is not seen here`,
  }
}

/** The instance that the sidecar would report to. */
function selected(input: Input): ClusterObject | null {
  const { own = '', theirs = '' } = words(input)
  const all = instances(input.objects)
  const here = (one: ClusterObject) => one.namespace === input.namespace.name
  const called = (name: string) => {
    const same = all.filter((one) => one.name === name)
    return same.find(here) ?? same[0] ?? null
  }
  if (own !== '' && !isYes(own)) return called(own)
  const byNamespace = called(theirs)
  if (byNamespace !== null) return byNamespace
  if (!isYes(own) && !isYes(theirs)) return null
  if (all.length === 1) return all[0] ?? null
  const near = all.filter(here)
  return near.length === 1 ? (near[0] ?? null) : null
}

function placeOf(input: Input): string {
  const { own = '' } = words(input)
  return own === ''
    ? `namespace.metadata.annotations[${inject}]`
    : `metadata.annotations[${inject}]`
}

function said(input: Input): string {
  const { own, theirs } = words(input)
  const key = `metadata.annotations[${inject}]`
  return `${shown(key, own)}; ${shown(`namespace.${key}`, theirs === undefined ? undefined : oneLine(theirs))}`
}
