// SPDX-License-Identifier: Apache-2.0
// The suite that every mesh runs: its own table of cases, and laws that hold for all meshes.
// A new mesh brings a table; the laws come for free.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../catalogue.ts'
import { clusterObjects } from '../cluster-objects.ts'
import { coverageOf, type Coverage, type CoverageVerdict } from '../coverage.ts'
import { injectorsOf } from '../injectors.ts'
import { namespaceOf, unknownNamespace } from '../namespace.ts'
import { deploymentOf, namespaceObject, podOf, type Manifest } from '../specimens.ts'
import { subjectOf, type Subject } from '../subject.ts'
import type { Mesh } from './mesh.ts'
import { resolveSettings, wantedOf } from './resolve-settings.ts'

export type Marking = { labels?: Record<string, string>; annotations?: Record<string, string> }

export type Case = {
  name: string
  object: Manifest
  /** A finished pod: verified, not predicted. Default: what the object is (a Deployment is not). */
  finished?: boolean
  /** null: nothing is known of it. Default: the mesh's way of enabling it. */
  namespace?: Marking | null
  namespaceName?: string
  configurations?: Manifest[]
  /** As --mesh-settings gives them. */
  settings?: Readonly<Record<string, unknown>>
  /** Other objects of the cluster: ConfigMaps, nodes, the mesh's own resources. */
  objects?: Manifest[]
  /** Kinds of which all objects of the cluster are given. */
  complete?: string[]
  explain?: boolean
  requester?: { user: string; groups: string[] }
  verdict: CoverageVerdict
  reason?: string
  /** All the ids, in order, when more than the deciding one matters. */
  ids?: string[]
  path?: string
}

export function cover(mesh: Mesh, one: Omit<Case, 'name' | 'verdict'>): Coverage {
  const name = one.namespaceName ?? 'shop'
  const subject = subjectOf(one.object, { finished: one.finished ?? false, namespace: name })
  if (subject === null) throw new Error('the case is about no workload')
  const placed: Subject = { ...subject, namespace: name }
  const plain = namespaceOf(namespaceObject(name))
  const objects = clusterObjects(one.objects ?? [], wantedOf([mesh]), one.complete)
  const given = one.settings === undefined ? {} : { [mesh.name]: one.settings }
  const { settings, problems } = resolveSettings([mesh], given, objects)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const namespace =
    one.namespace === null
      ? unknownNamespace(name)
      : one.namespace === undefined
        ? (mesh.enabled(plain) ?? { namespace: plain }).namespace
        : namespaceOf(namespaceObject(name, one.namespace))
  return coverageOf(mesh, placed, {
    namespace,
    injectors: (one.configurations ?? []).flatMap(injectorsOf),
    settings,
    objects,
    requester: one.requester ?? null,
    explain: one.explain ?? true,
  })
}

export type Traits = {
  /** The sidecar redirects traffic. Default: yes. */
  captures?: boolean
  /** A namespace can ask for the sidecar of all its pods. Default: yes. */
  asksNamespace?: boolean
}

