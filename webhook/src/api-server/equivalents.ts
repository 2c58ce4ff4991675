// SPDX-License-Identifier: Apache-2.0
// matchPolicy Equivalent: the same object under another API group or version. The API server knows the groups and
// versions that it serves (kubernetes staging/src/k8s.io/apimachinery/pkg/runtime/mapper.go); with files only, those
// that every server of 1.34–1.36 has by default are certain, and custom resources depend on their definition.

import type { Resource } from './rules.ts'

/** The kind is of the object that is sent: a scale subresource has one of its own. */
export type Equivalent = Resource & { kind: { group: string; version: string; kind: string } }

/** Resources that a default API server serves in more than one group or version, with the subresources that are alike. */
const served: readonly { subresources: readonly string[]; as: readonly Equivalent[] }[] = [
  {
    subresources: ['', 'status'],
    as: ['v2', 'v1'].map((version) => ({
      group: 'autoscaling',
      version,
      resource: 'horizontalpodautoscalers',
      kind: { group: 'autoscaling', version, kind: 'HorizontalPodAutoscaler' },
    })),
  },
  {
    subresources: [''],
    as: ['', 'events.k8s.io'].map((group) => ({
      group,
      version: 'v1',
      resource: 'events',
      kind: { group, version: 'v1', kind: 'Event' },
    })),
  },
]

/** The other names of a resource, in the API server's order. */
export function equivalentsOf(resource: Resource, subresource: string): readonly Equivalent[] {
  const same = (one: Resource) =>
    one.group === resource.group &&
    one.version === resource.version &&
    one.resource === resource.resource
  const found = served.find((one) => one.as.some(same) && one.subresources.includes(subresource))
  return (found?.as ?? []).filter((one) => !same(one))
}

/** Groups that belong to the API server; any other resource may be served in versions that we do not know. */
const own = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'extensions',
  'policy',
  ...[
    'admissionregistration',
    'apiextensions',
    'apiregistration',
    'authentication',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'networking',
    'node',
    'rbac.authorization',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
  ].map((name) => `${name}.k8s.io`),
])

export function isOwnGroup(group: string): boolean {
  return own.has(group)
}
