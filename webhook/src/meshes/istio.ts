// SPDX-License-Identifier: Apache-2.0
// Istio in sidecar mode. First the API server's selectors, then the injector's own steps in their order:
// istio/istio pkg/kube/inject/inject.go, injectRequired (1.12 to 1.31; step 3 differs before 1.27).
// An opt-out always wins, and no pod label can turn on what "istio-injection: disabled" turns off.

import { checks } from '../checks/index.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { podCreation, refusal } from '../injectors.ts'
import { supposing } from '../namespace.ts'
import { selectorMatches, selectsAll } from '../selector.ts'
import { chartInjectors, ignoredNamespaces } from './istio-injectors.ts'
import { explainNoCall } from './istio-no-call.ts'
import { istioSidecars } from './istio-parts.ts'
import { istioChecks, verifyIstio } from './istio-sidecar.ts'
import { foreseeIstio } from './istio-traffic.ts'
import { isBefore, type Injection, type Mesh, type MeshInput } from './mesh.ts'

const inject = 'sidecar.istio.io/inject'
const status = 'sidecar.istio.io/status'

export const istio: Mesh = {
  name: 'istio',
  title: 'Istio',
  isInjector: (name) => name.endsWith('sidecar-injector.istio.io'),
  assumedInjectors: chartInjectors,
  mentionedBy: (subject, namespace) =>
    ['istio-injection', 'istio.io/rev', 'istio.io/dataplane-mode'].some(
      (key) => namespace?.labels.has(key) === true,
    ) ||
    (subject !== null &&
      ([inject, 'istio.io/rev'].some((key) => subject.pod.labels.has(key)) ||
        [inject, status].some((key) => subject.pod.annotations.has(key)) ||
        istioSidecars(subject).length > 0)),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { labels: { 'istio-injection': 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the label istio-injection=enabled (no Namespace object was given)`,
  }),
  injection,
  replacesSidecar: true,
  sidecars: istioSidecars,
  marker: ({ pod }) =>
    pod.annotations.has(status)
      ? {
          id: 'forged-injected-marker',
          path: `${pod.prefix}metadata.annotations[${status}]`,
          message: `the annotation ${status} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: verifyIstio,
  foresee: foreseeIstio,
  checkInput: istioChecks,
  checks,
}

function injection(input: MeshInput): Injection {
  const { subject, namespace, injectors } = input
  const call = podCreation(namespace.labels, subject.pod.labels)
  const called = injectors.filter((one) => refusal(one, call) === null)
  const assumed: string[] = called.some((one) => one.conditions > 0)
    ? ['the matchConditions of the injector hold for this pod']
    : []
  if (called.length === 0) return { injected: false, hits: [explainNoCall(input)], assumed }
  const { refused, assumed: more } = decide(input)
  const all = [...assumed, ...more]
  return refused === null
    ? { injected: true, assumed: all }
    : { injected: false, hits: [refused], assumed: all }
}

type Decided = { refused: Hit | null; assumed: string[] }

/** The injector's own steps; the first that applies decides. */
function decide({ subject, namespace, settings }: MeshInput): Decided {
  const { pod } = subject
  const no = (id: Hit['id'], path: string, message: string, assumed: string[] = []): Decided => ({
    refused: { id, path, message },
    assumed,
  })
  if (isTrue(pod.spec, 'hostNetwork')) {
    const message = 'hostNetwork is true, so the injector leaves the pod alone'
    return no('host-network', `${pod.prefix}spec.hostNetwork`, message)
  }
  if (ignoredNamespaces.includes(namespace.name)) {
    const message = `the injector ignores every pod of namespace "${namespace.name}"`
    return no('ignored-namespace', 'metadata.namespace', message)
  }
  const asked = askedFor(pod.labels.get(inject), pod.annotations.get(inject), settings.version)
  if (asked.want === false) {
    const place = asked.from === 'label' ? 'labels' : 'annotations'
    const id = asked.odd
      ? 'optout-odd-value-istio-le126'
      : asked.from === 'label'
        ? 'optout-label-istio'
        : 'optout-annotation-istio'
    const message = `the ${asked.from} ${inject} is "${asked.value}", which means no sidecar`
    const path = `${pod.prefix}metadata.${place}[${inject}]`
    return no(id, path, message, asked.assumed)
  }
  if (asked.want === null) {
    // Empty selectors are ignored: they would match everything.
    const hit = (selectors: MeshInput['settings']['neverInject']) =>
      (selectors ?? []).some((one) => !selectsAll(one) && selectorMatches(one, pod.labels))
    if (hit(settings.neverInject)) {
      const message = 'the labels match a neverInjectSelector of the injector'
      return no('exception-label', `${pod.prefix}metadata.labels`, message)
    }
    if (hit(settings.alwaysInject) && knownPolicy(settings.autoInject)) {
      return { refused: null, assumed: asked.assumed }
    }
  }
  const policy = settings.autoInject ?? 'enabled'
  if (policy === 'enabled' || (policy === 'disabled' && asked.want === true)) {
    return { refused: null, assumed: asked.assumed }
  }
  const message = `autoInject is "${policy}", so the injector adds no sidecar here`
  return no('injector-default-optin', `${pod.prefix}metadata.labels[${inject}]`, message)
}

function knownPolicy(policy = 'enabled'): boolean {
  return policy === 'enabled' || policy === 'disabled'
}

type Asked =
  | { want: true | null; assumed: string[] }
  | { want: false; odd: boolean; from: 'label' | 'annotation'; value: string; assumed: string[] }

/** The label, if it is there at all, hides the annotation. Empty: the default decides. */
function askedFor(
  label: string | undefined,
  annotation: string | undefined,
  version: string | undefined,
): Asked {
  const value = label ?? annotation
  const from = label === undefined ? 'annotation' : 'label'
  if (value === undefined || value === '') return { want: null, assumed: [] }
  if (value === 'true') return { want: true, assumed: [] }
  if (value === 'false') return { want: false, odd: false, from, value, assumed: [] }
  const before = isBefore(version, 1, 27)
  if (before === false) return { want: null, assumed: [] }
  // Up to 1.26 yes and on count as true, and every other word as false; from 1.27 all of them as absent.
  // fail closed: an unknown version is read as the older one, which leaves out the sidecar.
  const assumed = before === null ? ['Istio is 1.26 or older (its version is not known)'] : []
  if (['y', 'yes', 'true', 'on'].includes(value.toLowerCase())) return { want: true, assumed }
  return { want: false, odd: true, from, value, assumed }
}
