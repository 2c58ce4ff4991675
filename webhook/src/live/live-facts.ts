// SPDX-License-Identifier: Apache-2.0
// What is known of a cluster, kept up object by object: a change costs what it concerns, and a request only reads.
// A policy that became wrong stays as it was; who reads nothing anew keeps what it knows.

import type { LoadedCoverage } from '../../../policies/src/index.ts'
import { named, placed, type ClusterObject } from '../cluster-objects.ts'
import type { Fields } from '../fields.ts'
import { injectorsOf, type Injector } from '../injectors.ts'
import type { Facts } from '../knowledge-source.ts'
import { meshes } from '../meshes/index.ts'
import { readyTimes } from '../checks/missed-call.ts'
import { somePairs } from '../meshes/pod-addresses.ts'
import type { Mesh } from '../meshes/mesh.ts'
import { resolveSettings } from '../meshes/resolve-settings.ts'
import type { SettingProblem } from '../meshes/settings.ts'
import type { Namespace } from '../namespace.ts'
import { sorted } from '../scan-input.ts'
import { manifestOf } from './around.ts'

export type LiveWords = {
  /** Meshes of the user's own, and how meshes are set up where the cluster does not tell. */
  profiles: readonly Mesh[]
  settings?: unknown
  /** Policies from files: they count besides those of the cluster. */
  policies: () => readonly LoadedCoverage[]
}

type Policy = { name: string; text: string; good: LoadedCoverage | null; problems: string[] }
type PolicyProblem = { policy: string; problems: string[] }

export class LiveFacts {
  readonly #words: LiveWords
  readonly #namespaces = new Map<string, Namespace>()
  readonly #byKind = new Map<string, readonly ClusterObject[]>()
  readonly #complete = new Set<string>()
  #injectors: { object: ClusterObject; entries: Injector[] }[] = []
  #policies = new Map<string, Policy>()
  #settings: readonly SettingProblem[] = []
  #facts: Facts

  constructor(words: LiveWords) {
    this.#words = words
    this.#facts = this.#made()
  }

  get current(): Facts {
    return this.#facts
  }

  /** Whether it says something else than before. */
  namespaceIs(namespace: Namespace): boolean {
    const before = this.#namespaces.get(namespace.name)
    this.#namespaces.set(namespace.name, namespace)
    return before === undefined || marksOf(before) !== marksOf(namespace)
  }

  namespaceGone(name: string): void {
    this.#namespaces.delete(name)
  }

  /** All there are of a kind. */
  objectsAre(kind: string, objects: Iterable<ClusterObject>): void {
    const all = [...objects].sort((a, b) => order(a, b))
    this.#byKind.set(kind, all)
    // Here and not when the first request asks.
    for (const make of [named, placed]) make(all)
    if (kind === 'Node') for (const make of [readyTimes, somePairs]) make(all)
    if (kind !== 'MutatingWebhookConfiguration') return
    const known = new Map(this.#injectors.map((one) => [one.object, one]))
    // The API server calls them in the order of their configurations' names.
    this.#injectors = all.map(
      (object) => known.get(object) ?? { object, entries: injectorsOf(object.object) },
    )
  }

  /** A missing object of this kind does not exist. */
  kindIsWhole(kind: string): void {
    this.#complete.add(kind)
  }

  /** By UID. Tells what is wrong with those that changed, and whether any says something else than before. */
  policiesAre(objects: ReadonlyMap<string, Fields>): {
    problems: PolicyProblem[]
    differs: boolean
  } {
    const told: PolicyProblem[] = []
    const next = new Map<string, Policy>()
    let differs = objects.size !== this.#policies.size
    for (const [uid, from] of objects) {
      const before = this.#policies.get(uid)
      const written = JSON.stringify(from)
      if (before?.text === written) {
        next.set(uid, before)
        continue
      }
      differs = true
      const { policies, unread } = sorted([manifestOf(from)], {})
      const problems = unread.map(({ message }) => message)
      // fail closed: what it said before was meant; half of what it says now may not be.
      const good = policies[0] ?? before?.good ?? null
      if (problems.length > 0) told.push({ policy: manifestName(from), problems })
      next.set(uid, { name: manifestName(from), text: written, good, problems })
    }
    this.#policies = next
    return { problems: told, differs }
  }

  /** Policies of the cluster that are not in force as they are written, by name, with what is wrong. */
  get refused(): Map<string, readonly string[]> {
    const wrong = [...this.#policies.values()].filter(({ problems }) => problems.length > 0)
    return new Map(wrong.map(({ name, problems }) => [name, problems]))
  }

  /** What is wrong with policies and with what is said of meshes. */
  get problems(): string[] {
    const policies = [...this.refused.values()].flat()
    const settings = this.#settings.map(
      ({ path, found, expected }) => `mesh settings: ${path}: found ${found}, expected ${expected}`,
    )
    return [...policies, ...settings]
  }

  /** After changes, beside the requests. */
  remake(): void {
    this.#facts = this.#made()
  }

  #made(): Facts {
    const { profiles, settings: given } = this.#words
    const objects = { byKind: this.#byKind, complete: this.#complete, omitted: 0 }
    const { settings, problems } = resolveSettings([...meshes, ...profiles], given, objects)
    this.#settings = problems
    const own = [...this.#policies.values()].flatMap(({ good }) => good ?? [])
    const keys = new Set(own.map(({ key }) => key))
    const files = this.#words.policies().filter(({ key }) => !keys.has(key))
    return {
      policies: [...own, ...files].sort((a, b) => (a.key < b.key ? -1 : 1)),
      namespaces: this.#namespaces,
      injectors: this.#injectors.flatMap(({ entries }) => entries),
      settings,
      objects,
      profiles,
    }
  }
}

const marksOf = ({ labels, annotations }: Namespace): string =>
  JSON.stringify([[...labels], [...annotations]])

function order(a: ClusterObject, b: ClusterObject): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1
  return a.name < b.name ? -1 : 1
}

const manifestName = (object: Fields): string => {
  const { name } = (object['metadata'] ?? {}) as { name?: unknown }
  return typeof name === 'string' ? name : ''
}
