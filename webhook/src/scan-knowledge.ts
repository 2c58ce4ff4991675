// SPDX-License-Identifier: Apache-2.0
// What a scan knows before it judges: the meshes that are there, and how each of them is set up.

import { clusterObjects, isWanted, type ClusterObjects } from './cluster-objects.ts'
import { isFields } from './fields.ts'
import type { Knowledge } from './judge.ts'
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
  knowledge: Knowledge
  objects: ClusterObjects
  /** Those expected everywhere, as meshes. */
  expected: Mesh[]
  problems: SettingProblem[]
}

export function knowledgeOf(input: ScanInput, options: KnowledgeOptions): ScanKnowledge {
  const all = [...meshes, ...(options.profiles ?? [])]
  const objects = clusterObjects(input.objects, wantedOf(all), options.complete)
  const { settings, problems } = resolveSettings(all, options.settings, objects)
  const given = isFields(options.settings) ? Object.keys(options.settings) : []
  const named = [
    ...(options.meshes ?? []),
    ...(options.profiles ?? []).map(({ name }) => name),
    ...all.map(({ name }) => name).filter((name) => given.includes(name)),
    ...all
      .filter((mesh) => isPresent(mesh, input, options.complete !== undefined))
      .map(({ name }) => name),
  ]
  const expected = [...new Set(named)]
  return {
    knowledge: {
      policies: input.policies,
      namespaces: input.namespaces,
      injectors: input.injectors,
      settings,
      objects,
      profiles: options.profiles ?? [],
      expected,
      today: options.today,
    },
    objects,
    expected: all.filter(({ name }) => expected.includes(name)),
    problems,
  }
}

/**
 * Sidecars that single workloads ask for: that one of them has it says nothing of the others, and a cluster in
 * which it can be had has many that never wanted it.
 */
const askedFor = new Set(['dapr', 'opentelemetry', 'vault', 'jaeger'])

/** A mesh that anything among the inputs speaks of is expected of every workload among them. */
function isPresent(mesh: Mesh, input: ScanInput, isCluster: boolean): boolean {
  const { injectors, namespaces, subjects, objects } = input
  const isAskedFor = askedFor.has(mesh.name)
  if (isAskedFor && isCluster) return false
  if (injectors.some((one) => mesh.isInjector(one.name, one.configuration))) return true
  const own = mesh.reads.flatMap((one) => {
    if (one.names === undefined) return shared.has(one.group) ? [] : [one]
    // Others may begin their names with it as well.
    return [{ ...one, names: one.names.filter((name) => !name.endsWith('*')) }]
  })
  if (objects.some((one) => isWanted(one, own))) return true
  return (
    !isAskedFor &&
    ([...namespaces.values()].some((one) => mesh.mentionedBy(null, one)) ||
      subjects.some(({ subject }) => mesh.mentionedBy(subject, null)))
  )
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
