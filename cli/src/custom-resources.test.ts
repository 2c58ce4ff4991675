// SPDX-License-Identifier: Apache-2.0
// An upgrade replaces older custom resources whole, leaves newer ones alone, and says when there is nothing to do.
import { describe, expect, test } from 'vitest'
import { isNewer, upgraded, versionAnnotation, type Definition } from './custom-resources.ts'

const definition = (version: string, spec: object, metadata: object = {}): Definition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'a', annotations: { [versionAnnotation]: version }, ...metadata },
  spec: spec as Record<string, unknown>,
})
const owner = { apiVersion: 'v1', kind: 'ClusterRole', name: 'a', uid: '1' }

describe('upgraded', () => {
  test('an older one is replaced: what ours lacks is gone', () => {
    const found = definition(
      '0.1.0',
      { versions: [{ name: 'v1', old: true }], extra: 1 },
      { resourceVersion: '7' },
    )
    const wanted = upgraded(found, definition('0.2.0', { versions: [{ name: 'v1' }] }), null)
    expect(wanted).toMatchObject({ metadata: { resourceVersion: '7' } })
    expect((wanted as Definition).spec).toEqual({ versions: [{ name: 'v1' }] })
  })
  test('a newer one stays', () => {
    expect(upgraded(definition('0.10.0', {}), definition('0.9.9', { a: 1 }), null)).toBe('newer')
  })
  test('the same is current, also with an owner', () => {
    const found = definition('0.1.0', { a: [1] }, { ownerReferences: [owner] })
    expect(upgraded(found, definition('0.1.0', { a: [1] }), owner)).toBe('current')
    expect(upgraded(found, definition('0.1.0', { a: [1] }), null)).toMatchObject({
      metadata: { ownerReferences: [] },
    })
  })
  test('one that was made without a version is replaced', () => {
    const found = { ...definition('', { a: 1 }), metadata: { name: 'a' } }
    expect(upgraded(found, definition('0.1.0', { a: 2 }), null)).toMatchObject({ spec: { a: 2 } })
  })
})

test.each([
  ['0.1.1', '0.1.0', true],
  ['1.0.0', '0.9.9', true],
  ['0.1.0', '0.1.0', false],
  ['0.1.0-rc.1', '0.1.0', false],
  ['', '0.1.0', false],
])('%s is newer than %s: %s', (a, b, expected) => {
  expect(isNewer(a, b)).toBe(expected)
})
