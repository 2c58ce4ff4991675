// SPDX-License-Identifier: Apache-2.0
// Findings about objects that are no workload: the meshes' own resources, webhook configurations, roles.
// Each lands on the object that it is about, with a path in that object.

import { objectChecks } from './checks/objects/index.ts'
import { objectKey, type ClusterObject, type ClusterObjects } from './cluster-objects.ts'
import { findingOf, type Finding } from './finding.ts'
import type { Injector } from './injectors.ts'
import type { BesideInput, Mesh, MeshSettings } from './meshes/mesh.ts'
import type { Namespace } from './namespace.ts'
import type { Subject } from './subject.ts'

export type BesideKnowledge = {
  objects: ClusterObjects
  injectors: readonly Injector[]
  settings: Readonly<Record<string, MeshSettings>>
  namespaces: ReadonlyMap<string, Namespace>
  subjects: readonly Subject[]
}

export type BesideFinding = { finding: Finding; object: ClusterObject }

/** For the meshes that are there: what nobody uses is not reported. */
export function besideFindings(meshes: readonly Mesh[], known: BesideKnowledge): BesideFinding[] {
  const inputs = meshes.map((mesh) => ({ mesh, input: inputFor(mesh, known) }))
  const ofMeshes = inputs.flatMap(({ mesh, input }) =>
    [
      ...mesh.besides(input),
      ...objectChecks.flatMap((check) => check.ofMesh?.(mesh, input) ?? []),
    ].map(({ object, ...hit }) => ({
      finding: findingOf(hit, mesh.name, objectKey(object)),
      object,
    })),
  )
  const ofAll = (meshes.length === 0 ? [] : objectChecks)
    .flatMap(
      (check) => check.ofCluster?.(known.objects, { subjects: known.subjects, meshes }) ?? [],
    )
    .map(({ object, ...hit }) => ({ finding: findingOf(hit, '', objectKey(object)), object }))
  return [...ofMeshes, ...ofAll]
}

function inputFor(mesh: Mesh, known: BesideKnowledge): BesideInput {
  const own = known.injectors.filter((one) => mesh.isInjector(one.name, one.configuration))
  const settings = known.settings[mesh.name] ?? {}
  return {
    objects: known.objects,
    settings,
    injectors: own.length > 0 ? own : mesh.chartInjectors(settings),
    live: own.length > 0,
    namespaces: known.namespaces,
    subjects: known.subjects,
  }
}
