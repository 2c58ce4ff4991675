// SPDX-License-Identifier: Apache-2.0
// Linkerd. First the API server's selectors, then the injector's reasons, all of them collected:
// linkerd/linkerd2 pkg/inject/report.go Injectable and disableByAnnotation, pkg/healthcheck/sidecar.go
// (2.10 to 2.20). A value other than enabled, disabled and ingress silently means no sidecar.

import { checks } from '../checks/index.ts'
import { field, fields, isTrue, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { podCreation, refusal, type Injector } from '../injectors.ts'
import { supposing } from '../namespace.ts'
import type { Subject } from '../subject.ts'
import { isLinkerdOwn, linkerdSidecars } from './linkerd-parts.ts'
import { linkerdChecks, verifyLinkerd } from './linkerd-sidecar.ts'
import { linkerdTraffic } from './linkerd-traffic.ts'
import type { Injection, Mesh, MeshInput } from './mesh.ts'

const inject = 'linkerd.io/inject'
const version = 'linkerd.io/proxy-version'
const words = ['enabled', 'disabled', 'ingress']

export const linkerd: Mesh = {
  name: 'linkerd',
  title: 'Linkerd',
  isInjector: (name) => name === 'linkerd-proxy-injector.linkerd.io',
  assumedInjectors: () => [chartInjector],
  mentionedBy: (subject, namespace) =>
    namespace?.annotations.has(inject) === true ||
    namespace?.labels.has(inject) === true ||
    (subject !== null &&
      ([inject, version].some((key) => subject.pod.annotations.has(key)) ||
        linkerdSidecars(subject).length > 0)),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { annotations: { [inject]: 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the annotation ${inject}=enabled (no Namespace object was given)`,
  }),
  injection,
  replacesSidecar: false,
  sidecars: linkerdSidecars,
  marker: ({ pod }) =>
    pod.annotations.has(version)
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.annotations[${version}]`,
          message: `the annotation ${version} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: verifyLinkerd,
  foresee: (input) => linkerdTraffic(input),
  checkInput: linkerdChecks,
  checks,
}

/** charts/linkerd-control-plane/templates/proxy-injector-rbac.yaml and values.yaml (2.11 to 2.20). */
const chartInjector: Injector = {
  configuration: 'linkerd-proxy-injector-webhook-config',
  name: 'linkerd-proxy-injector.linkerd.io',
  failurePolicy: 'Ignore',
  rules: [
    {
      operations: ['CREATE'],
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods', 'services'],
      scope: 'Namespaced',
    },
  ],
  namespaceSelector: {
    matchExpressions: [
      { key: 'config.linkerd.io/admission-webhooks', operator: 'NotIn', values: ['disabled'] },
      {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['kube-system', 'cert-manager'],
      },
    ],
  },
  objectSelector: {
    matchExpressions: [
      { key: 'linkerd.io/control-plane-component', operator: 'DoesNotExist' },
      { key: 'linkerd.io/cni-resource', operator: 'DoesNotExist' },
    ],
  },
  conditions: 0,
}

function injection(input: MeshInput): Injection {
  const { subject, namespace, injectors } = input
  const call = podCreation(namespace.labels, subject.pod.labels)
  const called = injectors.filter((one) => refusal(one, call) === null)
  const assumed = called.some((one) => one.conditions > 0)
    ? ['the matchConditions of the injector hold for this pod']
    : []
  const [first, ...rest] = called.length === 0 ? [noCall(input)] : reasons(input)
  return first === undefined
    ? { injected: true, assumed }
    : { injected: false, hits: [first, ...rest], assumed }
}

function noCall({ subject, namespace, injectors }: MeshInput): Hit {
  const call = podCreation(namespace.labels, subject.pod.labels)
  const refused = injectors.map((one) => ({ one, why: refusal(one, call) }))
  const byPod = refused.find(({ why }) => why === 'objectSelector')
  if (injectors.length === 0 || refused.every(({ why }) => why === 'rules')) {
    return {
      id: 'injector-config-tampered',
      path: 'webhooks',
      message: 'no MutatingWebhookConfiguration sends pods to the Linkerd injector',
    }
  }
  if (byPod !== undefined) {
    return {
      id: 'object-selector-evasion',
      path: `${subject.pod.prefix}metadata.labels`,
      message: `the labels of the pod do not fit the objectSelector of "${byPod.one.name}"`,
    }
  }
  const excluded = ['kube-system', 'cert-manager'].includes(namespace.name)
  return excluded
    ? {
        id: 'ignored-namespace',
        path: 'metadata.namespace',
        message: `the injector is not called for pods of namespace "${namespace.name}"`,
      }
    : {
        id: 'ns-selector-evasion',
        path: 'namespace.metadata.labels',
        message: `the labels of namespace "${namespace.name}" keep the injector from being called`,
      }
}

/** In the order of the injector's report; each one alone stops the injection. */
function reasons(input: MeshInput): Hit[] {
  const { subject } = input
  const { pod } = subject
  const found: Hit[] = []
  if (isTrue(pod.spec, 'hostNetwork')) {
    found.push({
      id: 'host-network',
      path: `${pod.prefix}spec.hostNetwork`,
      message: 'hostNetwork is true, so the injector leaves the pod alone',
    })
  }
  found.push(...existingSidecars(input))
  const disabled = disabledByAnnotation(input)
  if (disabled !== null) found.push(disabled)
  if (!hasToken(subject)) {
    found.push({
      id: 'no-service-account-token',
      path: `${pod.prefix}spec.automountServiceAccountToken`,
      message: 'the pod has no service account token, without which the injector leaves it alone',
    })
  }
  return found
}

const prefixes = {
  regular: ['cr.l5d.io/linkerd/proxy:', 'gcr.io/istio-release/proxyv2:'],
  init: ['cr.l5d.io/linkerd/proxy-init:', 'gcr.io/istio-release/proxy_init:'],
}
const names = { regular: ['linkerd-proxy', 'istio-proxy'], init: ['linkerd-init', 'istio-init'] }

/** A name or an image is enough for the injector to believe that the pod is in a mesh already. */
function existingSidecars({ subject, settings }: MeshInput): Hit[] {
  return subject.pod.containers.flatMap((one): Hit[] => {
    if (one.kind === 'ephemeral') return []
    const kind = one.kind === 'regular' ? 'regular' : 'init'
    const named = names[kind].includes(one.name)
    if (named && one.name.startsWith('istio')) {
      const message = `the ${one.name} of another mesh keeps Linkerd from injecting its own sidecar`
      return [{ id: 'cross-mesh-collision', path: `${one.path}.name`, message }]
    }
    if (named && !isLinkerdOwn(one, settings)) {
      const message = `the container "${one.name}" has the sidecar's name, so the injector takes it for one`
      return [{ id: 'fake-sidecar-name', path: `${one.path}.name`, message }]
    }
    if (!named && prefixes[kind].some((prefix) => one.image.startsWith(prefix))) {
      const message = `the container "${one.name}" has an image of a mesh, so the injector takes it for a sidecar`
      return [{ id: 'fake-sidecar-image', path: `${one.path}.image`, message }]
    }
    return []
  })
}

