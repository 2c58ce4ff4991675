// SPDX-License-Identifier: Apache-2.0
// Patterns for cgroups, against a slow and obvious matcher.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cgroupMatches, parseCgroupPattern, readCgroupPattern } from './cgroup-pattern.ts'
import { processorMs } from './processor-time.ts'

const matches = (pattern: string, path: string) => cgroupMatches(parseCgroupPattern(pattern), path)

function obvious(pattern: string[], path: string[]): boolean {
  const [head, ...rest] = pattern
  if (head === undefined) return path.length === 0
  if (head === '**') return path.some((_, i) => obvious(rest, path.slice(i))) || obvious(rest, [])
  const [name, ...below] = path
  if (name === undefined) return false
  const like = new RegExp(`^${head.replaceAll('*', '.*')}$`)
  return like.test(name) && obvious(rest, below)
}

describe('cgroup patterns', () => {
  it.each([
    ['/system.slice/nginx.service', '/system.slice/nginx.service', true],
    ['/system.slice/nginx.service', '/system.slice/nginx.service/worker', false],
    ['/system.slice/nginx.service/**', '/system.slice/nginx.service', true],
    ['/system.slice/*.service', '/system.slice/a.service', true],
    ['/system.slice/*', '/system.slice/a/b', false],
    ['/**/docker-*.scope', '/a/b/docker-1.scope', true],
    ['/**', '/', true],
    ['/a.c', '/abc', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected)
  })

  it('agrees with the obvious matcher', () => {
    const name = fc.stringMatching(/^[ab]{1,3}$/)
    const part = fc.oneof(
      fc.stringMatching(/^[ab*]{1,3}$/).filter((text) => !text.includes('**')),
      fc.constant('**'),
    )
    const several = { minLength: 1, maxLength: 5 }
    fc.assert(
      fc.property(fc.array(part, several), fc.array(name, several), (pattern, path) => {
        expect(matches(`/${pattern.join('/')}`, `/${path.join('/')}`)).toBe(obvious(pattern, path))
      }),
      { numRuns: 1000 },
    )
  })
  it('is quick for patterns that are slow elsewhere', () => {
    const took = processorMs(() => {
      expect(matches(`/${'**/a*a*a*b/'.repeat(30)}c`, `/${'aaaaaaaaaaaaaaa/'.repeat(60)}d`)).toBe(
        false,
      )
    })
    expect(took).toBeLessThan(500)
  })
  it.each([
    'a/b',
    '/',
    '/a//b',
    '/a/../b',
    '/a/x**',
    `/${'a/'.repeat(64)}a`,
    `/${'x'.repeat(4096)}`,
  ])('refuses case %#', (text) => {
    expect(readCgroupPattern(text)).toHaveProperty('remedy')
  })
})
