// SPDX-License-Identifier: Apache-2.0
// What somebody did with one pod, or around it, whatever the mesh makes of it: copies, changes while it runs, and a
// namespace that does not ask any more for what its pods have.

import { debugging } from './checks/debugging.ts'
import { laterMetadata } from './checks/later-metadata.ts'
import type { Container } from './containers.ts'
import type { Hit } from './finding.ts'
import { injectionOf } from './inspection.ts'
import type { Mesh, MeshInput } from './meshes/mesh.ts'

/** `ownerTrusted`: whoever sent the pod speaks for the owner that is written in it. */
export function tracesOf(mesh: Mesh, input: MeshInput, ownerTrusted: boolean): Hit[] {
  const { subject } = input
  const sidecars = mesh.sidecars(subject)
  const unasked = unaskedHit(mesh, input, sidecars)
  const traces = {
    marker: mesh.marker(subject),
    bare: sidecars.length === 0,
    sidecarNames: mesh.sidecarNames,
    unasked: unasked !== null,
    ownerTrusted,
  }
  const drifted = unasked !== null && subject.finished && subject.owner.kind !== 'Pod'
  return [
    ...debugging(subject, traces),
    ...laterMetadata(subject),
    ...(drifted && unasked.path.startsWith('namespace.') ? [driftHit(unasked)] : []),
  ]
}

/** It has a sidecar that nothing asks for: why it would get none today. */
function unaskedHit(mesh: Mesh, input: MeshInput, sidecars: readonly Container[]): Hit | null {
  const { subject, requester, namespace } = input
  // At admission a pod just came past the injector; only what runs, or was written out, can be older than its namespace.
  // What an injector of workloads was asked is not written on their pods.
  const tells = mesh.call === undefined && subject.kind === 'Pod'
  const isOlder = tells && requester === null && namespace.known
  if (!isOlder || sidecars.length === 0 || !sidecars.some(mesh.checkInput(input).own)) return null
  return injectionOf(mesh, input, null).hits[0] ?? null
}

function driftHit({ path, message }: Hit): Hit {
  const told = `the pod was injected, and a new one would not be, unless its template holds the sidecar: ${message}`
  return { id: 'ns-label-drift', path, message: told }
}
