// SPDX-License-Identifier: Apache-2.0
// Consul. Pods ask for the sidecar by an annotation; the namespace only says whether the transparent proxy is on.
// hashicorp/consul-k8s control-plane/connect-inject/webhook/mesh_webhook.go (1.0 to 2.0).

import { captureChecks } from '../checks/index.ts'
import { consulBesides } from './consul-besides.ts'
import { consulSidecars, inject, status, transparent } from './consul-parts.ts'
import { consulChartInjectors, consulRules, consulUncalled } from './consul-rules.ts'
import {
  consulReads,
  consulSettings,
  consulSettingsFrom,
  type ConsulSettings,
} from './consul-settings.ts'
import {
  consulCapture,
  consulChecks,
  consulCniRules,
  consulForesight,
  consulVerification,
} from './consul-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'

export const consul: Mesh<ConsulSettings> = {
  name: 'consul',
  title: 'Consul',
  settings: consulSettings,
  reads: consulReads,
  settingsFrom: consulSettingsFrom,
  isInjector: (name) => name.endsWith('connect-injector.consul.hashicorp.com'),
  chartInjectors: consulChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [transparent, inject], pod: [inject, status] }, subject, namespace) ||
    (subject !== null && consulSidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace,
    assumed: `namespace "${namespace.name}" has neither the label ${transparent} nor one that keeps the injector away (no Namespace object was given)`,
  }),
  uncalled: consulUncalled,
  rules: consulRules,
  collects: false,
  cniRules: consulCniRules,
  capturedBy: consulCapture,
  sidecarNames: ['consul-dataplane'],
  sidecars: consulSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    (pod.annotations.get(status) ?? '') === ''
      ? null
      : {
          id: 'forged-injected-marker',
          path: `${pod.prefix}metadata.annotations[${status}]`,
          message: `the annotation ${status} says that the sidecar was injected, and there is none`,
        },
  verify: consulVerification,
  foresee: consulForesight,
  checkInput: consulChecks,
  checks: captureChecks,
  besides: consulBesides,
}
