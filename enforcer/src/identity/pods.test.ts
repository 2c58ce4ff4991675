// SPDX-License-Identifier: Apache-2.0
// Pods of manifests, by every UID that their cgroup may have.
import { describe, expect, it } from 'vitest'
import { knownPods, normaliseUid } from './pods.ts'

const uid = '0f9b1c2d-1111-2222-3333-444455556666'
const digits = uid.replaceAll('-', '')

describe('pods of manifests', () => {
  const pod = (metadata: object) => ({ kind: 'Pod', metadata })
  it('have a UID, a name and a namespace with its labels', () => {
    const shop = { name: 'shop', labels: { team: 'web' } }
    expect(
      knownPods(pod({ uid, name: 'a', namespace: 'shop' }), new Map([['shop', shop]])),
    ).toMatchObject([{ uid: digits, claim: 'uid', name: 'a', namespace: shop }])
  })
  it('a static pod is known by its configuration hash and by its mirror pod’s UID', () => {
    const hash = 'AB'.repeat(16)
    const annotations = { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': hash }
    expect(knownPods(pod({ uid, name: 'etcd', annotations }), new Map())).toMatchObject([
      { uid: digits, claim: 'uid', namespace: { name: 'default' } },
      { uid: 'ab'.repeat(16), claim: 'mirror' },
    ])
  })
  it('an annotation alone is the weakest claim, and takes nothing away', () => {
    const annotations = { 'kubernetes.io/config.hash': 'ab'.repeat(16) }
    expect(knownPods(pod({ uid, name: 'x', annotations }), new Map())).toMatchObject([
      { uid: digits, claim: 'uid' },
      { uid: 'ab'.repeat(16), claim: 'annotation' },
    ])
  })
  it.each([
    [null],
    ['x'],
    [{}],
    [pod({ name: 'a' })],
    [pod({ uid: 7 })],
    [{ kind: 'Job', metadata: { uid } }],
  ])('nothing else: case %#', (manifest) => {
    expect(knownPods(manifest, new Map())).toEqual([])
  })
  it('a UID is 32 hexadecimal digits', () => {
    expect(normaliseUid(uid.toUpperCase())).toBe(digits)
    expect(normaliseUid('__proto__')).toBeUndefined()
  })
})
