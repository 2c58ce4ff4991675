// SPDX-License-Identifier: Apache-2.0
// Istio in ambient mode: no webhook and no sidecar. The CNI plugin and the node agent decide by labels, also while
// a pod runs: istio/istio cni/pkg/util/enablement_selector.go, cni/pkg/plugin/plugin.go (1.22 to 1.31).

import { captureChecks } from '../checks/index.ts'
import { supposing } from '../namespace.ts'
import {
  ambientChecks,
  ambientForesight,
  ambientVerification,
  redirection,
} from './istio-ambient-capture.ts'
import { ambientRules, leavesToSidecar, mode } from './istio-ambient-rules.ts'
import {
  agentConfig,
  ambientReads,
  ambientSettings,
  ambientSettingsFrom,
  type AmbientSettings,
} from './istio-ambient-settings.ts'
import type { BesideInput, Mesh, ObjectHit } from './mesh.ts'
import { spokenOf } from './spoken.ts'

export const istioAmbient: Mesh<AmbientSettings> = {
  name: 'istio-ambient',
  title: 'Istio (ambient)',
  settings: ambientSettings,
  reads: ambientReads,
  settingsFrom: ambientSettingsFrom,
  isInjector: () => false,
  chartInjectors: () => [],
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [mode], pod: [mode, redirection] }, subject, namespace),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { labels: { [mode]: 'ambient' } }),
    assumed: `namespace "${namespace.name}" has the label ${mode}=ambient (no Namespace object was given)`,
  }),
  leavesTo: (subject, namespace) => (leavesToSidecar(subject, namespace) ? 'istio' : null),
  uncalled: [],
  rules: ambientRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'node',
  sidecarNames: [],
  sidecars: () => [],
  replacesSidecar: false,
  marker: () => null,
  verify: ambientVerification,
  foresee: ambientForesight,
  checkInput: ambientChecks,
  checks: captureChecks,
  besides,
}

/** The CNI plugin treats a pod that it cannot read as not ambient, unless it is told to try again. */
function besides({ objects }: BesideInput<AmbientSettings>): ObjectHit[] {
  const map = agentConfig(objects)
  const data = map?.object.data as Readonly<Record<string, unknown>> | undefined
  if (map === undefined || data?.AMBIENT_ENABLED !== 'true') return []
  if (data.ENABLE_AMBIENT_DETECTION_RETRY === 'true') return []
  const message =
    'a pod that the CNI plugin cannot look up is let pass uncaptured: detection is not tried again'
  const path = 'data.ENABLE_AMBIENT_DETECTION_RETRY'
  return [{ id: 'ambient-detect-error', path, message, object: map, severity: 'low' }]
}
