// SPDX-License-Identifier: Apache-2.0
// What a scan knows before it judges: the meshes that are there, and how each of them is set up.

import { clusterObjects, noObjects, type ClusterObjects } from './cluster-objects.ts'
import { expectationOf } from './expectation.ts'
import { isFields } from './fields.ts'
import type { Knowledge } from './judge.ts'
import type { Facts } from './knowledge-source.ts'
import { meshes } from './meshes/index.ts'
import type { Mesh } from './meshes/mesh.ts'
import { resolveSettings, wantedOf } from './meshes/resolve-settings.ts'
import type { ScanInput } from './scan-input.ts'
import type { SettingProblem } from './meshes/settings.ts'

export type KnowledgeOptions = {
  /** The day in UTC, as in 2030-03-31. */
  today: string
  /** Meshes expected for every workload, whether anything speaks of them or not. */
  meshes?: readonly string[]
  /** A mapping from meshes to their settings, as --mesh-settings holds it. */
  settings?: unknown
  /** Meshes of the user's own. */
  profiles?: readonly Mesh[]
  /** Kinds of which every object is among the inputs, so that a missing one does not exist. */
  complete?: Iterable<string>
}

export type ScanKnowledge = {
  /** With the meshes that were named: they are expected everywhere. */
  knowledge: Knowledge
  /** With those as well that are expected in this namespace. */
  knownIn: (namespace: string) => Knowledge
  objects: ClusterObjects
  /** Every mesh that was named, or that anything speaks of. */
  expected: Mesh[]
  problems: SettingProblem[]
}

export function knowledgeOf(input: ScanInput, options: KnowledgeOptions): ScanKnowledge {
  const all = [...meshes, ...(options.profiles ?? [])]
  const objects = clusterObjects(input.objects, wantedOf(all), options.complete)
  const { settings, problems } = resolveSettings(all, options.settings, objects)
  const isCluster = options.complete !== undefined
  const { policies, namespaces, injectors } = input
  const profiles = options.profiles ?? []
  const facts = { policies, namespaces, injectors, settings, objects, profiles }
  return { ...expectingOf(facts, input.subjects, { ...options, isCluster }), objects, problems }
}

type Expecting = Pick<ScanKnowledge, 'knowledge' | 'knownIn' | 'expected'>
type ExpectingOptions = Pick<KnowledgeOptions, 'today' | 'meshes' | 'settings'> & {
  /** Every namespace is known, and every webhook configuration. */
  isCluster: boolean
}

/** Facts, and which meshes workloads are held against. `subjects`: those that may ask for a mesh. */
export function expectingOf(
  facts: Facts,
  subjects: ScanInput['subjects'],
  { today, isCluster, ...options }: ExpectingOptions,
): Expecting {
  const { namespaces, injectors, objects = noObjects, profiles = [] } = facts
  const all = [...meshes, ...profiles]
  const given = isFields(options.settings) ? Object.keys(options.settings) : []
  const named = [
    ...(options.meshes ?? []),
    ...profiles.map(({ name }) => name),
    ...all.map(({ name }) => name).filter((name) => given.includes(name)),
  ]
  const around = { injectors, namespaces, subjects }
  const expectation = expectationOf(all, around, { objects, isCluster })
  const knowledge: Knowledge = { ...facts, expected: [...new Set(named)], today }
  const known = new Map<string, Knowledge>()
  const present = new Set([...named, ...expectation.present.map(({ name }) => name)])
  return {
    knowledge,
    knownIn: (namespace) => {
      const expected = expectation.in(namespace)
      // One for all namespaces that expect the same.
      const key = expected.join()
      const made = known.get(key) ?? {
        ...knowledge,
        expected: [...new Set([...knowledge.expected, ...expected])],
      }
      known.set(key, made)
      return made
    },
    expected: all.filter(({ name }) => present.has(name)),
  }
}
