// SPDX-License-Identifier: Apache-2.0
// What the webhook knows from files, read and understood by the code of the scan: namespaces, who injects sidecars, how
// each mesh is set up, and CoveragePolicies that lie among them.

import type { LoadedCoverage } from '../../policies/src/index.ts'
import type { Facts } from './knowledge-source.ts'
import { readManifests, type Unread } from './manifests.ts'
import type { Mesh } from './meshes/mesh.ts'
import { sorted } from './scan-input.ts'
import { knowledgeOf } from './scan-knowledge.ts'

export type FileFactsOptions = {
  policies?: readonly LoadedCoverage[]
  /** Meshes of the user's own. */
  profiles: readonly Mesh[]
  /** As --mesh-settings holds them. */
  settings?: unknown
}

/** `unread`: what is wrong with the files; the facts are what is left without it. */
export function factsFrom(
  documents: readonly { file: string; text: string }[],
  options: FileFactsOptions,
): { facts: Facts; unread: Unread[] } {
  const read = documents.map(({ file, text }) => readManifests(file, text))
  const manifests = read.flatMap((one) => one.manifests)
  const unread = read.flatMap((one) => one.unread)
  // Workloads are judged when they are sent, and here only a mesh's own are looked at.
  const input = sorted(manifests, options)
  // The day and the meshes that are expected are for a scan.
  const { knowledge } = knowledgeOf(input, { ...options, today: '' })
  const { policies, namespaces, injectors, settings, objects, profiles } = knowledge
  const facts: Facts = { policies, namespaces, injectors, settings }
  if (objects !== undefined) facts.objects = objects
  if (profiles !== undefined) facts.profiles = profiles
  return { facts, unread: [...unread, ...input.unread] }
}
