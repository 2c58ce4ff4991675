// SPDX-License-Identifier: Apache-2.0
// A check of objects that are no workload: once for each mesh that is there, or once for the cluster.

import type { ClusterObjects } from '../../cluster-objects.ts'
import type { BesideInput, Mesh, ObjectHit } from '../../meshes/mesh.ts'
import type { Subject } from '../../subject.ts'

export type ObjectCheck = {
  ofMesh?: (mesh: Mesh, input: BesideInput) => ObjectHit[]
  /** `subjects`: every workload; `meshes`: those that are there. */
  ofCluster?: (
    objects: ClusterObjects,
    known: { subjects: readonly Subject[]; meshes: readonly Mesh[] },
  ) => ObjectHit[]
}
