// SPDX-License-Identifier: Apache-2.0
// Whom the node captures: the CNI plugin's own exceptions, then the selectors of the node agent.
// istio/istio cni/pkg/plugin/plugin.go, cni/pkg/util/enablement_selector.go Matches and podutil.go, selectors in
// manifests/charts/istio-cni/values.yaml (1.22 to 1.31). No webhook is asked: labels count while a pod runs.

import type { Hit } from '../finding.ts'
import type { Namespace } from '../namespace.ts'
import { selectorMatches } from '../selector.ts'
import type { Subject } from '../subject.ts'
import { annotationPath } from './annotation-rules.ts'
import type { AmbientSettings } from './istio-ambient-settings.ts'
import { istioImage, istioSidecars } from './istio-parts.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { shown, when, type Rule } from './rule.ts'

type Input = MeshInput<AmbientSettings>

export const mode = 'istio.io/dataplane-mode'
const inject = 'sidecar.istio.io/inject'
const status = 'sidecar.istio.io/status'
const plugin = 'istio/istio cni/pkg/plugin/plugin.go CmdAdd, doAddRun, 1.22 to 1.31'
const matches = 'istio/istio cni/pkg/util/enablement_selector.go Matches, 1.22 to 1.31'
const namespacePath = `namespace.metadata.labels[${mode}]`
const podPath = ({ subject: { pod } }: Input) => `${pod.prefix}metadata.labels[${mode}]`

export const ambientRules: readonly Rule<AmbientSettings>[] = [
  when(
    "Is it a pod of the CNI agent's name, in the agent's namespace?",
    plugin,
    ({ subject }) => shown('metadata.name', subject.name),
    agentName,
  ),
  when(
    'Is the namespace excluded from the CNI plugin?',
    'istio/istio manifests/charts/istio-cni/values.yaml excludeNamespaces, 1.22 to 1.31',
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace, settings }) => {
      if (!(settings.excludedNamespaces ?? ['kube-system']).includes(namespace.name)) return null
      const message = `the CNI plugin leaves namespace "${namespace.name}" out, whatever labels say`
      return { id: 'ambient-excluded-ns', path: 'metadata.namespace', message }
    },
  ),
  when(
    'Does the pod use the network of the node?',
    `${matches} (without this question from 1.28 on, until it came back in 1.31; it cannot be captured either way)`,
    ({ subject: { pod } }) => shown(`${pod.prefix}spec.hostNetwork`, pod.spec.hostNetwork),
    ({ subject: { pod } }) =>
      pod.spec.hostNetwork !== true
        ? null
        : {
            id: 'host-network',
            path: `${pod.prefix}spec.hostNetwork`,
            message: 'the pod uses the network of the node, which ambient mode does not capture',
          },
  ),
  when(
    'Does an annotation say that the pod has a sidecar?',
    matches,
    ({ subject }) => shown(annotationPath(subject, status), subject.pod.annotations.get(status)),
    ({ subject, settings }) => {
      if (!subject.pod.annotations.has(status)) return null
      const path = annotationPath(subject, status)
      const real = istioSidecars(subject).some((one) => istioImage(one, settings))
      return real
        ? { id: 'cross-mesh-collision', path, message: withSidecar }
        : {
            id: 'forged-injected-marker',
            path,
            message: `the annotation ${status} keeps the pod out of ambient mode, and it has no sidecar`,
          }
    },
  ),
  when(
    'Will the pod get a sidecar, so that the node leaves it alone?',
    'istio/istio pkg/kube/inject/inject.go injectRequired with enablement_selector.go, 1.22 to 1.31',
    ({ subject: { pod } }) =>
      shown(`${pod.prefix}metadata.labels[${inject}]`, pod.labels.get(inject)),
    willGetSidecar,
  ),
  when(
    'Does no enablement selector take the pod?',
    matches,
    (input) =>
      `${shown(podPath(input), input.subject.pod.labels.get(mode))}; ` +
      shown(namespacePath, input.namespace.labels.get(mode)),
    notSelected,
  ),
]

