// SPDX-License-Identifier: Apache-2.0
// Which meshes a workload is held against when nobody has said it, by policy or by name: one that is installed here,
// those that its own namespace speaks of; and where nothing of this is so, the mesh that most other namespaces ask for,
// since a namespace that was forgotten says nothing. Of several meshes it is held against one, so that a folder of many
// teams does not demand everything of everybody.

import { isWanted, ofKind, type ClusterObjects } from './cluster-objects.ts'
import type { Injector } from './injectors.ts'
import type { Mesh } from './meshes/mesh.ts'
import type { Namespace } from './namespace.ts'
import type { ScanInput } from './scan-input.ts'

export type Expectation = {
  /** Meshes that anything among the inputs speaks of. */
  present: readonly Mesh[]
  /** Those of them that workloads of this namespace are expected to have. */
  in: (namespace: string) => readonly string[]
}

/** `objects`: what the meshes read. `isCluster`: every namespace is among the inputs, and every webhook configuration. */
export function expectationOf(
  all: readonly Mesh[],
  input: Pick<ScanInput, 'injectors' | 'subjects'> & {
    namespaces: ReadonlyMap<string, Namespace>
  },
  { objects, isCluster }: { objects: ClusterObjects; isCluster: boolean },
): Expectation {
  const installed = all.filter((mesh) => isInstalled(mesh, input.injectors, objects))
  // That single workloads ask for it says nothing of others, nor does that it can be had.
  const usual = all.filter(({ name }) => !askedFor.has(name))
  const askedBy = new Map<string, Set<string>>()
  const byNamespace = new Map<string, Set<string>>()
  const note = (map: typeof askedBy, namespace: string, mesh: Mesh) => {
    const known = map.get(namespace)
    if (known === undefined) map.set(namespace, new Set([mesh.name]))
    else known.add(mesh.name)
  }
  for (const mesh of usual) {
    for (const [name, namespace] of input.namespaces) {
      if (mesh.mentionedBy(null, namespace)) note(byNamespace, name, mesh)
    }
    for (const { subject } of input.subjects) {
      // Once is enough, and asking is what takes the time.
      if (askedBy.get(subject.namespace)?.has(mesh.name) === true) continue
      if (mesh.mentionedBy(subject, null)) note(askedBy, subject.namespace, mesh)
    }
  }
  const everywhere = installed.filter((mesh) => usual.includes(mesh)).map(({ name }) => name)
  const spoken = new Set([...askedBy.values(), ...byNamespace.values()].flatMap((one) => [...one]))
  const usually = most(all, [...askedBy, ...byNamespace])
  const kept = new Map<string, readonly string[]>()
  return {
    present: all.filter(
      (mesh) =>
        spoken.has(mesh.name) ||
        (installed.includes(mesh) && !(isCluster && askedFor.has(mesh.name))),
    ),
    in: (namespace) => {
      const known = kept.get(namespace)
      if (known !== undefined) return known
      const own = [...(byNamespace.get(namespace) ?? [])]
      // fail closed: only a mesh that is there as well excuses from another, and only the namespace may say so; what
      // a pod asks for is its author's word.
      const belongs = own.some((name) => everywhere.includes(name))
      const said = [...(belongs ? [] : everywhere), ...own]
      // fail open: what one workload says, be it that a chart turns off a mesh that is not here, is not asked of others
      // where anybody with more to say has spoken. That workload itself is held against it all the same.
      const here = said.length > 0 ? said : [...(askedBy.get(namespace) ?? [])]
      const found = new Set(here.length > 0 ? here : usually)
      const inOrder = all.map(({ name }) => name).filter((name) => found.has(name))
      kept.set(namespace, inOrder)
      return inOrder
    },
  }
}

/** The mesh that most namespaces speak of; of several the first in order; none where none is spoken of. */
function most(
  all: readonly Mesh[],
  spokenOf: readonly (readonly [namespace: string, meshes: ReadonlySet<string>])[],
): string[] {
  const places = (name: string) =>
    new Set(spokenOf.filter(([, meshes]) => meshes.has(name)).map(([namespace]) => namespace)).size
  const [first] = all
    .map(({ name }) => ({ name, places: places(name) }))
    .filter((one) => one.places > 0)
    .sort((a, b) => b.places - a.places)
  return first === undefined ? [] : [first.name]
}

/** Sidecars that single workloads ask for: a cluster in which they can be had has many that never wanted one. */
const askedFor = new Set(['dapr', 'opentelemetry', 'vault', 'jaeger'])

/** Its injector is registered, or an object is there that only it has. */
function isInstalled(mesh: Mesh, injectors: readonly Injector[], objects: ClusterObjects): boolean {
  if (injectors.some((one) => mesh.isInjector(one.name, one.configuration))) return true
  const own = mesh.reads.flatMap((one) => {
    if (one.names === undefined) return shared.has(one.group) ? [] : [one]
    // Others may begin their names with it as well.
    return [{ ...one, names: one.names.filter((name) => !name.endsWith('*')) }]
  })
  return own.some((one) => ofKind(objects, one.kind).some(({ object }) => isWanted(object, [one])))
}

/** Groups whose objects say nothing of a mesh. */
const shared = new Set([
  '',
  'apps',
  'batch',
  'networking.k8s.io',
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'gateway.networking.k8s.io',
  'policy',
  // Most collectors and instances are no sidecars.
  'opentelemetry.io',
  'jaegertracing.io',
])
