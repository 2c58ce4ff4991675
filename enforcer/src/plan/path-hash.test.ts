// SPDX-License-Identifier: Apache-2.0
// The hash of paths: told apart by components, directories with every file below them. That the kernel computes the same
// is shown by the tests against the kernel.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashPath, imageOf, type HashKey } from './path-hash.ts'

const key: HashKey = [0x0123456789abcdefn, 0xfedcba9876543210n]
const name = fc.stringMatching(/^[a-z]{1,20}$/)

describe('path hash', () => {
  it('a directory on the way hashes as the directory itself', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (parts) => {
        const { dirs } = hashPath(key, `/${parts.join('/')}`)
        expect(dirs.length).toBe(Math.min(parts.length, 17))
        for (const [depth, hash] of dirs.entries())
          expect(hash).toBe(hashPath(key, `/${parts.slice(0, depth).join('/')}`).hash)
      }),
    )
  })

  it.each([
    ['/ab/c', '/a/bc'],
    ['/a', '/a/a'],
    ['/aaaaaaaa', '/aaaaaaaa/'.concat('b')],
    ['/abcdefgh', '/abcdefghi'],
    ['/a\u0000', '/a'],
  ])('%s is not %s', (a, b) => {
    expect(hashPath(key, a).hash).not.toBe(hashPath(key, b).hash)
  })

  it('depends on the key', () => {
    expect(hashPath(key, '/bin/sh').hash).not.toBe(hashPath([key[0], 1n], '/bin/sh').hash)
  })

  it('numbers of images leave out the two that mean something', () => {
    expect(imageOf(0n, 0n)).toBe(2n)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (hash) => {
        expect(imageOf(hash, 0n)).toBeGreaterThan(1n)
        expect(imageOf(hash, 1n)).toBeLessThan(2n ** 64n)
      }),
    )
  })
})