function disabledByAnnotation({ subject, namespace }: MeshInput): Hit | null {
  const { pod } = subject
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
  return misplaced(subject, namespace.labels.has(inject), namespace.name)
}

/** Nothing asks for it; perhaps because the key is where Linkerd does not read it. */
function misplaced(subject: Subject, onNamespaceLabel: boolean, namespace: string): Hit {
  const { pod } = subject
  if (pod.labels.has(inject)) {
    const message = `${inject} is a label of the pod; the mesh reads the annotation`
    return { id: 'label-annotation-swap', path: `${pod.prefix}metadata.labels[${inject}]`, message }
  }
  if (onNamespaceLabel) {
    const message = `namespace "${namespace}" has ${inject} as a label; the mesh reads the annotation`
    return { id: 'label-annotation-swap', path: `namespace.metadata.labels[${inject}]`, message }
  }
  if (pod.prefix !== '' && subject.annotations.has(inject)) {
    const message = `the annotation ${inject} is on the ${subject.kind} and not on its pods`
    return { id: 'metadata-on-controller', path: `metadata.annotations[${inject}]`, message }
  }
  return {
    id: 'ns-unlabelled',
    path: 'namespace.metadata.annotations',
    message: `neither namespace "${namespace}" nor the pod has the annotation ${inject}`,
  }
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
