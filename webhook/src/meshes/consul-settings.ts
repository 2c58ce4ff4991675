// SPDX-License-Identifier: Apache-2.0
// What an installation of Consul sets differently, and where it keeps that: flags of the injector's Deployment.
// hashicorp/consul-k8s charts/consul/templates/connect-inject-deployment.yaml (1.0 to 2.0).

import type { ClusterObjects, Wanted } from '../cluster-objects.ts'
import { flagIn, flagsIn } from './command-flags.ts'
import { controlPlane, deployments, flagOf, known } from './control-plane.ts'
import {
  commonSettings,
  flagSetting,
  textSetting,
  textsSetting,
  type SettingsOf,
} from './settings.ts'

export const consulSettings = {
  ...commonSettings,
  chartName: textSetting(
    'name of the chart, whose pods have the label app with it; "consul" when not set',
  ),
  defaultInject: flagSetting('connectInject.default: pods get the sidecar without asking'),
  allowNamespaces: textsSetting('connectInject.k8sAllowNamespaces; "*" when not set'),
  denyNamespaces: textsSetting('connectInject.k8sDenyNamespaces'),
  transparentProxy: flagSetting('connectInject.transparentProxy.defaultEnabled; true when not set'),
  openShift: flagSetting('global.openshift.enabled: users come from ranges of the namespace'),
}

export type ConsulSettings = SettingsOf<typeof consulSettings>

const api = { group: 'consul.hashicorp.com', version: 'v1alpha1' } as const

export const consulReads: readonly Wanted[] = [
  deployments('consul-connect-injector', 'consul-consul-connect-injector'),
  { ...api, resource: 'proxydefaults', kind: 'ProxyDefaults' },
  { ...api, resource: 'servicedefaults', kind: 'ServiceDefaults' },
]

export const isInjectorName = (name: string) =>
  name.startsWith('consul') && name.endsWith('-connect-injector')

export function consulSettingsFrom(objects: ClusterObjects): ConsulSettings {
  const plane = controlPlane(objects, isInjectorName)
  if (plane === null) return {}
  const flag = (name: string) => flagOf(unquoted(flagIn(plane.args, names(name))?.value))
  const all = (name: string) =>
    flagsIn(plane.args, names(name)).flatMap(({ value }) => unquoted(value) ?? [])
  const images = ['consul-dataplane-image', 'consul-k8s-image'].flatMap(all)
  const [allow, deny] = [all('allow-k8s-namespace'), all('deny-k8s-namespace')]
  return known({
    version: plane.version,
    images: images.length === 0 ? undefined : images,
    cni: flag('enable-cni'),
    defaultInject: flag('default-inject'),
    // Without the flag no namespace is allowed, and the chart always gives it.
    allowNamespaces: allow.length === 0 ? undefined : allow,
    denyNamespaces: deny.length === 0 ? undefined : deny,
    transparentProxy: flag('default-enable-transparent-proxy'),
    openShift: flag('enable-openshift'),
  })
}

function names(name: string): string[] {
  return [`-${name}`, `--${name}`]
}

function unquoted(value: string | undefined): string | undefined {
  return value?.replace(/^(["'])(.*)\1$/, '$2')
}
