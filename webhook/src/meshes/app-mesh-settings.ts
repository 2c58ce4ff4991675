// SPDX-License-Identifier: Apache-2.0
// What an installation of App Mesh sets differently, and where it keeps that: flags of its controller.
// aws/aws-app-mesh-controller-for-k8s config/helm/appmesh-controller/templates/deployment.yaml and
// pkg/inject/config.go BindFlags (1.4 to 1.13).

import type { ClusterObjects, Wanted } from '../cluster-objects.ts'
import { flagIn } from './command-flags.ts'
import { controlPlane, deployments, known, type ControlPlane } from './control-plane.ts'
import { commonSettings, textSetting, type SettingsOf } from './settings.ts'

export const appMeshSettings = {
  ...commonSettings,
  ignoredIps: textSetting('init.ignoredIPs of the chart; "169.254.169.254" when not set'),
}

export type AppMeshSettings = SettingsOf<typeof appMeshSettings>

const api = { group: 'appmesh.k8s.aws', version: 'v1beta2' } as const

export const appMeshReads: readonly Wanted[] = [
  deployments('appmesh-controller'),
  { ...api, resource: 'virtualnodes', kind: 'VirtualNode' },
  { ...api, resource: 'virtualgateways', kind: 'VirtualGateway' },
]

export function appMeshController(objects: ClusterObjects): ControlPlane | null {
  return controlPlane(objects, (name) => name === 'appmesh-controller')
}

export function appMeshSettingsFrom(objects: ClusterObjects): AppMeshSettings {
  const plane = appMeshController(objects)
  if (plane === null) return {}
  const flag = (name: string) => flagIn(plane.args, [`--${name}`, `-${name}`])?.value
  const images = ['sidecar-image-repository', 'init-image', 'xray-image'].flatMap(
    (name) => flag(name) ?? [],
  )
  return known({
    version: plane.version,
    images: images.length === 0 ? undefined : images,
    ignoredIps: flag('ignored-ips'),
  })
}

export const usualIgnoredIps = '169.254.169.254'
export const usualIgnoredPorts = '22'
