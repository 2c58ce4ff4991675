// SPDX-License-Identifier: Apache-2.0
// What an installation of Dapr sets differently, and where it keeps that: the environment of the injector.
// dapr/dapr pkg/injector/service/config.go, charts/dapr/charts/dapr_sidecar_injector (1.8 to 1.18).

import type { ClusterObjects, Wanted } from '../cluster-objects.ts'
import { controlPlane, deployments, known } from './control-plane.ts'
import { commonSettings, textsSetting, type SettingsOf } from './settings.ts'

export const daprSettings = {
  ...commonSettings,
  allowedServiceAccounts: textsSetting('allowedServiceAccounts of the chart, as "namespace:name"'),
  allowedServiceAccountPrefixes: textsSetting(
    'allowedServiceAccountsPrefixNames of the chart, as "namespace:name*"',
  ),
}

export type DaprSettings = SettingsOf<typeof daprSettings>

export const daprReads: readonly Wanted[] = [deployments('dapr-sidecar-injector')]

export function daprSettingsFrom(objects: ClusterObjects): DaprSettings {
  const plane = controlPlane(objects, (name) => name === 'dapr-sidecar-injector')
  const listed = (name: string) =>
    plane?.env
      .get(name)
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
  const image = plane?.env.get('SIDECAR_IMAGE') ?? ''
  return known({
    version: plane?.version,
    images: image === '' ? undefined : [image],
    allowedServiceAccounts: listed('ALLOWED_SERVICE_ACCOUNTS'),
    allowedServiceAccountPrefixes: listed('ALLOWED_SERVICE_ACCOUNTS_PREFIX_NAMES'),
  })
}
