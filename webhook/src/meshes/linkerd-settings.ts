// SPDX-License-Identifier: Apache-2.0
// What an installation of Linkerd sets differently, and where it keeps that: the ConfigMap linkerd-config, which holds
// the values of the chart. linkerd/linkerd2 charts/linkerd-control-plane/templates/config.yaml and values.yaml (2.11 to 2.20).

import { objectNamed, ofKind, type ClusterObjects, type Wanted } from '../cluster-objects.ts'
import { field, fields, text, type Fields } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import { configMaps, daemonSets, known } from './control-plane.ts'
import type { ObjectHit } from './mesh.ts'
import { chartPorts } from './linkerd-parts.ts'
import { commonSettings, flagSetting, type SettingsOf } from './settings.ts'

export const linkerdSettings = {
  ...commonSettings,
  nativeSidecar: flagSetting('proxy.nativeSidecar of the chart; true when not set'),
  disableIPv6: flagSetting('disableIPv6 of the chart; true when not set'),
}

export type LinkerdSettings = SettingsOf<typeof linkerdSettings>

export const linkerdReads: readonly Wanted[] = [
  configMaps('linkerd-config'),
  daemonSets('linkerd-cni'),
]

function valuesIn(objects: ClusterObjects): Fields {
  const map = objectNamed(objects, 'ConfigMap', 'linkerd-config')
  return mappingIn(text(map?.object, 'data', 'values')) ?? {}
}

export function linkerdSettingsFrom(objects: ClusterObjects): LinkerdSettings {
  const values = valuesIn(objects)
  const agent = ofKind(objects, 'DaemonSet').some(({ name }) => name === 'linkerd-cni')
  const flag = (...path: string[]) => {
    const value = field(values, ...path)
    return typeof value === 'boolean' ? value : undefined
  }
  // "stable-2.14.10"; edge releases are named after days, which says nothing of features.
  const version = /^(?:stable-|enterprise-|version-)?(\d+\.\d+[\w.-]*)$/.exec(
    text(values, 'linkerdVersion') ?? '',
  )?.[1]
  return known({
    version,
    cni: flag('cniEnabled') ?? (agent ? true : undefined),
    nativeSidecar: flag('proxy', 'nativeSidecar'),
    disableIPv6: flag('disableIPv6'),
  })
}

/** What the chart was told to leave out of the redirect of every pod, beyond what it always leaves out. */
export function linkerdBesides({ objects }: { objects: ClusterObjects }): ObjectHit[] {
  const object = objectNamed(objects, 'ConfigMap', 'linkerd-config')
  if (object === null) return []
  const init = fields(valuesIn(objects), 'proxyInit')
  const ports = ['ignoreInboundPorts', 'ignoreOutboundPorts'].flatMap((key): ObjectHit[] => {
    const more = listed(init, key).filter((one) => !chartPorts.has(Number(one)))
    if (more.length === 0) return []
    const message = `proxyInit.${key} leaves ${more.join(',').slice(0, 60)} out of the redirect of every pod`
    return [{ id: 'linkerd-skip-ports', path: 'data.values', message, object }]
  })
  const subnets = listed(init, 'skipSubnets')
  if (subnets.length === 0) return ports
  const message = `proxyInit.skipSubnets leaves ${subnets.join(',').slice(0, 60)} out of the redirect of every pod`
  return [...ports, { id: 'linkerd-skip-subnets', path: 'data.values', message, object }]
}

function listed(init: Fields, key: string): string[] {
  const value = field(init, key)
  const words = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : ''
  return words.split(',').flatMap((one) => one.trim() || [])
}
