// SPDX-License-Identifier: Apache-2.0
// What an upgrade makes of a custom resource that the cluster has: all of ours replaces it, but never that of a newer
// version, whose objects could hold more than ours knows.

export type Definition = {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: Owner[]
    [field: string]: unknown
  }
  spec: Record<string, unknown>
  [field: string]: unknown
}
export type Owner = { apiVersion: string; kind: string; name: string; uid: string }
export type Upgrade = 'current' | 'newer' | Definition

export const versionAnnotation = 'underpin.dev/version'

/** `owner`: what the resource goes away with; null: with nothing. */
export function upgraded(found: Definition, ours: Definition, owner: Owner | null): Upgrade {
  const versions = [found, ours].map(({ metadata }) => metadata.annotations?.[versionAnnotation])
  if (isNewer(versions[0] ?? '', versions[1] ?? '')) return 'newer'
  const { labels, annotations, ownerReferences: owners = [] } = found.metadata
  const kept = owners.filter(({ kind }) => kind !== 'ClusterRole')
  const wanted: Definition = {
    ...found,
    metadata: {
      ...found.metadata,
      labels: { ...labels, ...ours.metadata.labels },
      annotations: { ...annotations, ...ours.metadata.annotations },
      ownerReferences: owner === null ? kept : [...kept, owner],
    },
    // The API server fills in what is left out; that is not a difference.
    spec: {
      ...ours.spec,
      ...(found.spec['conversion'] ? { conversion: found.spec['conversion'] } : {}),
    },
  }
  return covers(found.spec, wanted.spec) &&
    covers(wanted.spec, found.spec) &&
    covers(found.metadata, { ...wanted.metadata, ownerReferences: undefined }) &&
    JSON.stringify(owners) === JSON.stringify(wanted.metadata.ownerReferences)
    ? 'current'
    : wanted
}

/** Everything of `part` is in `whole` as well. */
function covers(whole: unknown, part: unknown): boolean {
  if (part === undefined) return true
  if (whole === undefined) return JSON.stringify(part) === '{}'
  if (typeof part !== 'object' || part === null) return whole === part
  if (typeof whole !== 'object' || whole === null) return false
  if (Array.isArray(part))
    return (
      Array.isArray(whole) &&
      whole.length === part.length &&
      part.every((one, i) => covers(whole[i], one))
    )
  return Object.entries(part).every(([key, value]) =>
    covers((whole as Record<string, unknown>)[key], value),
  )
}

/** Of versions such as 1.4.0; what is no version is older than all. */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split('-', 1)[0]?.split('.').map(Number) ?? [])
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] || 0) - (b?.[i] || 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
