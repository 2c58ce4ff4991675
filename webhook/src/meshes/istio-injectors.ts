// SPDX-License-Identifier: Apache-2.0
// The webhook entries that Istio's chart makes, for when the cluster's own are not among the inputs.
// istio/istio manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml and
// revision-tags-mwc.yaml (the same from 1.12 to 1.31). Never used when live entries are known.

import type { Injector } from '../injectors.ts'
import type { IstioSettings } from './istio-settings.ts'

const inject = 'sidecar.istio.io/inject'
const revision = 'istio.io/rev'
const legacy = 'istio-injection'

const isIn = (key: string, ...values: string[]) => ({ key, operator: 'In', values })
const notIn = (key: string, ...values: string[]) => ({ key, operator: 'NotIn', values })
const absent = (key: string) => ({ key, operator: 'DoesNotExist' })

export function chartInjectors(settings: IstioSettings): Injector[] {
  const named = (settings.revisions ?? []).filter((one) => one !== 'default')
  return [
    ...entriesOf('istio-sidecar-injector', 'default'),
    ...defaultEntries('istio-sidecar-injector', settings.namespacesByDefault === true),
    ...named.flatMap((one) => entriesOf(`istio-sidecar-injector-${one}`, one)),
  ]
}

/** Of every revision and tag. */
function entriesOf(configuration: string, name: string): Injector[] {
  return [
    entry(configuration, 'rev.namespace', {
      namespaces: [isIn(revision, name), absent(legacy)],
      pods: [notIn(inject, 'false')],
    }),
    entry(configuration, 'rev.object', {
      namespaces: [absent(revision), absent(legacy)],
      pods: [notIn(inject, 'false'), isIn(revision, name)],
    }),
  ]
}

/** Of the default revision, or of the tag "default". */
function defaultEntries(configuration: string, byDefault: boolean): Injector[] {
  const entries = [
    entry(configuration, 'namespace', {
      namespaces: [isIn(legacy, 'enabled')],
      pods: [notIn(inject, 'false')],
    }),
    entry(configuration, 'object', {
      namespaces: [absent(legacy), absent(revision)],
      pods: [isIn(inject, 'true'), absent(revision)],
    }),
  ]
  if (!byDefault) return entries
  return [
    ...entries,
    entry(configuration, 'auto', {
      namespaces: [
        absent(legacy),
        absent(revision),
        notIn('kubernetes.io/metadata.name', ...ignoredNamespaces),
      ],
      pods: [absent(inject), absent(revision)],
    }),
  ]
}

/** istio/istio pkg/kube/inject/initializer.go, IgnoredNamespaces. */
export const ignoredNamespaces = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]

function entry(
  configuration: string,
  name: string,
  conditions: { namespaces: object[]; pods: object[] },
): Injector {
  return {
    configuration,
    name: `${name}.sidecar-injector.istio.io`,
    failurePolicy: 'Fail',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector: { matchExpressions: conditions.namespaces },
    objectSelector: { matchExpressions: conditions.pods },
    conditions: 0,
  }
}
