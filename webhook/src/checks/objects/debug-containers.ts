// SPDX-License-Identifier: Apache-2.0
// Debug containers that have joined pods which run: their arrival is told at admission, their presence here.

import type { ClusterObject } from '../../cluster-objects.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { Subject } from '../../subject.ts'
import type { ObjectCheck } from './object-check.ts'

export const debugContainers: ObjectCheck = {
  ofMesh: (mesh, { subjects }) =>
    subjects.filter((subject) => mesh.sidecars(subject).length > 0).flatMap(joined),
  // Without a sidecar, as in ambient mode, it concerns no mesh more than another.
  ofCluster: (_objects, { subjects, meshes }) =>
    subjects
      .filter((subject) => meshes.every((mesh) => mesh.sidecars(subject).length === 0))
      .flatMap(joined),
}

function joined(subject: Subject): ObjectHit[] {
  return subject.pod.containers
    .filter(({ kind }) => kind === 'ephemeral')
    .map(({ name, path }): ObjectHit => {
      const message = `the debug container "${name}" has joined the pod; no injector saw it`
      return { id: 'ephemeral-container', path, message, object: asObject(subject) }
    })
}

function asObject({
  apiVersion,
  kind,
  namespace,
  name,
  labels,
  annotations,
  object,
}: Subject): ClusterObject {
  return { apiVersion, kind, namespace, name, labels, annotations, object }
}
