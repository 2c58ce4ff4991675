// SPDX-License-Identifier: Apache-2.0
// The other objects of the cluster, beside the workloads: a mesh's ConfigMaps and resources, nodes, webhook
// configurations. Plain and bounded: only what a mesh says it reads is kept, and never without end.

import { fields, isFields, marks, text, type Fields, type Marks } from './fields.ts'

export type ClusterObject = {
  apiVersion: string
  kind: string
  /** '' for an object of the whole cluster. */
  namespace: string
  name: string
  labels: Marks
  annotations: Marks
  /** The object itself, as it was read: findings are placed by it. */
  object: Fields
}

export type ClusterObjects = {
  byKind: ReadonlyMap<string, readonly ClusterObject[]>
  /** Kinds of which every object of the cluster is here, so that a missing one does not exist. */
  complete: ReadonlySet<string>
  /** Objects that were left out because there were too many. */
  omitted: number
}

/** What is worth reading, as the API server names it. Without names: every object of the kind. */
export type Wanted = {
  /** API group, '' for the core one. */
  group: string
  version: string
  /** The resource in the API: "configmaps". */
  resource: string
  kind: string
  /** A name that ends in * is the beginning of names. */
  names?: readonly string[]
}

export const noObjects: ClusterObjects = { byKind: new Map(), complete: new Set(), omitted: 0 }

/** Bounds memory: a cluster has a few hundred of these; more are counted and not read. */
const most = 50_000

export function clusterObjects(
  objects: Iterable<unknown>,
  wanted: readonly Wanted[],
  complete: Iterable<string> = [],
): ClusterObjects {
  const byKind = new Map<string, ClusterObject[]>()
  // Nearly all objects are of a kind that nobody wants.
  const wantedOfKind = new Map<string, Wanted[]>()
  for (const one of wanted) wantedOfKind.set(one.kind, [...(wantedOfKind.get(one.kind) ?? []), one])
  let kept = 0
  let omitted = 0
  for (const object of objects) {
    if (!isFields(object)) continue
    const candidates = wantedOfKind.get(text(object, 'kind') ?? '')
    if (candidates === undefined || !isWanted(object, candidates)) continue
    if (kept >= most) {
      omitted += 1
      continue
    }
    kept += 1
    const one = clusterObject(object)
    const others = byKind.get(one.kind)
    if (others === undefined) byKind.set(one.kind, [one])
    else others.push(one)
  }
  return { byKind, complete: new Set(complete), omitted }
}

export function isWanted(object: unknown, wanted: readonly Wanted[]): boolean {
  const kind = text(object, 'kind')
  const group = groupOf(text(object, 'apiVersion') ?? '')
  const name = text(object, 'metadata', 'name') ?? ''
  return wanted.some(
    (one) =>
      one.kind === kind &&
      one.group === group &&
      (one.names === undefined || one.names.some((pattern) => nameMatches(pattern, name))),
  )
}

function nameMatches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}

export function clusterObject(object: Fields): ClusterObject {
  return {
    apiVersion: text(object, 'apiVersion') ?? '',
    kind: text(object, 'kind') ?? '',
    namespace: text(object, 'metadata', 'namespace') ?? '',
    name: text(object, 'metadata', 'name') ?? '',
    labels: marks(object, 'metadata', 'labels'),
    annotations: marks(object, 'metadata', 'annotations'),
    object,
  }
}

export function ofKind(objects: ClusterObjects, kind: string): readonly ClusterObject[] {
  return objects.byKind.get(kind) ?? nothing
}

const nothing: readonly ClusterObject[] = []

/** By name, in a namespace when that matters. */
export function objectNamed(
  objects: ClusterObjects,
  kind: string,
  name: string,
  namespace?: string,
): ClusterObject | null {
  const found = named(ofKind(objects, kind))
    .get(name)
    ?.find((one) => namespace === undefined || one.namespace === namespace)
  return found ?? null
}

/** Something of all objects of a kind, made once: a list never changes, what changed is another list. */
export function ofAll<T>(make: (objects: readonly ClusterObject[]) => T) {
  const kept = new WeakMap<readonly ClusterObject[], { made: T }>()
  return (objects: readonly ClusterObject[]): T => {
    const known = kept.get(objects) ?? { made: make(objects) }
    kept.set(objects, known)
    return known.made
  }
}

/** Asked for by each request; with 5,000 nodes looking through all of them takes longer than judging. */
export const named = ofAll((objects) => Map.groupBy(objects, ({ name }) => name))
export const placed = ofAll((objects) => Map.groupBy(objects, ({ namespace }) => namespace))

export function inNamespace(
  objects: ClusterObjects,
  kind: string,
  namespace: string,
): readonly ClusterObject[] {
  return placed(ofKind(objects, kind)).get(namespace) ?? []
}

/** Whether a missing object of this kind can be told from one that was not given. */
export function knows(objects: ClusterObjects, kind: string): boolean {
  return objects.complete.has(kind) || ofKind(objects, kind).length > 0
}

/** One entry of a ConfigMap's data. */
export function configEntry(
  objects: ClusterObjects,
  name: string,
  key: string,
): string | undefined {
  const map = objectNamed(objects, 'ConfigMap', name)
  return map === null ? undefined : text(fields(map.object, 'data'), key)
}

/** How an object is called in reports: "ConfigMap/istio-system/istio", "ClusterRole/debug". */
export function objectKey({ kind, namespace, name }: ClusterObject): string {
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
