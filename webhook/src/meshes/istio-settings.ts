// SPDX-License-Identifier: Apache-2.0
// What an installation of Istio sets differently, and where it keeps that: the injector's ConfigMap
// istio-sidecar-injector[-revision] (config: policy, selectors, templates; values: Helm values as JSON).
// istio/istio manifests/charts/istio-control/istio-discovery/templates/istiod-injector-configmap.yaml (1.12 to 1.31).

import { ofKind, type ClusterObjects, type Wanted } from '../cluster-objects.ts'
import { field, fields, isFields, list, text, type Fields } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import { configMaps, daemonSets, deployments } from './control-plane.ts'
import {
  commonSettings,
  flagSetting,
  selectorsSetting,
  textSetting,
  textsSetting,
  type SettingsOf,
} from './settings.ts'

export const istioSettings = {
  ...commonSettings,
  autoInject: textSetting('global.proxy.autoInject: enabled or disabled'),
  neverInject: selectorsSetting('neverInjectSelector of the injector'),
  alwaysInject: selectorsSetting('alwaysInjectSelector of the injector'),
  namespacesByDefault: flagSetting('sidecarInjectorWebhook.enableNamespacesByDefault'),
  revisions: textsSetting('revisions and tags that exist, when their webhooks are not given'),
  templates: textsSetting('names of custom injection templates'),
  defaultTemplates: textsSetting('templates used when the pod names none'),
  nativeSidecars: flagSetting('ENABLE_NATIVE_SIDECARS of istiod'),
  cniExcludedNamespaces: textsSetting('excludeNamespaces of the CNI plugin'),
  dualStack: flagSetting('ISTIO_DUAL_STACK of istiod'),
}

export type IstioSettings = SettingsOf<typeof istioSettings>

export const istioReads: readonly Wanted[] = [
  configMaps('istio-sidecar-injector*', 'istio', 'istio-*'),
  daemonSets('istio-cni-node'),
  deployments('istiod*'),
  { group: '', version: 'v1', resource: 'services', kind: 'Service' },
  {
    group: 'security.istio.io',
    version: 'v1',
    resource: 'peerauthentications',
    kind: 'PeerAuthentication',
  },
  ...[
    ['v1', 'destinationrules', 'DestinationRule'],
    ['v1', 'sidecars', 'Sidecar'],
    ['v1', 'serviceentries', 'ServiceEntry'],
    ['v1beta1', 'proxyconfigs', 'ProxyConfig'],
    ['v1alpha3', 'envoyfilters', 'EnvoyFilter'],
  ].map(([version = '', resource = '', kind = '']) => {
    return { group: 'networking.istio.io', version, resource, kind }
  }),
]

/** Of several revisions the default one's counts; with revisions only, the first. */
export function istioSettingsFrom(objects: ClusterObjects): IstioSettings {
  const maps = ofKind(objects, 'ConfigMap').filter(({ name }) =>
    name.startsWith('istio-sidecar-injector'),
  )
  const map = maps.find(({ name }) => name === 'istio-sidecar-injector') ?? maps[0]
  const config = mappingIn(text(map?.object, 'data', 'config'))
  const values = mappingIn(text(map?.object, 'data', 'values'))
  const daemonSets = ofKind(objects, 'DaemonSet').map(({ name }) => name)
  const istiod = ofKind(objects, 'Deployment').find(({ name }) => name.startsWith('istiod'))
  const policy = text(config, 'policy') ?? text(values, 'global', 'proxy', 'autoInject')
  const version = versionOf(istiod?.object)
  const byDefault = field(values, 'sidecarInjectorWebhook', 'enableNamespacesByDefault')
  const templates = Object.keys(fields(config, 'templates'))
  return {
    ...(version === undefined ? {} : { version }),
    ...(policy === undefined ? {} : { autoInject: policy }),
    ...(map === undefined
      ? {}
      : {
          neverInject: list(config, 'neverInjectSelector').filter(isFields),
          alwaysInject: list(config, 'alwaysInjectSelector').filter(isFields),
        }),
    ...(typeof byDefault === 'boolean' ? { namespacesByDefault: byDefault } : {}),
    ...(templates.length === 0 ? {} : { templates: templates.slice(0, 256) }),
    ...(daemonSets.includes('istio-cni-node') || field(values, 'istio_cni', 'enabled') === true
      ? { cni: true }
      : {}),
  }
}

/** From the image of istiod: "docker.io/istio/pilot:1.29.0-distroless". */
function versionOf(istiod: Fields | undefined): string | undefined {
  const [container] = list(istiod, 'spec', 'template', 'spec', 'containers')
  return /:v?(\d+\.\d+[^@]*)/.exec(text(container, 'image') ?? '')?.[1]
}
