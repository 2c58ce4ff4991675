// SPDX-License-Identifier: Apache-2.0
// What an installation of Istio's ambient mode sets differently, and where it keeps that: the ConfigMap of the
// CNI agent. istio/istio manifests/charts/istio-cni/templates/configmap-cni.yaml and values.yaml (1.22 to 1.31).

import { ofKind, type ClusterObject, type ClusterObjects, type Wanted } from '../cluster-objects.ts'
import { isFields, list, text } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import { configMaps, daemonSets, flagOf, known } from './control-plane.ts'
import {
  commonSettings,
  flagSetting,
  selectorsSetting,
  textSetting,
  textsSetting,
  type SettingsOf,
} from './settings.ts'

export const ambientSettings = {
  ...commonSettings,
  enabled: flagSetting('ambient.enabled of the istio-cni chart'),
  agentNamespace: textSetting(
    'namespace of the CNI agent; istio-system and kube-system when not set',
  ),
  excludedNamespaces: textsSetting(
    'excludeNamespaces of the istio-cni chart; kube-system when not set',
  ),
  enablementSelectors: selectorsSetting(
    'ambient.enablementSelectors: each with a podSelector and a namespaceSelector',
  ),
}

export type AmbientSettings = SettingsOf<typeof ambientSettings>

// The CNI agent serves sidecars as well, so only the proxy of the node says that this mesh is there: an exact name.
export const ambientReads: readonly Wanted[] = [
  configMaps('istio-cni-config*'),
  daemonSets('istio-cni-node*', 'ztunnel'),
  { group: '', version: 'v1', resource: 'services', kind: 'Service' },
]

export function agentConfig(objects: ClusterObjects): ClusterObject | undefined {
  return ofKind(objects, 'ConfigMap').find(({ name }) => name === 'istio-cni-config')
}

export function ambientSettingsFrom(objects: ClusterObjects): AmbientSettings {
  const map = agentConfig(objects)
  const agent = ofKind(objects, 'DaemonSet').find(({ name }) => name === 'istio-cni-node')
  const data = (key: string) => text(map?.object, 'data', key)
  const excluded = data('EXCLUDE_NAMESPACES') ?? data('EXCLUDED_NAMESPACES')
  const version = data('CURRENT_AGENT_VERSION')
  // A list of YAML or JSON; as the value of a key it is a mapping.
  const written = data('AMBIENT_ENABLEMENT_SELECTOR')
  const selectors = list(
    mappingIn(written === undefined ? undefined : `selectors:\n${written}`),
    'selectors',
  )
  return known({
    version: version === '' ? undefined : version,
    agentNamespace: agent?.namespace ?? map?.namespace,
    enabled: flagOf(data('AMBIENT_ENABLED')),
    excludedNamespaces: excluded
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
    enablementSelectors:
      selectors.length > 0 && selectors.every(isFields) ? selectors.filter(isFields) : undefined,
  })
}
