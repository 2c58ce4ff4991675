// SPDX-License-Identifier: Apache-2.0
// Why the API server does not call Istio's injector for a pod: the first explanation that fits.
// Order: what the namespace decides for all its pods, then what the pod says, then what is missing.

import type { Hit } from '../finding.ts'
import { selectorMatches } from '../selector.ts'
import { onlyPodRefused } from './api-server-gate.ts'
import { ignoredNamespaces } from './istio-injectors.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { no, shown, stops, when, type Rule } from './rule.ts'
import { ignoresNamespaces, whichSelector } from './usual-rules.ts'

const inject = 'sidecar.istio.io/inject'
const revision = 'istio.io/rev'
const legacy = 'istio-injection'

type Input = MeshInput<IstioSettings>

const charts = 'istio/istio manifests/charts/istio-control/istio-discovery/templates'
const source = `${charts}/mutatingwebhook.yaml and revision-tags-mwc.yaml, 1.12 to 1.31`
const onNamespace = (key: string) => `namespace.metadata.labels[${key}]`
const namespaceLabel =
  (key: string) =>
  ({ namespace }: Input) =>
    shown(onNamespace(key), namespace.labels.get(key))
const podLabel =
  (key: string) =>
  ({ subject: { pod } }: Input) =>
    shown(`${pod.prefix}metadata.labels[${key}]`, pod.labels.get(key))

export const istioUncalled: readonly Rule<IstioSettings>[] = [
  when(
    'Is there no webhook entry of the injector at all?',
    source,
    ({ injectors }) => `${injectors.length} entries`,
    ({ injectors }) =>
      injectors.length > 0
        ? null
        : {
            id: 'injector-config-tampered',
            path: 'webhooks',
            message: 'no MutatingWebhookConfiguration has an entry of the Istio injector',
          },
  ),
  // No label would help there, so this comes before what labels say.
  ignoresNamespaces(
    ignoredNamespaces,
    'istio/istio pkg/kube/inject/initializer.go IgnoredNamespaces, 1.12 to 1.31',
  ),
  when(
    'Does the namespace say something else than "enabled"?',
    source,
    namespaceLabel(legacy),
    namespaceOptsOut,
  ),
  when(
    'Does the label of the pod say "false"?',
    source,
    podLabel(inject),
    ({ subject: { pod } }) =>
      pod.labels.get(inject) !== 'false'
        ? null
        : {
            id: 'optout-label-istio',
            path: `${pod.prefix}metadata.labels[${inject}]`,
            message: `the label ${inject} is "false", so the injector is not called`,
          },
  ),
  when(
    'Does the namespace ask the default revision, and nobody answers for it?',
    source,
    namespaceLabel(legacy),
    namespaceWithoutInjector,
  ),
  when(
    'Does the namespace name a revision or tag that no entry answers for?',
    source,
    namespaceLabel(revision),
    namespaceRevision,
  ),
  {
    question: 'Does the pod name a revision or tag that no entry answers for?',
    source,
    ask: (input) => {
      const hits = podRevision(input)
      return hits.length === 0
        ? no(podLabel(revision)(input))
        : stops(podLabel(revision)(input), ...hits)
    },
  },
  when(
    'Is the pod in ambient mode, without a sidecar?',
    'istio/istio cni/pkg/util/enablement_selector.go, 1.31',
    namespaceLabel('istio.io/dataplane-mode'),
    ambient,
  ),
  when(
    'Does neither the namespace nor the pod have a label that asks for injection?',
    source,
    namespaceLabel(legacy),
    nothingAsksForIt,
  ),
  whichSelector(source),
]

function namespaceOptsOut({ namespace }: Input): Hit | null {
  const value = namespace.labels.get(legacy)
  if (value === undefined || value === 'enabled') return null
  const path = onNamespace(legacy)
  const where = `namespace "${namespace.name}" has the label ${legacy}="${value}"`
  return value === 'disabled'
    ? { id: 'ns-optout', path, message: `${where}; no label of a pod can change that` }
    : {
        id: 'ns-label-typo',
        path,
        message: `${where}; only "enabled" enables, and it blocks the rest`,
      }
}

function namespaceWithoutInjector(input: Input): Hit | null {
  const { namespace } = input
  // An entry that would take the namespace is there: then it is the pod's labels.
  if (!namespace.labels.has(legacy) || onlyPodRefused(input) !== null) return null
  if (isKeptOutOtherwise(input, legacy)) return null
  const other = namespace.labels.get(revision)
  const also =
    other === undefined ? '' : ` (its label ${revision}="${other}" does not count beside it)`
  return {
    id: 'ns-both-labels-no-default',
    path: onNamespace(legacy),
    message: `namespace "${namespace.name}" asks the default revision for injection, and no webhook entry answers${also}`,
  }
}

