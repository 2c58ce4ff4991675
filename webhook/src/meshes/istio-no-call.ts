// SPDX-License-Identifier: Apache-2.0
// Why the API server does not call Istio's injector for a pod: the first explanation that fits.
// Order: what the namespace decides for all its pods, then what the pod says, then what is missing.

import type { Hit } from '../finding.ts'
import { podCreation, refusal } from '../injectors.ts'
import { ignoredNamespaces } from './istio-injectors.ts'
import type { MeshInput } from './mesh.ts'

const inject = 'sidecar.istio.io/inject'
const revision = 'istio.io/rev'
const legacy = 'istio-injection'

type Explanation = (input: MeshInput) => Hit | null

const explanations: readonly Explanation[] = [
  noInjector,
  namespaceIgnored,
  namespaceOptsOut,
  podOptsOut,
  namespaceWithoutInjector,
  namespaceRevision,
  podRevision,
  ambient,
  nothingAsksForIt,
]

export function explainNoCall(input: MeshInput): Hit {
  for (const explain of explanations) {
    const hit = explain(input)
    if (hit !== null) return hit
  }
  return selectorHit(input)
}

function noInjector({ injectors }: MeshInput): Hit | null {
  return injectors.length > 0
    ? null
    : {
        id: 'injector-config-tampered',
        path: 'webhooks',
        message: 'no MutatingWebhookConfiguration has an entry of the Istio injector',
      }
}

/** No label would help there, so this comes before what labels say. */
function namespaceIgnored({ namespace }: MeshInput): Hit | null {
  return !ignoredNamespaces.includes(namespace.name)
    ? null
    : {
        id: 'ignored-namespace',
        path: 'metadata.namespace',
        message: `the injector ignores every pod of namespace "${namespace.name}"`,
      }
}

function namespaceOptsOut({ namespace }: MeshInput): Hit | null {
  const value = namespace.labels.get(legacy)
  if (value === undefined || value === 'enabled') return null
  const path = `namespace.metadata.labels[${legacy}]`
  const where = `namespace "${namespace.name}" has the label ${legacy}="${value}"`
  return value === 'disabled'
    ? { id: 'ns-optout', path, message: `${where}; no label of a pod can change that` }
    : {
        id: 'ns-label-typo',
        path,
        message: `${where}; only "enabled" enables, and it blocks the rest`,
      }
}

function podOptsOut({ subject: { pod } }: MeshInput): Hit | null {
  return pod.labels.get(inject) !== 'false'
    ? null
    : {
        id: 'optout-label-istio',
        path: `${pod.prefix}metadata.labels[${inject}]`,
        message: `the label ${inject} is "false", so the injector is not called`,
      }
}

function namespaceWithoutInjector({ namespace, subject, injectors }: MeshInput): Hit | null {
  if (!namespace.labels.has(legacy)) return null
  const call = podCreation(namespace.labels, subject.pod.labels)
  // An entry that would take the namespace is there: then it is the pod's labels.
  if (injectors.some((one) => refusal(one, call) === 'objectSelector')) return null
  const other = namespace.labels.get(revision)
  const also =
    other === undefined ? '' : ` (its label ${revision}="${other}" does not count beside it)`
  return {
    id: 'ns-both-labels-no-default',
    path: `namespace.metadata.labels[${legacy}]`,
    message: `namespace "${namespace.name}" asks the default revision for injection, and no webhook entry answers${also}`,
  }
}

function namespaceRevision({ namespace, live, injectors, subject }: MeshInput): Hit | null {
  const value = namespace.labels.get(revision)
  if (value === undefined) return null
  const call = podCreation(namespace.labels, subject.pod.labels)
  if (injectors.some((one) => refusal(one, call) === 'objectSelector')) return null
  return dangling(`namespace "${namespace.name}"`, value, 'namespace.metadata.labels', live)
}

function podRevision({ subject: { pod }, live }: MeshInput): Hit | null {
  const value = pod.labels.get(revision)
  if (value === undefined) return null
  const asks = pod.labels.get(inject) === 'true'
  if (!asks) return dangling('the pod', value, `${pod.prefix}metadata.labels`, live)
  return {
    id: live ? 'pod-rev-label-optout' : 'revision-unknown',
    path: `${pod.prefix}metadata.labels[${revision}]`,
    message: `the label ${revision}="${value}" keeps the default revision from injecting, and no entry answers for "${value}"`,
  }
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

/** Ambient mode has no sidecar to verify. istio/istio cni/pkg/util/enablement_selector.go (1.31). */
function ambient({ subject: { pod }, namespace }: MeshInput): Hit | null {
  const key = 'istio.io/dataplane-mode'
  const onPod = pod.labels.get(key)
  const onNamespace = namespace.labels.get(key) === 'ambient'
  if (onNamespace && onPod === 'none') {
    const message = `the label ${key} is "none", which takes the pod out of ambient mode`
    return { id: 'ambient-optout', path: `${pod.prefix}metadata.labels[${key}]`, message }
  }
  if (!onNamespace && onPod !== 'ambient') return null
  const message =
    'the pod is in ambient mode, without a sidecar; the node agent is not looked at here'
  return { id: 'ambient-not-judged', path: 'namespace.metadata.labels', message }
}

function nothingAsksForIt({ subject, namespace, injectors }: MeshInput): Hit | null {
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
  if (pod.prefix !== '' && subject.labels.get(inject) === 'true') {
    return {
      id: 'metadata-on-controller',
      path: `metadata.labels[${inject}]`,
      message: `the label ${inject} is on the ${subject.kind} and not on its pods`,
    }
  }
  if (namespace.annotations.has(legacy)) {
    return {
      id: 'label-annotation-swap',
      path: `namespace.metadata.annotations[${legacy}]`,
      message: `namespace "${namespace.name}" has ${legacy} as an annotation; the mesh reads the label`,
    }
  }
  return {
    id: 'ns-unlabelled',
    path: 'namespace.metadata.labels',
    message: `neither namespace "${namespace.name}" nor the pod has a label that asks for injection`,
  }
}

function selectorHit({ subject, namespace, injectors }: MeshInput): Hit {
  const call = podCreation(namespace.labels, subject.pod.labels)
  const byPod = injectors.find((one) => refusal(one, call) === 'objectSelector')
  return byPod !== undefined
    ? {
        id: 'object-selector-evasion',
        path: `${subject.pod.prefix}metadata.labels`,
        message: `the labels of the pod do not fit the objectSelector of "${byPod.name}"`,
      }
    : {
        id: 'ns-selector-evasion',
        path: 'namespace.metadata.labels',
        message: `the labels of namespace "${namespace.name}" fit no namespaceSelector of the injector`,
      }
}