const withSidecar = 'the pod has a sidecar, so the node leaves it alone: only one of both captures'

function agentName({ subject, settings }: Input): Hit | null {
  // Pods of a workload have its name, and more.
  const name = subject.kind === 'Pod' ? subject.name : `${subject.name}-`
  const { agentNamespace } = settings
  const home = agentNamespace === undefined ? ['istio-system', 'kube-system'] : [agentNamespace]
  if (!name.startsWith('istio-cni-node-') || !home.includes(subject.namespace)) return null
  const message = 'the CNI plugin lets pods called istio-cni-node-… pass before any question'
  return { id: 'istio-cni-node-prefix', path: 'metadata.name', message }
}

/**
 * Nothing asks for ambient mode here, and it has a sidecar, or will get one: then that one governs the pod. With
 * both asked for, the node leaves it alone, which is a finding.
 */
export function leavesToSidecar(subject: Subject, namespace: Namespace): boolean {
  const { labels } = subject.pod
  if (labels.get(mode) === 'ambient' || namespace.labels.get(mode) === 'ambient') return false
  return (
    istioSidecars(subject).some((one) => istioImage(one, {})) ||
    willGetSidecar({ subject, namespace }) !== null
  )
}

/** Of a manifest only: a finished pod without the injector's annotation got none. */
function willGetSidecar({ subject, namespace }: Pick<Input, 'subject' | 'namespace'>): Hit | null {
  const { pod } = subject
  if (subject.finished) return null
  const said = pod.labels.get(inject) ?? pod.annotations.get(inject)
  if (said === 'false') return null
  const path = `${pod.prefix}metadata.labels[${inject}]`
  if (pod.labels.get(inject) === 'true') {
    return { id: 'cross-mesh-collision', path, message: withSidecar }
  }
  for (const [key, value] of [
    ['istio-injection', 'enabled'],
    ['istio.io/rev', null],
  ] as const) {
    const found = namespace.labels.get(key)
    if (found === undefined || (value !== null && found !== value)) continue
    const message = `namespace "${namespace.name}" has the label ${key}="${found}" for sidecars; the node leaves pods with a sidecar alone`
    return { id: 'cross-mesh-collision', path: `namespace.metadata.labels[${key}]`, message }
  }
  return null
}

function notSelected(input: Input): Hit | null {
  const { subject, namespace, settings } = input
  const { pod } = subject
  const [onPod, onNamespace] = [pod.labels.get(mode), namespace.labels.get(mode)]
  if (settings.enablementSelectors === undefined) {
    if (onPod === 'ambient' || (onNamespace === 'ambient' && onPod !== 'none')) return null
  } else if (settings.enablementSelectors.some((one) => selects(one, input))) return null
  if (onPod === 'none') {
    const message = `the label ${mode} is "none", which keeps the pod out of ambient mode`
    return { id: 'ambient-optout', path: podPath(input), message }
  }
  const where = `namespace "${namespace.name}"`
  if (onNamespace === 'none') {
    return {
      id: 'ns-optout',
      path: namespacePath,
      message: `${where} has the label ${mode}="none"`,
    }
  }
  const asking = { key: mode, on: ['ambient'], pod: 'label', namespace: 'label' } as const
  const misplaced = misplacedKey(input, asking)
  if (misplaced !== null) return misplaced
  return onNamespace !== undefined && onNamespace !== 'ambient'
    ? {
        id: 'ns-label-typo',
        path: namespacePath,
        message: `${where} has the label ${mode}="${onNamespace}"; only "ambient" enables`,
      }
    : {
        id: 'ns-unlabelled',
        path: 'namespace.metadata.labels',
        message: `neither ${where} nor the pod is taken by a selector of ambient mode`,
      }
}

/** A selector that is not there selects everything. */
function selects(one: Readonly<Record<string, unknown>>, { subject, namespace }: Input): boolean {
  return (
    selectorMatches(one.podSelector ?? {}, subject.pod.labels) &&
    selectorMatches(one.namespaceSelector ?? {}, namespace.labels)
  )
}
