// SPDX-License-Identifier: Apache-2.0
// What is watched is all that judging asks for, over every known way around a sidecar and every mesh: what is left out is
// read by nobody.
import { expect, test } from 'vitest'
import { admit } from '../admit.ts'
import { cluster } from '../catalogue/fixtures/cluster.ts'
import { manifestsOf, placeOf } from '../catalogue/fixtures/fixture.ts'
import { fixtures } from '../catalogue/fixtures/index.ts'
import type { ClusterObjects } from '../cluster-objects.ts'
import { meshes } from '../meshes/index.ts'
import { wantedOf } from '../meshes/resolve-settings.ts'
import { readReview, type Review } from '../review.ts'
import { sorted } from '../scan-input.ts'
import { knowledgeOf } from '../scan-knowledge.ts'
import { manifestsOf as read } from '../scan.ts'
import { reviewOf } from '../specimens.ts'
import { besideOnly, slimNamespace, watchedKinds } from './watched.ts'

/** Notes every kind that is asked for. */
function noting(objects: ClusterObjects, asked: Set<string>): ClusterObjects {
  const byKind = new Map(objects.byKind)
  const complete = new Set(objects.complete)
  const note =
    <A extends unknown[], R>(ask: (kind: string, ...more: A) => R) =>
    (kind: string, ...more: A): R => {
      asked.add(kind)
      return ask(kind, ...more)
    }
  byKind.get = note(Map.prototype.get.bind(new Map(objects.byKind)) as (kind: string) => never)
  complete.has = note(Set.prototype.has.bind(objects.complete) as (kind: string) => boolean)
  return { ...objects, byKind, complete }
}

test('no kind is asked for that is not watched', () => {
  const asked = new Set<string>()
  const today = '2026-11-21'
  const plurals: Record<string, [string, string]> = {
    Pod: ['', 'pods'],
    Deployment: ['apps', 'deployments'],
    StatefulSet: ['apps', 'statefulsets'],
    Job: ['batch', 'jobs'],
  }
  const every = wantedOf(meshes).map(({ kind }) => kind)
  for (const complete of [[], every])
    for (const [id, fixture] of fixtures)
      for (const side of [fixture.slips, fixture.harmless]) {
        const manifests = manifestsOf(id, fixture, side)
        const file = { file: 'cluster.json', text: JSON.stringify([...cluster, ...manifests]) }
        const input = sorted(read([file]).manifests, {})
        const { knowledge } = knowledgeOf(input, { today, complete })
        const objects = noting(
          knowledge.objects ?? { byKind: new Map(), complete: new Set(), omitted: 0 },
          asked,
        )
        for (const mesh of meshes) mesh.settingsFrom(objects)
        const place = placeOf(id, side)
        const object = manifests[1] ?? {}
        const [group, resource] = plurals[String(object['kind'])] ?? ['', '']
        const request = side.review?.(place) ?? {
          kind: { group, version: 'v1', kind: object['kind'] },
          resource: { group, version: 'v1', resource },
          object,
        }
        const text = JSON.stringify(reviewOf({ namespace: place.namespace, ...request }))
        const known = { ...knowledge, objects, expected: meshes.map(({ name }) => name) }
        admit(readReview(text) as Review, known)
      }
  const watched = new Set(watchedKinds(meshes).map(({ kind }) => kind))
  expect([...asked].filter((kind) => !watched.has(kind))).toEqual([])
  // And nothing that is left out is named in vain.
  expect([...besideOnly].filter((kind) => !every.includes(kind))).toEqual([])
  expect(asked.size).toBeGreaterThan(8)
})

test('of a node only what is asked for is kept: what it tells every minute is no change', () => {
  const node = watchedKinds(meshes).find(({ kind }) => kind === 'Node')
  const told = (time: string) =>
    node?.slim({
      ...{ apiVersion: 'v1', kind: 'Node' },
      metadata: { uid: 'u', name: 'n', resourceVersion: time, managedFields: [time] },
      status: {
        conditions: [{ type: 'Ready', lastHeartbeatTime: time, lastTransitionTime: 'then' }],
        images: [time],
      },
    })?.object
  expect(told('1')).toEqual(told('2'))
  expect(JSON.stringify(told('1'))).toContain('then')
})

test('a namespace is kept without what kubectl writes into it', () => {
  const { labels, annotations } = slimNamespace({
    metadata: {
      uid: 'u',
      name: 'shop',
      labels: { a: 'b' },
      annotations: { x: 'y', 'kubectl.kubernetes.io/last-applied-configuration': 'long' },
    },
  })
  expect(labels.get('kubernetes.io/metadata.name')).toBe('shop')
  expect([...annotations]).toEqual([['x', 'y']])
})
