// SPDX-License-Identifier: Apache-2.0
// The Vault agent. Pods ask for it by an annotation, namespaces cannot.
// hashicorp/vault-k8s agent-inject/handler.go and agent-inject/agent (0.10 to 1.7). It captures no traffic.

import { presenceChecks } from '../checks/index.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'
import { presenceInput } from './presence.ts'
import { inject, status, vaultPresence, vaultSidecars } from './vault-parts.ts'
import { vaultChartInjectors, vaultRules, vaultUncalled } from './vault-rules.ts'
import {
  vaultReads,
  vaultSettings,
  vaultSettingsFrom,
  type VaultSettings,
} from './vault-settings.ts'
import { vaultForesight, vaultVerification } from './vault-sidecar.ts'

export const vault: Mesh<VaultSettings> = {
  name: 'vault',
  title: 'Vault',
  settings: vaultSettings,
  reads: vaultReads,
  settingsFrom: vaultSettingsFrom,
  isInjector: (name) => name === 'vault.hashicorp.com',
  chartInjectors: vaultChartInjectors,
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject], pod: [inject, status] }, subject, namespace) ||
    (subject !== null && vaultSidecars(subject).length > 0),
  enabled: () => null,
  uncalled: vaultUncalled,
  rules: vaultRules,
  collects: false,
  cniRules: [],
  capturedBy: () => 'none',
  sidecarNames: ['vault-agent'],
  sidecars: vaultSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.annotations.get(status) === 'injected'
      ? {
          id: 'forged-injected-marker',
          path: `${pod.prefix}metadata.annotations[${status}]`,
          message: `the annotation ${status} says that the agent was injected, and there is none`,
        }
      : null,
  verify: vaultVerification,
  foresee: vaultForesight,
  checkInput: (input) => presenceInput(input, vaultPresence),
  checks: presenceChecks,
  besides: () => [],
}
