// SPDX-License-Identifier: Apache-2.0
// Pods by the UID in the names of their cgroups, as container runtimes and the kubelet write them.
import { describe, expect, it } from 'vitest'
import { knownPod, normaliseUid, podUidOfCgroup } from './pods.ts'

const uid = '0f9b1c2d-1111-2222-3333-444455556666'
const digits = uid.replaceAll('-', '')

describe('the UID in a cgroup name', () => {
  it.each([
    [`kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`],
    [`kubepods-pod${uid.replaceAll('-', '_')}.slice`],
    [`pod${uid}`],
    [`pod${digits}`],
  ])('%s', (name) => {
    expect(podUidOfCgroup(name)).toBe(digits)
  })
  it.each([
    ['podcast.service'],
    [`pod${uid}0`],
    [`pod${uid.slice(1)}`],
    [`xpod${uid}`],
    [`pod${uid.replace('0f', '0g')}`],
    ['kubepods.slice'],
    [`${'a'.repeat(120)}-pod${uid}`],
  ])('not in %s', (name) => {
    expect(podUidOfCgroup(name)).toBeUndefined()
  })
})

describe('pods of manifests', () => {
  const pod = (metadata: object) => ({ kind: 'Pod', metadata })
  it('have a UID, a name and a namespace with its labels', () => {
    const shop = { name: 'shop', labels: { team: 'web' } }
    expect(
      knownPod(pod({ uid, name: 'a', namespace: 'shop' }), new Map([['shop', shop]])),
    ).toMatchObject({
      uid: digits,
      name: 'a',
      namespace: shop,
    })
  })
  it('a static pod is known by its configuration hash', () => {
    const annotations = { 'kubernetes.io/config.hash': 'AB'.repeat(16) }
    expect(knownPod(pod({ uid, name: 'etcd', annotations }), new Map())).toMatchObject({
      uid: 'ab'.repeat(16),
      namespace: { name: 'default' },
    })
  })
  it.each([
    [null],
    ['x'],
    [{}],
    [pod({ name: 'a' })],
    [pod({ uid: 7 })],
    [{ kind: 'Job', metadata: { uid } }],
  ])('nothing else: case %#', (manifest) => {
    expect(knownPod(manifest, new Map())).toBeUndefined()
  })
  it('a UID is 32 hexadecimal digits', () => {
    expect(normaliseUid(uid.toUpperCase())).toBe(digits)
    expect(normaliseUid('__proto__')).toBeUndefined()
  })
})
