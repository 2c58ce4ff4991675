// SPDX-License-Identifier: Apache-2.0
// What is known of each mesh's installation: from the cluster's own objects, and over them what is given
// by name. Read once for all workloads; all problems at once.

import type { ClusterObjects, Wanted } from '../cluster-objects.ts'
import { isFields } from '../fields.ts'
import type { Mesh, MeshSettings } from './mesh.ts'
import { readSettings, type SettingProblem } from './settings.ts'

export type ResolvedSettings = {
  settings: Record<string, MeshSettings>
  problems: SettingProblem[]
}

/** `given`: a mapping from mesh names to their settings, as --mesh-settings holds it. */
export function resolveSettings(
  meshes: readonly Mesh[],
  given: unknown,
  objects: ClusterObjects,
): ResolvedSettings {
  const problems: SettingProblem[] = []
  const asked = given === undefined || given === null ? {} : given
  if (!isFields(asked)) {
    problems.push({ path: '', found: 'no mapping', expected: 'a mapping of meshes to settings' })
    return { settings: resolved(meshes, {}, objects, problems), problems }
  }
  for (const name of Object.keys(asked)) {
    if (meshes.some((mesh) => mesh.name === name)) continue
    const expected = `one of ${meshes.map((mesh) => mesh.name).join(', ')}`
    problems.push({ path: name, found: 'an unknown mesh', expected })
  }
  return { settings: resolved(meshes, asked, objects, problems), problems }
}

function resolved(
  meshes: readonly Mesh[],
  given: Readonly<Record<string, unknown>>,
  objects: ClusterObjects,
  problems: SettingProblem[],
): Record<string, MeshSettings> {
  const entries = meshes.map((mesh): [string, MeshSettings] => {
    const found = mesh.settingsFrom(objects)
    if (!Object.hasOwn(given, mesh.name)) return [mesh.name, found]
    const read = readSettings(mesh.settings, given[mesh.name], mesh.name)
    problems.push(...read.problems)
    return [mesh.name, { ...found, ...read.settings }]
  })
  return Object.fromEntries(entries)
}

/** Everything that is worth reading from a cluster for these meshes, once each. */
export function wantedOf(meshes: readonly Mesh[]): Wanted[] {
  const byResource = new Map<string, Wanted>()
  for (const one of [...common, ...meshes.flatMap((mesh) => mesh.reads)]) {
    const key = `${one.resource}.${one.group}`
    const other = byResource.get(key)
    const { group, version, resource, kind } = one
    const every = one.names === undefined || (other !== undefined && other.names === undefined)
    const names = [...new Set([...(other?.names ?? []), ...(one.names ?? [])])]
    byResource.set(key, { group, version, resource, kind, ...(every ? {} : { names }) })
  }
  return [...byResource.values()]
}

/** What the checks of every mesh look at. */
const common: readonly Wanted[] = [
  { group: '', version: 'v1', resource: 'nodes', kind: 'Node' },
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'mutatingwebhookconfigurations',
    kind: 'MutatingWebhookConfiguration',
  },
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    resource: 'validatingwebhookconfigurations',
    kind: 'ValidatingWebhookConfiguration',
  },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'clusterroles',
    kind: 'ClusterRole',
  },
  { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'roles', kind: 'Role' },
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource: 'clusterrolebindings',
    kind: 'ClusterRoleBinding',
  },
]
