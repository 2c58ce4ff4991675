// SPDX-License-Identifier: Apache-2.0
// Path patterns: what they match, and which are refused.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePathPattern, pathMatches, readPathPattern } from './path-pattern.ts'

const matches = (pattern: string, path: string) => pathMatches(parsePathPattern(pattern), path)

describe('path patterns', () => {
  it.each([
    ['/bin/a', '/bin/a', true],
    ['/bin/a', '/bin/ab', false],
    ['/bin/**', '/bin/a', true],
    ['/bin/**', '/bin/a/b/c', true],
    ['/bin/**', '/bin', false],
    ['/bin/**', '/bin/', false],
    ['/bin/**', '/binary/a', false],
    ['/**', '/a', true],
    ['/**', '/', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected)
  })

  it('a directory matches every path below it and no other', () => {
    const names = fc.array(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(names, names, (directory, rest) => {
        const below = `/${directory.join('/')}`
        expect(matches(`${below}/**`, `${below}/${rest.join('/')}`)).toBe(true)
        expect(matches(`${below}/**`, `${below}x/${rest.join('/')}`)).toBe(false)
      }),
    )
  })
  it.each([
    ['bin/a', 'write the whole path'],
    ['', 'write the whole path'],
    ['/a/../b', 'leave out'],
    ['/a/./b', 'leave out'],
    ['/a//b', 'doubled'],
    ['/a//**', 'doubled'],
    ['//**', 'doubled'],
    ['/a/', 'write /a/**'],
    ['/', 'write /**'],
    ['/a/*', 'whole last component'],
    ['/a/**/b', 'whole last component'],
    ['/a**', 'whole last component'],
    ['/a\u0000b', 'control characters'],
    ['/\ud800', 'valid Unicode'],
    [`/${'d/'.repeat(17)}**`, 'at most 16'],
    [`/${'x'.repeat(4096)}`, 'at most 4096'],
  ])('refuses case %#', (text, said) => {
    expect(JSON.stringify(readPathPattern(text))).toContain(said)
  })

  it('takes the longest allowed', () => {
    expect(parsePathPattern(`/${'d/'.repeat(16)}**`).kind).toBe('below')
    expect(parsePathPattern(`/${'x'.repeat(4095)}`).kind).toBe('exact')
  })
})
