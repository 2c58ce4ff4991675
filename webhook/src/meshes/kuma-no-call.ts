// SPDX-License-Identifier: Apache-2.0
// Why the API server does not call Kuma's injector for a pod. Without a call the label of the pod does
// nothing, although the injector would let it win over the namespace.

import type { Hit } from '../finding.ts'
import { systemNamespace } from './kuma-injectors.ts'
import { enabledWord, inject } from './kuma-parts.ts'
import type { KumaSettings } from './kuma-settings.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { shown, when, type Rule } from './rule.ts'
import { noEntryForPods, whichSelector } from './usual-rules.ts'

type Input = MeshInput<KumaSettings>

const chart =
  'kumahq/kuma deployments/charts/kuma/templates/cp-webhooks-and-secrets.yaml, 2.5 to 2.14'
const podPath = ({ subject: { pod } }: Input) => `${pod.prefix}metadata.labels[${inject}]`
const namespacePath = `namespace.metadata.labels[${inject}]`
const onPod = (input: Input) => shown(podPath(input), input.subject.pod.labels.get(inject))
const onNamespace = ({ namespace }: Input) => shown(namespacePath, namespace.labels.get(inject))

export const kumaUncalled: readonly Rule<KumaSettings>[] = [
  noEntryForPods('Kuma', chart),
  when(
    'Is the namespace one that the chart leaves out?',
    chart,
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace, settings }) =>
      !['kube-system', systemNamespace(settings)].includes(namespace.name)
        ? null
        : {
            id: 'ignored-namespace',
            path: 'metadata.namespace',
            message: `the injector is not called for pods of namespace "${namespace.name}"`,
          },
  ),
  when('Does the label of the pod say no?', chart, onPod, (input) => {
    const value = input.subject.pod.labels.get(inject)
    if (value === undefined || enabledWord(value) !== false) return null
    const message = `the label ${inject} is "${value}", which means no sidecar`
    return { id: 'optout-label-kuma', path: podPath(input), message }
  }),
  when(
    'Does the label of the pod say "true" or "yes", which the selector does not take?',
    chart,
    onPod,
    (input) => {
      const value = input.subject.pod.labels.get(inject)
      if (value === undefined || value === 'enabled' || enabledWord(value) !== true) return null
      const message = `the label ${inject} of the pod is "${value}"; without an enabled namespace only "enabled" reaches the injector`
      return { id: 'kuma-pod-label-true', path: podPath(input), message }
    },
  ),
  when(
    'Does the pod ask, in a namespace without the label?',
    'kumahq/kuma cp-webhooks-and-secrets.yaml and UPGRADE.md, 2.11 to 2.14',
    onNamespace,
    (input) => {
      const { subject, namespace } = input
      if (subject.pod.labels.get(inject) !== 'enabled' || namespace.labels.has(inject)) return null
      const message = `the label of the pod does not reach the injector, because namespace "${namespace.name}" has no label ${inject} at all`
      return { id: 'kuma-ns-label-required', path: 'namespace.metadata.labels', message }
    },
    { since: '2.11' },
  ),
  when('Is the key there, and not where it is read?', chart, onNamespace, misplaced),
  when('Does the namespace say no?', chart, onNamespace, ({ namespace }) => {
    const value = namespace.labels.get(inject)
    if (value === undefined || enabledWord(value) !== false) return null
    const message = `namespace "${namespace.name}" has the label ${inject}="${value}"`
    return { id: 'ns-optout', path: namespacePath, message }
  }),
  when(
    'Does the namespace have a word that the selector does not take?',
    chart,
    onNamespace,
    ({ namespace }) => {
      const value = namespace.labels.get(inject)
      if (value === undefined || ['enabled', 'true'].includes(value)) return null
      const message = `namespace "${namespace.name}" has the label ${inject}="${value}"; only "enabled" and "true" enable`
      return { id: 'ns-label-typo', path: namespacePath, message }
    },
  ),
  when('Does neither the namespace nor the pod have the label?', chart, onNamespace, nothingAsks),
  whichSelector(chart),
]

/** Of the pod first: a namespace that says no leaves it to its pods to ask. */
function misplaced(input: Input): Hit | null {
  const { namespace, subject } = input
  const said = namespace.labels.get(inject)
  if (subject.pod.labels.has(inject) || enabledWord(said ?? '') === true) return null
  const on = ['enabled', 'true', 'yes']
  const place = said === undefined ? 'label' : null
  return misplacedKey(input, { key: inject, on, pod: 'label', namespace: place })
}

function nothingAsks({ namespace, subject }: Input): Hit | null {
  // With the label in place it is a further condition of the entries, which the next question names.
  if (namespace.labels.has(inject) || subject.pod.labels.get(inject) === 'enabled') return null
  return {
    id: 'ns-unlabelled',
    path: 'namespace.metadata.labels',
    message: `neither namespace "${namespace.name}" nor the pod has the label ${inject}`,
  }
}
