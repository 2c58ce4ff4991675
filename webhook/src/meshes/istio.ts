// SPDX-License-Identifier: Apache-2.0
// Istio in sidecar mode. First the API server's selectors, then the injector's own steps in their order:
// istio/istio pkg/kube/inject/inject.go, injectRequired (1.12 to 1.31; step 3 differs before 1.27).
// An opt-out always wins, and no pod label can turn on what "istio-injection: disabled" turns off.

import { captureChecks } from '../checks/index.ts'
import { supposing, type Namespace } from '../namespace.ts'
import type { Subject } from '../subject.ts'
import { istioBesides } from './istio-besides.ts'
import { istioCniRules } from './istio-cni.ts'
import { chartInjectors } from './istio-injectors.ts'
import { istioUncalled } from './istio-no-call.ts'
import { istioSidecars } from './istio-parts.ts'
import { istioRules } from './istio-rules.ts'
import {
  istioReads,
  istioSettings,
  istioSettingsFrom,
  type IstioSettings,
} from './istio-settings.ts'
import { istioCapture, istioChecks, istioVerification } from './istio-sidecar.ts'
import { istioForesight } from './istio-traffic.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'

const inject = 'sidecar.istio.io/inject'
const status = 'sidecar.istio.io/status'
const namespaceKeys = ['istio-injection', 'istio.io/rev']
const podKeys = [inject, 'istio.io/rev', status]

export const istio: Mesh<IstioSettings> = {
  name: 'istio',
  title: 'Istio',
  settings: istioSettings,
  reads: istioReads,
  settingsFrom: istioSettingsFrom,
  isInjector: (name) => name.endsWith('sidecar-injector.istio.io'),
  chartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: namespaceKeys, pod: podKeys }, subject, namespace) ||
    (subject !== null && istioSidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { labels: { 'istio-injection': 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the label istio-injection=enabled (no Namespace object was given)`,
  }),
  leavesTo: (subject, namespace) =>
    istioSidecars(subject).length === 0 && isAmbient(subject, namespace) ? 'istio-ambient' : null,
  uncalled: istioUncalled,
  rules: istioRules,
  collects: false,
  cniRules: istioCniRules,
  capturedBy: istioCapture,
  sidecarNames: ['istio-proxy'],
  sidecars: istioSidecars,
  replacesSidecar: true,
  marker: ({ pod }) =>
    pod.annotations.has(status)
      ? {
          id: 'forged-injected-marker',
          path: `${pod.prefix}metadata.annotations[${status}]`,
          message: `the annotation ${status} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: istioVerification,
  foresee: istioForesight,
  checkInput: istioChecks,
  checks: captureChecks,
  besides: istioBesides,
}

/** istio/istio cni/pkg/util/enablement_selector.go (1.24 to 1.31): who gets a sidecar has none of it. */
function isAmbient({ pod }: Subject, namespace: Namespace): boolean {
  const key = 'istio.io/dataplane-mode'
  if (namespace.labels.get(key) !== 'ambient' && pod.labels.get(key) !== 'ambient') return false
  const said = pod.labels.get(inject) ?? pod.annotations.get(inject)
  if (said === 'false') return true
  const asked =
    namespace.labels.get('istio-injection') === 'enabled' ||
    [namespace.labels, pod.labels].some((labels) => labels.has('istio.io/rev'))
  return said !== 'true' && !asked && !pod.annotations.has(status)
}
