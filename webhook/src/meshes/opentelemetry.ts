// SPDX-License-Identifier: Apache-2.0
// The collector as a sidecar. Pod and namespace ask by the same annotation, which may name a collector.
// open-telemetry/opentelemetry-operator pkg/sidecar and internal/webhook/podmutation (0.60 to 0.158). It captures no traffic.

import { presenceChecks } from '../checks/index.ts'
import { missedCall } from '../checks/missed-call.ts'
import { supposing } from '../namespace.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'
import {
  inject,
  injected,
  openTelemetryPresence,
  openTelemetrySidecars,
} from './opentelemetry-parts.ts'
import {
  openTelemetryChartInjectors,
  openTelemetryRules,
  openTelemetryUncalled,
} from './opentelemetry-rules.ts'
import {
  openTelemetryReads,
  openTelemetrySettings,
  openTelemetrySettingsFrom,
  type OpenTelemetrySettings,
} from './opentelemetry-settings.ts'
import {
  openTelemetryForesight,
  openTelemetryMissed,
  openTelemetryVerification,
} from './opentelemetry-sidecar.ts'
import { presenceInput } from './presence.ts'

export const openTelemetry: Mesh<OpenTelemetrySettings> = {
  name: 'opentelemetry',
  title: 'OpenTelemetry',
  settings: openTelemetrySettings,
  reads: openTelemetryReads,
  settingsFrom: openTelemetrySettingsFrom,
  // Many operators have an entry of this name.
  isInjector: (name, configuration = '') =>
    name === 'mpod.kb.io' && /opentelemetry|otel/.test(configuration),
  chartInjectors: openTelemetryChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject], pod: [inject, injected] }, subject, namespace) ||
    (subject !== null && openTelemetrySidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { annotations: { [inject]: 'true' } }),
    assumed: `namespace "${namespace.name}" has the annotation ${inject}=true (no Namespace object was given)`,
  }),
  uncalled: openTelemetryUncalled,
  rules: openTelemetryRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'none',
  missed: (input) => {
    const usual = missedCall(openTelemetry, input)
    return usual.id === 'pods-predate-injection' ? usual : openTelemetryMissed(input)
  },
  sidecarNames: ['otc-container'],
  sidecars: openTelemetrySidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.labels.has(injected)
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.labels[${injected}]`,
          message: `the label ${injected} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: openTelemetryVerification,
  foresee: openTelemetryForesight,
  checkInput: (input) => presenceInput(input, openTelemetryPresence),
  checks: presenceChecks,
  besides: () => [],
}