/** `covered`: a pod as the injector leaves it. */
export function runCases(
  mesh: Mesh,
  cases: readonly Case[],
  covered: Manifest,
  { captures = true, asksNamespace = true }: Traits = {},
): void {
  describe(`${mesh.title}: cases`, () => {
    test.each(cases)('$name', (one) => {
      const { verdict, reason, hits } = cover(mesh, one)
      expect({ verdict, reason }).toEqual({ verdict: one.verdict, reason: one.reason ?? null })
      if (one.ids !== undefined) expect(hits.map((hit) => hit.id)).toEqual(one.ids)
      if (one.path !== undefined) {
        expect(hits.find((hit) => hit.id === one.reason)?.path).toBe(one.path)
      }
    })
  })

  describe(`${mesh.title}: laws`, () => {
    test('the pod as the injector leaves it is covered, with nothing assumed', () => {
      const { hits, ...rest } = cover(mesh, { object: covered, finished: true })
      expect(rest).toMatchObject({ verdict: 'covered', reason: null, assumed: [] })
      expect(hits.map((hit) => hit.id)).toEqual(captures ? [] : ['non-capturing-sidecar'])
    })

    const hasSidecar = mesh.sidecarNames.length > 0
    // A law that does not apply to this mesh is no test of it.
    if (hasSidecar) {
      test('a bare pod is never covered, whatever is known of its namespace', () => {
        for (const namespace of [undefined, null, {}] as const) {
          const given = namespace === undefined ? {} : { namespace }
          const { verdict } = cover(mesh, { object: podOf(), finished: true, ...given })
          expect(verdict).toBe('not-injected')
        }
      })
    }

    if (asksNamespace) {
      test('a prediction without the namespace says what it assumed', () => {
        const { verdict, assumed } = cover(mesh, { object: deploymentOf(), namespace: null })
        expect(verdict).toBe('covered')
        expect(assumed.join(' ')).toContain('namespace "shop" has the')
      })
    }

    test('a mirror pod is never covered, not even with the real sidecar', () => {
      const { metadata, ...rest } = covered as { metadata: { annotations: object } }
      const annotations = { ...metadata.annotations, 'kubernetes.io/config.mirror': 'abc' }
      const object = { ...rest, metadata: { ...metadata, annotations } }
      expect(cover(mesh, { object, finished: true })).toMatchObject({
        verdict: 'cannot-be-covered',
        reason: 'static-pod',
        hits: [{ id: 'static-pod' }, { id: 'mirror-pod-illusion' }],
      })
    })

    if (captures) {
      test('in the network of the node nothing is covered, sidecar or not', () => {
        const hosted = { ...covered, spec: { ...(covered.spec as object), hostNetwork: true } }
        expect(cover(mesh, { object: hosted, finished: true }).reason).toBe('host-network')
      })
    }

    test('every hit has a sentence of one line and an id of the catalogue', () => {
      for (const one of cases) {
        for (const hit of cover(mesh, one).hits) {
          expect(Object.keys(catalogue)).toContain(hit.id)
          expect(hit.message).toMatch(/^[^\n]{10,}$/)
        }
      }
    })

    test('every rule has its question, its source and the versions it holds for', () => {
      const { uncalled, rules, cniRules, verify, foresee } = mesh
      for (const { question, source } of [uncalled, rules, cniRules, verify, foresee].flat()) {
        expect(question).toMatch(/^[A-Z][^\n]+\?$/)
        expect(source).toMatch(/\d/)
      }
    })

    test('the steps are of the code that decides, and change nothing', () => {
      for (const one of cases) {
        const { steps = [], ...rest } = cover(mesh, one)
        const { steps: none, ...silent } = cover(mesh, { ...one, explain: false })
        expect(none).toBeUndefined()
        expect(silent).toEqual(rest)
        expect(steps.length).toBeGreaterThan(0)
        for (const { id } of steps.filter((step) => step.id !== undefined)) {
          expect(rest.hits.map((hit) => hit.id)).toContain(id)
        }
        if (rest.verdict === 'rejected') expect(steps.some((step) => step.decides)).toBe(true)
      }
    })

    test('an unrelated label or annotation changes nothing', () => {
      const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
      const key = fc.tuple(name, name).map(([a, b]) => `${a}.example/${b}`)
      const special = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty')
      fc.assert(
        fc.property(
          fc.constantFrom(...cases),
          fc.oneof(key, special),
          fc.string(),
          (one, label, value) => {
            const before = cover(mesh, one)
            const after = cover(mesh, { ...one, object: withMark(one.object, label, value) })
            expect(untold(after)).toEqual(untold(before))
          },
        ),
        { numRuns: 300 },
      )
    })
  })
}

/** A step may show all labels that it looked at; what it answered is the same. */
function untold({ steps = [], ...rest }: Coverage): unknown {
  return { ...rest, steps: steps.map((step) => ({ ...step, input: '' })) }
}

/** The same object with a further label and annotation on it and on its pods. */
function withMark(object: Manifest, key: string, value: string): Manifest {
  const copy = structuredClone(object)
  const mark = (place: Manifest) => {
    const metadata = place.metadata as Manifest
    for (const map of ['labels', 'annotations']) {
      // Own property whatever the key is called, as JSON.parse makes it.
      metadata[map] = Object.fromEntries([...Object.entries(metadata[map] ?? {}), [key, value]])
    }
  }
  mark(copy)
  const template = (copy.spec as Manifest).template as Manifest | undefined
  if (template !== undefined) mark(template)
  return copy
}
