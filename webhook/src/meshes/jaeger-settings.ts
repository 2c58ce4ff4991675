// SPDX-License-Identifier: Apache-2.0
// What an installation of the Jaeger operator sets differently, and where it keeps that: its environment, and the
// Jaeger instances. jaegertracing/jaeger-operator apis/v1, pkg/cmd/start (1.31 to 1.65).

import {
  groupOf,
  ofKind,
  type ClusterObject,
  type ClusterObjects,
  type Wanted,
} from '../cluster-objects.ts'
import { text } from '../fields.ts'
import { controlPlane, deployments, known } from './control-plane.ts'
import { commonSettings, textsSetting, type SettingsOf } from './settings.ts'

export const jaegerSettings = {
  ...commonSettings,
  watchNamespaces: textsSetting('namespaces that the operator watches; every one when not set'),
}

export type JaegerSettings = SettingsOf<typeof jaegerSettings>

export const jaegerReads: readonly Wanted[] = [
  deployments('jaeger-operator'),
  { group: 'jaegertracing.io', version: 'v1', resource: 'jaegers', kind: 'Jaeger' },
]

export function instances(objects: ClusterObjects): ClusterObject[] {
  return ofKind(objects, 'Jaeger').filter(
    ({ apiVersion }) => groupOf(apiVersion) === 'jaegertracing.io',
  )
}

export function jaegerSettingsFrom(objects: ClusterObjects): JaegerSettings {
  const plane = controlPlane(objects, (name) => name === 'jaeger-operator')
  const images = instances(objects)
    .map(({ object }) => text(object, 'spec', 'agent', 'image'))
    .filter((one): one is string => one !== undefined && one !== '')
  const watched = (plane?.env.get('WATCH_NAMESPACE') ?? '').split(',').filter((one) => one !== '')
  return known({
    version: plane?.version,
    images: images.length === 0 ? undefined : images,
    watchNamespaces: watched.length === 0 ? undefined : watched,
  })
}
