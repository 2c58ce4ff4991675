// SPDX-License-Identifier: Apache-2.0
// The webhook entries that Kuma's chart makes, for when the cluster's own are not among the inputs.
// kumahq/kuma deployments/charts/kuma/templates/cp-webhooks-and-secrets.yaml (2.5 to 2.14, 3.0).

import type { Injector } from '../injectors.ts'
import { inject } from './kuma-parts.ts'
import type { KumaSettings } from './kuma-settings.ts'
import { isBefore } from './version.ts'

const name = 'kubernetes.io/metadata.name'

export function kumaChartInjectors(settings: KumaSettings): Injector[] {
  const system = systemNamespace(settings)
  const allowed = settings.namespaceAllowList ?? []
  const places = [
    { key: name, operator: 'NotIn', values: ['kube-system', system] },
    ...(allowed.length === 0 ? [] : [{ key: name, operator: 'In', values: allowed }]),
  ]
  // Before 2.11 the label of the pod was enough. fail closed: with an unknown version it is not.
  const older = isBefore(settings.version, '2.11') === true
  const has = older ? [] : [{ key: inject, operator: 'Exists' }]
  const entries = [
    entry(
      'namespace-kuma-injector.kuma.io',
      [{ key: inject, operator: 'In', values: ['enabled', 'true'] }, ...places],
      undefined,
    ),
    entry('pods-kuma-injector.kuma.io', [...has, ...places], {
      matchLabels: { [inject]: 'enabled' },
    }),
  ]
  if (isBefore(settings.version, '3.0') !== false) return entries
  return [
    ...entries,
    entry(
      'mesh-zoneproxy-kuma-injector.kuma.io',
      [{ key: name, operator: 'In', values: [system] }],
      {
        matchExpressions: [
          { key: inject, operator: 'In', values: ['enabled'] },
          { key: 'kuma.io/mesh', operator: 'Exists' },
          { key: 'k8s.kuma.io/zone-proxy-type', operator: 'Exists' },
        ],
      },
    ),
  ]
}

export function systemNamespace(settings: KumaSettings): string {
  return settings.systemNamespace ?? 'kuma-system'
}

function entry(webhook: string, matchExpressions: object[], objectSelector: unknown): Injector {
  return {
    configuration: 'kuma-admission-mutating-webhook-configuration',
    name: webhook,
    failurePolicy: 'Fail',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: { matchExpressions },
    objectSelector,
    conditions: 0,
  }
}
