// SPDX-License-Identifier: Apache-2.0
// Why Linkerd's injector is not called, and its own reasons to leave a pod alone, in the order of its report:
// linkerd/linkerd2 pkg/inject/report.go, pkg/healthcheck/sidecar.go (2.10 to 2.20). Each one alone stops it.

import { field, fields, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { onlyPodRefused } from './api-server-gate.ts'
import { istioImage } from './istio-parts.ts'
import { isLinkerdOwn } from './linkerd-parts.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { no, shown, stops, when, type Rule } from './rule.ts'
import { noEntryForPods, skipsHostNetwork, whichSelector } from './usual-rules.ts'

const inject = 'linkerd.io/inject'
const words = ['enabled', 'disabled', 'ingress']
const chart =
  'linkerd/linkerd2 charts/linkerd-control-plane/templates/proxy-injector-rbac.yaml, 2.11 to 2.20'
const report = 'linkerd/linkerd2 pkg/inject/report.go Injectable, 2.10 to 2.20'

export const linkerdUncalled: readonly Rule[] = [
  noEntryForPods('Linkerd', chart),
  when(
    'Do the labels of the pod keep it from being called?',
    chart,
    ({ subject: { pod } }) => shown(`${pod.prefix}metadata.labels`, [...pod.labels.keys()]),
    (input) => {
      const byPod = onlyPodRefused(input)
      if (byPod === null) return null
      const path = `${input.subject.pod.prefix}metadata.labels`
      const message = `the labels of the pod do not fit the objectSelector of "${byPod.name}"`
      return { id: 'object-selector-evasion', path, message }
    },
  ),
  when(
    'Is the namespace one that the chart leaves out?',
    'linkerd/linkerd2 charts/linkerd-control-plane/values.yaml, 2.11 to 2.20',
    ({ namespace }) => shown('metadata.namespace', namespace.name),
    ({ namespace }) =>
      !['kube-system', 'cert-manager'].includes(namespace.name)
        ? null
        : {
            id: 'ignored-namespace',
            path: 'metadata.namespace',
            message: `the injector is not called for pods of namespace "${namespace.name}"`,
          },
  ),
  whichSelector(chart),
]

export const linkerdRules: readonly Rule[] = [
  skipsHostNetwork(report),
  {
    question: 'Does a container have the name or the image of a sidecar?',
    source: 'linkerd/linkerd2 pkg/healthcheck/sidecar.go HasExistingSidecars, 2.10 to 2.20',
    ask: (input) => {
      const hits = existingSidecars(input)
      const names = input.subject.pod.containers.map(({ name, image }) => `${name} (${image})`)
      const at = shown('containers', names)
      return hits.length === 0 ? no(at) : stops(at, ...hits)
    },
  },
  {
    question: 'Do the annotations of pod and namespace leave it out?',
    source: 'linkerd/linkerd2 pkg/inject/report.go disabledByAnnotation, 2.10 to 2.20',
    ask: (input) => {
      const { pod } = input.subject
      const { annotations } = input.namespace
      const at =
        `${shown(`${pod.prefix}metadata.annotations[${inject}]`, pod.annotations.get(inject))}; ` +
        shown(`namespace.metadata.annotations[${inject}]`, annotations.get(inject))
      const hit = disabledByAnnotation(input)
      if (hit === null) return no(at)
      // A word on the namespace that is none opts its pods out, whatever they say themselves.
      const also: Hit[] =
        hit.id === 'ns-label-typo' ? [{ ...hit, id: 'optout-annotation-linkerd' }] : []
      return stops(at, hit, ...also)
    },
  },
  when(
    'Is there no service account token for the sidecar?',
    report,
    ({ subject: { pod } }) =>
      shown(
        `${pod.prefix}spec.automountServiceAccountToken`,
        pod.spec.automountServiceAccountToken,
      ),
    ({ subject }) =>
      hasToken(subject)
        ? null
        : {
            id: 'no-service-account-token',
            path: `${subject.pod.prefix}spec.automountServiceAccountToken`,
            message:
              'the pod has no service account token, without which the injector leaves it alone',
          },
  ),
]

/** Since native sidecars the proxy counts in both lists, the init container among init containers only. */
const proxies = {
  names: ['linkerd-proxy', 'istio-proxy'],
  prefixes: ['cr.l5d.io/linkerd/proxy:', 'gcr.io/istio-release/proxyv2:'],
}
const inits = {
  names: ['linkerd-init', 'istio-init'],
  prefixes: ['cr.l5d.io/linkerd/proxy-init:', 'gcr.io/istio-release/proxy_init:'],
}

/** A name or an image is enough for the injector to believe that the pod is in a mesh already. */
function existingSidecars({ subject, settings }: MeshInput): Hit[] {
  return subject.pod.containers.flatMap((one): Hit[] => {
    if (one.kind === 'ephemeral') return []
    const kinds = one.kind === 'regular' ? [proxies] : [proxies, inits]
    const named = kinds.some(({ names }) => names.includes(one.name))
    if (named && one.name.startsWith('istio') && istioImage(one, settings)) {
      const message = `the ${one.name} of another mesh keeps Linkerd from injecting its own sidecar`
      return [{ id: 'cross-mesh-collision', path: `${one.path}.name`, message }]
    }
    if (named && !isLinkerdOwn(one, settings)) {
      const message = `the container "${one.name}" has the sidecar's name, so the injector takes it for one`
      return [{ id: 'fake-sidecar-name', path: `${one.path}.name`, message }]
    }
    const prefixed = kinds.some(({ prefixes }) =>
      prefixes.some((prefix) => one.image.startsWith(prefix)),
    )
    if (!named && prefixed && !isLinkerdOwn(one, settings)) {
      const message = `the container "${one.name}" has an image of a mesh, so the injector takes it for a sidecar`
      return [{ id: 'fake-sidecar-image', path: `${one.path}.image`, message }]
    }
    return []
  })
}

function disabledByAnnotation(input: MeshInput): Hit | null {
  const { namespace } = input
  const { pod } = input.subject
  const onNamespace = namespace.annotations.get(inject) ?? ''
  const onPod = pod.annotations.get(inject) ?? ''
  const namespacePath = `namespace.metadata.annotations[${inject}]`
  const podPath = `${pod.prefix}metadata.annotations[${inject}]`
  if (onNamespace !== '' && !words.includes(onNamespace)) {
    const message = `namespace "${namespace.name}" has ${inject}="${onNamespace}", which silently means no sidecar`
    return { id: 'ns-label-typo', path: namespacePath, message }
  }
  if (onPod !== '' && !words.includes(onPod)) {
    const message = `the annotation ${inject} is "${onPod}", which silently means no sidecar`
    return { id: 'optout-annotation-linkerd', path: podPath, message }
  }
  if (onPod === 'enabled' || onPod === 'ingress') return null
  if (onPod === 'disabled') {
    const message = `the annotation ${inject} is "disabled"`
    return { id: 'optout-annotation-linkerd', path: podPath, message }
  }
  if (onNamespace === 'enabled' || onNamespace === 'ingress') return null
  if (onNamespace === 'disabled') {
    const message = `namespace "${namespace.name}" has ${inject}="disabled"`
    return { id: 'ns-optout', path: namespacePath, message }
  }
  const asking = { key: inject, on: null, pod: 'annotation', namespace: 'annotation' } as const
  return (
    misplacedKey(input, asking) ?? {
      id: 'ns-unlabelled',
      path: 'namespace.metadata.annotations',
      message: `neither namespace "${namespace.name}" nor the pod has the annotation ${inject}`,
    }
  )
}

/** Without the usual token a projected one will do. */
function hasToken({ pod }: Subject): boolean {
  if (field(pod.spec, 'automountServiceAccountToken') !== false) return true
  return list(pod.spec, 'volumes').some((volume) =>
    list(volume, 'projected', 'sources').some(
      (source) => text(fields(source, 'serviceAccountToken'), 'path') !== undefined,
    ),
  )
}
