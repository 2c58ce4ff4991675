// SPDX-License-Identifier: Apache-2.0
// What an installation of the OpenTelemetry operator sets differently, and where it keeps that: its arguments, and
// the collectors themselves. open-telemetry/opentelemetry-operator main.go, apis/v1beta1 (0.60 to 0.158).

import {
  groupOf,
  ofKind,
  type ClusterObject,
  type ClusterObjects,
  type Wanted,
} from '../cluster-objects.ts'
import { text } from '../fields.ts'
import { flagIn } from './command-flags.ts'
import { controlPlane, deployments, known } from './control-plane.ts'
import { commonSettings, type SettingsOf } from './settings.ts'

export const openTelemetrySettings = { ...commonSettings }

export type OpenTelemetrySettings = SettingsOf<typeof openTelemetrySettings>

export const openTelemetryReads: readonly Wanted[] = [
  deployments('opentelemetry-operator', 'opentelemetry-operator-controller-manager'),
  {
    group: 'opentelemetry.io',
    version: 'v1beta1',
    resource: 'opentelemetrycollectors',
    kind: 'OpenTelemetryCollector',
  },
]

export function collectors(objects: ClusterObjects): ClusterObject[] {
  return ofKind(objects, 'OpenTelemetryCollector').filter(
    ({ apiVersion }) => groupOf(apiVersion) === 'opentelemetry.io',
  )
}

/** What is not said runs as a Deployment of its own. */
export function isSidecarMode({ object }: ClusterObject): boolean {
  return text(object, 'spec', 'mode') === 'sidecar'
}

export function openTelemetrySettingsFrom(objects: ClusterObjects): OpenTelemetrySettings {
  const plane = controlPlane(objects, (name) => name.startsWith('opentelemetry-operator'))
  const usual = flagIn(plane?.args ?? [], ['--collector-image'])?.value
  const images = [
    usual,
    ...collectors(objects)
      .filter(isSidecarMode)
      .map(({ object }) => text(object, 'spec', 'image')),
  ].filter((one): one is string => one !== undefined && one !== '')
  return known({
    version: plane?.version,
    images: images.length === 0 ? undefined : [...new Set(images)],
  })
}
