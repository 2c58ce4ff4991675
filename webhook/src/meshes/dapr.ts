// SPDX-License-Identifier: Apache-2.0
// Dapr. Pods ask for the sidecar by an annotation, namespaces cannot; who creates the pod counts as well.
// dapr/dapr pkg/injector/service/handler.go and pkg/injector/patcher (1.8 to 1.18). It captures no traffic.

import { presenceChecks } from '../checks/index.ts'
import { daprPresence, daprSidecars, enabled, injected } from './dapr-parts.ts'
import { daprChartInjectors, daprRules, daprUncalled } from './dapr-rules.ts'
import { daprReads, daprSettings, daprSettingsFrom, type DaprSettings } from './dapr-settings.ts'
import { daprForesight, daprMissed, daprVerification } from './dapr-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'
import { presenceInput } from './presence.ts'

export const dapr: Mesh<DaprSettings> = {
  name: 'dapr',
  title: 'Dapr',
  settings: daprSettings,
  reads: daprReads,
  settingsFrom: daprSettingsFrom,
  isInjector: (name) => name === 'sidecar-injector.dapr.io',
  chartInjectors: daprChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [enabled], pod: [enabled, injected] }, subject, namespace) ||
    (subject !== null && daprSidecars(subject).length > 0),
  enabled: () => null,
  uncalled: daprUncalled,
  rules: daprRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'none',
  missed: daprMissed,
  sidecarNames: ['daprd'],
  sidecars: daprSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.labels.get(injected) !== 'true'
      ? null
      : {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.labels[${injected}]`,
          message: `the label ${injected} says that the sidecar was injected, and there is none`,
        },
  verify: daprVerification,
  foresee: daprForesight,
  checkInput: (input) => presenceInput(input, daprPresence),
  checks: presenceChecks,
  besides: () => [],
}
