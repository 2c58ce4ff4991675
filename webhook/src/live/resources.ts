// SPDX-License-Identifier: Apache-2.0
// What a cluster serves of what we want to read: its own resources and those of its custom definitions.
// What is not installed is simply not there; what may not be asked is said.

import type { Cluster } from '../../../runtime/src/index.ts'
import type { Wanted } from '../cluster-objects.ts'
import { field, isTrue, list, text } from '../fields.ts'
import { kindsWithTemplates, type TemplatePaths } from '../template-paths.ts'
import { messageOf, Unlistable } from './pages.ts'

export type Resource = {
  group: string
  version: string
  /** As in the path: "pods". */
  resource: string
  kind: string
  namespaced: boolean
}

export type Served = { resources: Resource[]; failed: { group: string; message: string }[] }

/** Asked only of the groups that matter. */
export async function servedResources(
  cluster: Cluster,
  groups: ReadonlySet<string>,
): Promise<Served> {
  const preferred = await preferredVersions(cluster)
  const versions = new Map<string, string>([['', 'v1']])
  for (const [name, version] of preferred) if (groups.has(name)) versions.set(name, version)
  const served: Served = { resources: [], failed: [] }
  for (const [group, version] of versions) {
    const path = group === '' ? '/api/v1' : `/apis/${group}/${version}`
    const { status, body } = await cluster.get(path)
    if (status !== 200) {
      served.failed.push({ group, message: messageOf(status, body) })
      continue
    }
    for (const one of list(body, 'resources')) {
      const resource = text(one, 'name') ?? ''
      const isListed = (list(one, 'verbs') as unknown[]).includes('list')
      if (resource === '' || resource.includes('/') || !isListed) continue
      const namespaced = isTrue(one, 'namespaced')
      served.resources.push({ group, version, resource, kind: text(one, 'kind') ?? '', namespaced })
    }
  }
  return served
}

/** By group. */
export async function preferredVersions(
  cluster: Cluster,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const { status, body } = await cluster.get('/apis', signal)
  if (status !== 200) throw new Unlistable(status, messageOf(status, body))
  const versions = new Map<string, string>()
  for (const one of list(body, 'groups')) {
    const version = text(one, 'preferredVersion', 'version')
    if (version !== undefined) versions.set(text(one, 'name') ?? '', version)
  }
  return versions
}

export const groupsOf = (wanted: readonly Wanted[], further?: TemplatePaths): Set<string> =>
  new Set([
    ...wanted.map(({ group }) => group),
    ...kindsWithTemplates(further).map(({ group }) => group),
  ])

/** Kinds that hold pod templates. Pods are another matter: there are many of them. */
export function workloadResources(served: Served, further?: TemplatePaths): Resource[] {
  const kinds = kindsWithTemplates(further)
  return served.resources.filter(
    ({ group, kind }) =>
      kind !== 'Pod' &&
      kind !== 'PodTemplate' &&
      kinds.some((one) => one.kind === kind && one.group === group),
  )
}

export function wantedResources(
  served: Served,
  wanted: readonly Wanted[],
): { resource: Resource; names: readonly string[] | null }[] {
  return wanted.flatMap((one) => {
    const resource = served.resources.find(
      (other) => other.group === one.group && other.resource === one.resource,
    )
    return resource === undefined ? [] : [{ resource, names: one.names ?? null }]
  })
}

export function pathOf(
  { group, version, resource, namespaced }: Resource,
  namespace?: string,
): string {
  const base = group === '' ? '/api/v1' : `/apis/${group}/${version}`
  return namespaced && namespace !== undefined
    ? `${base}/namespaces/${encodeURIComponent(namespace)}/${resource}`
    : `${base}/${resource}`
}

/** "deployments.apps", as kubectl calls it. */
export function nameOf({ group, resource }: Pick<Resource, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** Finished: nothing of it runs any more. */
export function isOver(pod: unknown): boolean {
  const phase = field(pod, 'status', 'phase')
  return phase === 'Succeeded' || phase === 'Failed'
}
