// SPDX-License-Identifier: Apache-2.0
// What an installation of the Vault agent injector sets differently, and where it keeps that: its environment.
// hashicorp/vault-k8s subcommand/injector/flags.go, hashicorp/vault-helm templates/injector-deployment.yaml (0.10 to 1.7).

import type { ClusterObjects, Wanted } from '../cluster-objects.ts'
import { controlPlane, deployments, known } from './control-plane.ts'
import { commonSettings, textSetting, type SettingsOf } from './settings.ts'

export const vaultSettings = {
  ...commonSettings,
  chartName: textSetting('name that the chart gives its objects; "vault" when not set'),
  authType: textSetting(
    'how agents log in when the pod does not say it; "kubernetes" needs a role',
  ),
}

export type VaultSettings = SettingsOf<typeof vaultSettings>

export const vaultReads: readonly Wanted[] = [deployments('vault-agent-injector')]

export function vaultSettingsFrom(objects: ClusterObjects): VaultSettings {
  const plane = controlPlane(objects, (name) => name === 'vault-agent-injector')
  if (plane === null) return {}
  const image = plane.env.get('AGENT_INJECT_VAULT_IMAGE') ?? ''
  return known({
    version: plane.version,
    images: image === '' ? undefined : [image],
    authType: plane.env.get('AGENT_INJECT_VAULT_AUTH_TYPE') ?? 'kubernetes',
  })
}
