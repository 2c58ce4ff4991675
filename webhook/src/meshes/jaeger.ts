// SPDX-License-Identifier: Apache-2.0
// The Jaeger agent. The operator changes Deployments, not pods; the Deployment or the namespace asks by an annotation,
// which may name an instance. jaegertracing/jaeger-operator pkg/inject/sidecar.go (1.31 to 1.65). It captures no traffic.

import { presenceChecks } from '../checks/index.ts'
import { supposing } from '../namespace.ts'
import { workloadCall } from './api-server-gate.ts'
import { deploymentSeen, inject, injected, jaegerPresence, jaegerSidecars } from './jaeger-parts.ts'
import { jaegerChartInjectors, jaegerRules, jaegerUncalled } from './jaeger-rules.ts'
import {
  jaegerReads,
  jaegerSettings,
  jaegerSettingsFrom,
  type JaegerSettings,
} from './jaeger-settings.ts'
import { jaegerForesight, jaegerVerification } from './jaeger-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'
import { presenceInput } from './presence.ts'

const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
const pods = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

export const jaeger: Mesh<JaegerSettings> = {
  name: 'jaeger',
  title: 'Jaeger',
  settings: jaegerSettings,
  reads: jaegerReads,
  settingsFrom: jaegerSettingsFrom,
  isInjector: (name) => name === 'deployment.sidecar-injector.jaegertracing.io',
  chartInjectors: jaegerChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject], pod: [inject, injected] }, subject, namespace) ||
    (subject !== null && jaegerSidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { annotations: { [inject]: 'true' } }),
    assumed: `namespace "${namespace.name}" has the annotation ${inject}=true (no Namespace object was given)`,
  }),
  call: (subject, namespace) =>
    workloadCall(deploymentSeen(subject) === null ? pods : deployments, subject, namespace),
  uncalled: jaegerUncalled,
  rules: jaegerRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'none',
  sidecarNames: ['jaeger-agent'],
  sidecars: jaegerSidecars,
  replacesSidecar: false,
  // What tells that it was injected is on the Deployment.
  marker: () => null,
  verify: jaegerVerification,
  foresee: jaegerForesight,
  checkInput: (input) => presenceInput(input, jaegerPresence),
  checks: presenceChecks,
  besides: () => [],
}