/** An entry takes namespaces with this label; its selector asks for more, and that keeps this one out. */
function isKeptOutOtherwise({ calls, namespace }: Input, key: string): boolean {
  const alone = new Map([[key, namespace.labels.get(key) ?? '']])
  return calls.some(
    ({ injector, verdict }) =>
      verdict.by === 'namespaceSelector' && selectorMatches(injector.namespaceSelector, alone),
  )
}

function namespaceRevision(input: Input): Hit | null {
  const { namespace } = input
  const live = isCertain(input)
  const value = namespace.labels.get(revision)
  // Beside the older label it does not count.
  if (value === undefined || namespace.labels.has(legacy)) return null
  if (onlyPodRefused(input) !== null || isKeptOutOtherwise(input, revision)) return null
  return dangling(`namespace "${namespace.name}"`, value, 'namespace.metadata.labels', live)
}

/** Where the default revision would have had the pod, the label opts it out. */
function podRevision(input: Input): Hit[] {
  const { pod } = input.subject
  const { namespace, injectors } = input
  const live = isCertain(input)
  const value = pod.labels.get(revision)
  if (value === undefined) return []
  const named = dangling('the pod', value, `${pod.prefix}metadata.labels`, live)
  const open = !namespace.labels.has(legacy) && !namespace.labels.has(revision)
  const auto = injectors.some(({ name }) => name.startsWith('auto.'))
  const asked = pod.labels.get(inject)
  const wanted = asked === 'true' || (open && auto && asked === undefined)
  if (!wanted || !live) return [named]
  const message = `the label ${revision}="${value}" keeps the default revision from injecting, and no entry answers for "${value}"`
  return [{ id: 'pod-rev-label-optout', path: named.path, message }, named]
}

/** A pod that came out bare does not leave it open whether the revision exists. */
function isCertain({ live, subject }: Input): boolean {
  return live || subject.finished
}

/** Without the cluster's own entries it is not known which revisions exist: said, not guessed. */
function dangling(who: string, value: string, path: string, live: boolean): Hit {
  return {
    id: live ? 'rev-label-dangling' : 'revision-unknown',
    path: `${path}[${revision}]`,
    message: live
      ? `${who} names the revision "${value}", and no webhook entry answers for it`
      : `${who} names the revision "${value}"; whether it exists is not known`,
  }
}

/** Ambient mode has no sidecar to verify. */
function ambient({ subject: { pod }, namespace }: Input): Hit | null {
  const key = 'istio.io/dataplane-mode'
  const onPod = pod.labels.get(key)
  const labelled = namespace.labels.get(key) === 'ambient'
  if (labelled && onPod === 'none') {
    const message = `the label ${key} is "none", which takes the pod out of ambient mode`
    return { id: 'ambient-optout', path: `${pod.prefix}metadata.labels[${key}]`, message }
  }
  if (!labelled && onPod !== 'ambient') return null
  const message =
    'the pod is in ambient mode, without a sidecar; the node agent is not looked at here'
  return { id: 'ambient-not-judged', path: 'namespace.metadata.labels', message }
}

function nothingAsksForIt(input: Input): Hit | null {
  const { subject, namespace, injectors } = input
  const { pod } = subject
  if (namespace.labels.has(legacy) || namespace.labels.has(revision)) return null
  if (injectors.some((one) => one.name.startsWith('auto.')) && !pod.labels.has(inject)) return null
  if (pod.annotations.get(inject) === 'true') {
    return {
      id: 'optin-annotation-noop',
      path: `${pod.prefix}metadata.annotations[${inject}]`,
      message: `the annotation ${inject} does not reach the injector; only the label of that name does`,
    }
  }
  return (
    misplacedKey(input, { key: inject, on: ['true'], pod: 'label', namespace: null }) ??
    misplacedKey(input, { key: revision, on: null, pod: 'label', namespace: 'label' }) ??
    misplacedKey(input, { key: legacy, on: null, pod: null, namespace: 'label' }) ?? {
      id: 'ns-unlabelled',
      path: 'namespace.metadata.labels',
      message: `neither namespace "${namespace.name}" nor the pod has a label that asks for injection`,
    }
  )
}
