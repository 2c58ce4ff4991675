// SPDX-License-Identifier: Apache-2.0
// Why the OpenTelemetry operator is not called, and its own steps in their order: open-telemetry/opentelemetry-operator
// pkg/sidecar/{annotation,podmutator,pod}.go (0.60 to 0.158). Whatever goes wrong, the pod passes without a sidecar.

import { knows } from '../cluster-objects.ts'
import type { Hit } from '../finding.ts'
import type { Injector } from '../injectors.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import {
  effective,
  inject,
  openTelemetryPresence,
  openTelemetrySidecars,
  says,
} from './opentelemetry-parts.ts'
import { collectors, isSidecarMode, type OpenTelemetrySettings } from './opentelemetry-settings.ts'
import { no, shown, stops, unknown, when, type Rule } from './rule.ts'
import { noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<OpenTelemetrySettings>

const gate = 'open-telemetry/opentelemetry-operator config/webhook/manifests.yaml, 0.60 to 0.158'
const source =
  'open-telemetry/opentelemetry-operator pkg/sidecar/podmutator.go Mutate, 0.60 to 0.158'

export const openTelemetryChartInjectors = (): Injector[] => [
  {
    configuration: 'opentelemetry-operator-mutation',
    name: 'mpod.kb.io',
    failurePolicy: 'Ignore',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: undefined,
    objectSelector: undefined,
    conditions: 0,
  },
]

export const openTelemetryUncalled: readonly Rule<OpenTelemetrySettings>[] = [
  noEntryForPods('OpenTelemetry', gate),
  whichSelector(gate),
]

export const openTelemetryRules: readonly Rule<OpenTelemetrySettings>[] = [
  when('Does neither the pod nor the namespace say anything?', source, said, (input) => {
    const { subject, namespace } = input
    if (effective(subject, namespace) !== null) return null
    const asking = { key: inject, on: null, pod: 'annotation', namespace: 'annotation' } as const
    const message = `neither the pod nor namespace "${namespace.name}" has the annotation ${inject}`
    return (
      misplacedKey(input, asking) ?? {
        id: 'injector-default-optin',
        path: annotationPath(subject, inject),
        message,
      }
    )
  }),
  when('Does the word that counts say no?', source, said, refusal),
  when(
    'Is a container called otc-container already?',
    'open-telemetry/opentelemetry-operator pkg/sidecar/pod.go existsIn, 0.60 to 0.158',
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    ({ subject, settings }) => {
      const named = openTelemetrySidecars(subject).find(
        (one) => !openTelemetryPresence.own(one, settings),
      )
      if (named === undefined) return null
      const message =
        'the container "otc-container" has the sidecar\'s name, so the operator adds none'
      return { id: 'fake-sidecar-name', path: `${named.path}.name`, message }
    },
  ),
  {
    question: 'Is there not exactly one collector of mode sidecar for the word that counts?',
    source:
      'open-telemetry/opentelemetry-operator pkg/sidecar/podmutator.go getCollectorInstance, 0.60 to 0.158',
    ask: (input) => {
      const { subject, namespace, objects } = input
      const word = effective(subject, namespace)
      const at = shown(
        'OpenTelemetryCollectors',
        collectors(objects).map((one) => `${one.namespace}/${one.name}`),
      )
      if (word === null) return no(at)
      if (!knows(objects, 'OpenTelemetryCollector')) {
        const which = says(word.value, 'true') ? 'one' : `"${oneLine(word.value)}"`
        return unknown(at, `a collector of mode sidecar, ${which}, is there (none was given)`)
      }
      const why = unresolved(input, word.value)
      if (why === null) return no(at)
      const path = placeOf(input, word.of)
      return stops(at, { id: 'otel-instance-unresolved', path, message: why })
    },
  },
]

/** "false" keeps the sidecar out, and takes out one that is there. */
export function refusal({ subject, namespace }: Input): Hit | null {
  const word = effective(subject, namespace)
  if (word === null || !says(word.value, 'false')) return null
  return word.of === 'pod'
    ? {
        id: 'optout-annotation-others',
        path: annotationPath(subject, inject),
        message: `the annotation ${inject} is "${word.value}", which means no sidecar`,
      }
    : {
        id: 'ns-optout',
        path: `namespace.metadata.annotations[${inject}]`,
        message: `namespace "${namespace.name}" has the annotation ${inject}="${word.value}"`,
      }
}

/** Why the word leads to no collector; null: it leads to one. */
function unresolved({ namespace, objects }: Input, value: string): string | null {
  const all = collectors(objects)
  if (says(value, 'true')) {
    const here = all.filter((one) => one.namespace === namespace.name && isSidecarMode(one))
    if (here.length === 1) return null
    const where = `in namespace "${namespace.name}"`
    return here.length === 0
      ? `no collector of mode sidecar is ${where}`
      : `${here.length} collectors of mode sidecar are ${where}, and the operator takes none of them`
  }
  const slash = value.indexOf('/')
  const place = slash === -1 ? namespace.name : value.slice(0, slash)
  const name = value.slice(slash + 1)
  const found = all.find((one) => one.namespace === place && one.name === name)
  if (found === undefined)
    return `there is no collector "${oneLine(name)}" in namespace "${oneLine(place)}"`
  return isSidecarMode(found) ? null : `the collector "${oneLine(name)}" is not of mode sidecar`
}

function placeOf({ subject }: Input, of: 'pod' | 'namespace'): string {
  return of === 'pod'
    ? annotationPath(subject, inject)
    : `namespace.metadata.annotations[${inject}]`
}

function said({ subject, namespace }: Input): string {
  const onPod = shown(annotationPath(subject, inject), subject.pod.annotations.get(inject))
  const key = `namespace.metadata.annotations[${inject}]`
  return `${onPod}; ${shown(key, namespace.annotations.get(inject))}`
}
