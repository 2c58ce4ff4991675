// SPDX-License-Identifier: Apache-2.0
// What an installation of Open Service Mesh sets differently, and where it keeps that: its MeshConfig, and flags of
// its Deployments. openservicemesh/osm charts/osm/templates/{preset-mesh-config,osm-injector-deployment}.yaml (1.0 to 1.2).

import { ofKind, type ClusterObject, type ClusterObjects, type Wanted } from '../cluster-objects.ts'
import { text } from '../fields.ts'
import { flagIn } from './command-flags.ts'
import { controlPlane, deployments, known } from './control-plane.ts'
import { commonSettings, textSetting, type SettingsOf } from './settings.ts'

export const osmSettings = {
  ...commonSettings,
  meshName: textSetting('osm.meshName of the chart; "osm" when not set'),
  osmNamespace: textSetting('namespace of the control plane; "osm-system" when not set'),
}

export type OsmSettings = SettingsOf<typeof osmSettings>

export const osmReads: readonly Wanted[] = [
  deployments('osm-injector'),
  {
    group: 'config.openservicemesh.io',
    version: 'v1alpha2',
    resource: 'meshconfigs',
    kind: 'MeshConfig',
  },
]

/** There is a preset beside it that nobody reads. */
export function meshConfigs(objects: ClusterObjects): ClusterObject[] {
  return ofKind(objects, 'MeshConfig').filter(({ name }) => name === 'osm-mesh-config')
}

export function osmSettingsFrom(objects: ClusterObjects): OsmSettings {
  const plane = controlPlane(objects, (name) => name === 'osm-injector')
  const sidecar = (key: string) => text(meshConfigs(objects)[0]?.object, 'spec', 'sidecar', key)
  const images = ['envoyImage', 'initContainerImage'].flatMap((key) => sidecar(key) || [])
  return known({
    version: plane?.version,
    osmNamespace: plane?.namespace,
    meshName: plane === null ? undefined : flagIn(plane.args, ['--mesh-name'])?.value,
    images: images.length === 0 ? undefined : images,
  })
}
