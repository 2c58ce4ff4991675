// SPDX-License-Identifier: Apache-2.0
// What an installation of Kuma sets differently, and where it keeps that: the control plane's Deployment
// (environment) and its ConfigMap. kumahq/kuma deployments/charts/kuma/templates/_helpers.tpl kuma.defaultEnv,
// pkg/config/plugins/runtime/k8s/config.go (2.5 to 2.14).

import { ofKind, type ClusterObjects, type Wanted } from '../cluster-objects.ts'
import { field, fields, number } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import {
  configMaps,
  configText,
  controlPlane,
  daemonSets,
  deployments,
  flagOf,
  known,
} from './control-plane.ts'
import {
  commonSettings,
  flagSetting,
  numberSetting,
  textSetting,
  textsSetting,
  type SettingsOf,
} from './settings.ts'

export const kumaSettings = {
  ...commonSettings,
  systemNamespace: textSetting('namespace of the control plane; "kuma-system" when not set'),
  namespaceAllowList: textsSetting('namespaceAllowList of the chart'),
  exceptions: textsSetting(
    'exception labels of the injector, as "openshift.io/build.name=*"; its two defaults when not set',
  ),
  sidecarUser: numberSetting('user of the sidecar; 5678 when not set'),
  nativeSidecars: flagSetting('experimental.sidecarContainers of the chart (always on from 3.0)'),
  transparentProxyConfigMap: flagSetting('transparentProxy.configMap.enabled of the chart'),
  cniExcludedNamespaces: textsSetting('namespaces that the CNI plugin leaves alone'),
}

export type KumaSettings = SettingsOf<typeof kumaSettings>

const planes = ['kuma-control-plane', 'kong-mesh-control-plane']
const agents = ['kuma-cni-node', 'kong-mesh-cni-node']
const injectorEnv = 'KUMA_RUNTIME_KUBERNETES_INJECTOR'

export const kumaReads: readonly Wanted[] = [
  deployments(...planes),
  configMaps(
    ...planes.map((name) => `${name}-config`),
    'kuma-transparent-proxy-config',
    'kong-mesh-transparent-proxy-config',
  ),
  daemonSets(...agents),
  { group: 'kuma.io', version: 'v1alpha1', resource: 'meshes', kind: 'Mesh' },
  {
    group: 'kuma.io',
    version: 'v1alpha1',
    resource: 'containerpatches',
    kind: 'ContainerPatch',
  },
]

export function kumaSettingsFrom(objects: ClusterObjects): KumaSettings {
  const plane = controlPlane(objects, (name) => planes.includes(name))
  const maps = planes.map((name) => `${name}-config`)
  const config = mappingIn(configText(objects, maps, 'config.yaml'))
  const injector = fields(config, 'runtime', 'kubernetes', 'injector')
  const labels = Object.entries(fields(injector, 'exceptions', 'labels'))
  const agent = ofKind(objects, 'DaemonSet').some(({ name }) => agents.includes(name))
  const cni = flagOf(plane?.env.get(`${injectorEnv}_CNI_ENABLED`))
  const images = [
    plane?.env.get(`${injectorEnv}_SIDECAR_CONTAINER_IMAGE`),
    plane?.env.get('KUMA_INJECTOR_INIT_CONTAINER_IMAGE'),
  ].filter((one): one is string => one !== undefined && one !== '')
  return known({
    systemNamespace: plane?.namespace,
    version: plane?.version,
    images: images.length === 0 ? undefined : images,
    cni: cni ?? (agent || field(injector, 'cniEnabled') === true ? true : undefined),
    nativeSidecars: flagOf(plane?.env.get('KUMA_EXPERIMENTAL_SIDECAR_CONTAINERS')),
    transparentProxyConfigMap:
      plane?.env.has(`${injectorEnv}_TRANSPARENT_PROXY_CONFIGMAP_NAME`) === true ? true : undefined,
    sidecarUser: number(injector, 'sidecarContainer', 'uid'),
    exceptions:
      labels.length === 0 ? undefined : labels.map(([key, value]) => `${key}=${String(value)}`),
  })
}
