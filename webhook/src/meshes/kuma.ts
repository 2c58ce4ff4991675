// SPDX-License-Identifier: Apache-2.0
// Kuma. First the API server's selectors, then the injector's own steps in their order: kumahq/kuma
// pkg/plugins/runtime/k8s/webhooks/injector/precheck.go (2.5 to 2.14, 3.0). The label of the pod wins over the
// namespace's, but only where the API server calls the injector at all.

import { captureChecks } from '../checks/index.ts'
import { supposing } from '../namespace.ts'
import { kumaBesides } from './kuma-besides.ts'
import { kumaCapture, kumaCniRules } from './kuma-cni.ts'
import { kumaChartInjectors } from './kuma-injectors.ts'
import { kumaUncalled } from './kuma-no-call.ts'
import { inject, injected, kumaSidecars } from './kuma-parts.ts'
import { kumaRules } from './kuma-rules.ts'
import { kumaReads, kumaSettings, kumaSettingsFrom, type KumaSettings } from './kuma-settings.ts'
import { kumaChecks, kumaForesight, kumaVerification } from './kuma-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'

export const kuma: Mesh<KumaSettings> = {
  name: 'kuma',
  title: 'Kuma',
  settings: kumaSettings,
  reads: kumaReads,
  settingsFrom: kumaSettingsFrom,
  isInjector: (name) => name.endsWith('kuma-injector.kuma.io'),
  chartInjectors: kumaChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf(
      { namespace: [inject], pod: [inject, injected, 'kuma.io/mesh'] },
      subject,
      namespace,
    ) ||
    (subject !== null && kumaSidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { labels: { [inject]: 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the label ${inject}=enabled (no Namespace object was given)`,
  }),
  uncalled: kumaUncalled,
  rules: kumaRules,
  collects: false,
  cniRules: kumaCniRules,
  capturedBy: kumaCapture,
  sidecarNames: ['kuma-sidecar'],
  sidecars: kumaSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.annotations.get(injected) === 'true'
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.annotations[${injected}]`,
          message: `the annotation ${injected} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: kumaVerification,
  foresee: kumaForesight,
  checkInput: kumaChecks,
  checks: captureChecks,
  besides: kumaBesides,
}
