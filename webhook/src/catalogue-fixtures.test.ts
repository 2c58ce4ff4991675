// SPDX-License-Identifier: Apache-2.0
// Every known way around a sidecar, on the code that people run: it is found where it is, at admission and in a
// scan, and its nearest harmless neighbour has nothing. What only the node sees is named as handed over.
import { describe, expect, test } from 'vitest'
import { admit } from './admit.ts'
import { catalogue, type FindingId } from './catalogue.ts'
import { cluster } from './catalogue/fixtures/cluster.ts'
import {
  aboutOf,
  manifestsOf,
  placeOf,
  type Fixture,
  type Side,
} from './catalogue/fixtures/fixture.ts'
import { fixtures } from './catalogue/fixtures/index.ts'
import { readReview, type Review } from './review.ts'
import { sorted } from './scan-input.ts'
import { knowledgeOf } from './scan-knowledge.ts'
import { manifestsOf as read, scan } from './scan.ts'
import { reviewOf, type Manifest } from './specimens.ts'

const today = '2026-11-21'
const known = (Object.keys(catalogue) as FindingId[]).filter((id) => catalogue[id].own !== true)

test('each has its two fixtures, but those that only the node can see', () => {
  const handedOver = known.filter((id) => catalogue[id].visible === 'node')
  expect(handedOver).toEqual(['icmp-sctp-raw', 'static-pod', 'bare-container'])
  const ids = fixtures.map(([id]) => id)
  expect(ids).toEqual(known.filter((id) => !handedOver.includes(id)))
})

/** Findings about the fixture's own object, in a cluster with nothing else in it. */
function scanned(id: string, fixture: Fixture, side: Side): string[] {
  const text = JSON.stringify([...cluster, ...manifestsOf(id, fixture, side)])
  const result = scan([{ file: 'cluster.json', text }], { today })
  expect(result.unread).toEqual([])
  const about = aboutOf(id, fixture, side)
  return result.findings.filter(({ object }) => object === about).map((one) => one.id)
}

describe.each(fixtures)('scan: %s', (id, fixture) => {
  test('is found', () => {
    expect(scanned(id, fixture, fixture.slips)).toContain(id)
  })
  test('has a neighbour without it', () => {
    const { harmless } = fixture
    expect(scanned(id, fixture, harmless)).toEqual([...(harmless.also ?? [])])
  })
})

/** What the webhook answers to the creation of the workload, or to the request that the fixture tells. */
function admitted(id: string, fixture: Fixture, side: Side): string[] {
  const manifests = manifestsOf(id, fixture, side)
  const text = JSON.stringify([...cluster, ...manifests])
  const input = sorted(read([{ file: 'cluster.json', text }]).manifests, {})
  const { knowledge } = knowledgeOf(input, { today })
  const place = placeOf(id, side)
  const request = side.review?.(place) ?? creationOf(manifests[1] ?? {})
  const review = readReview(JSON.stringify(reviewOf({ namespace: place.namespace, ...request })))
  const decision = admit(review as Review, { ...knowledge, expected: [] })
  return decision.findings.map((one) => one.id)
}

const plurals: Record<string, [string, string]> = {
  Pod: ['', 'pods'],
  Deployment: ['apps', 'deployments'],
  StatefulSet: ['apps', 'statefulsets'],
  Job: ['batch', 'jobs'],
}

function creationOf(object: Manifest): Manifest {
  const kind = String(object.kind)
  const [group, resource] = plurals[kind] ?? ['', '']
  return {
    kind: { group, version: 'v1', kind },
    resource: { group, version: 'v1', resource },
    object,
  }
}

const atAdmission = fixtures.filter(([id]) => catalogue[id].visible === 'webhook')

describe.each(atAdmission)('admission: %s', (id, fixture) => {
  test('is found', () => {
    expect(admitted(id, fixture, fixture.slips)).toContain(id)
  })
  test('has a neighbour without it', () => {
    expect(admitted(id, fixture, fixture.harmless)).not.toContain(id)
  })
})
