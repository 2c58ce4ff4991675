// SPDX-License-Identifier: Apache-2.0
// Names as Kubernetes takes them, the words somebody meant, and days.
import { describe, expect, it } from 'vitest'
import { readDate } from './date.ts'
import {
  readDnsPattern,
  readLabelKey,
  readLabelName,
  readLabelValue,
  readNamePattern,
  readObjectName,
} from './names.ts'
import { nearest } from './nearest.ts'

const fine = (result: object) => !('remedy' in result)

describe('names', () => {
  it.each<[(text: string) => object, string[], string[]]>([
    [
      readLabelName,
      ['a', 'a-1', 'x'.repeat(63)],
      ['', 'A', '-a', 'a-', 'a.b', 'a_b', 'x'.repeat(64), 'ä', 'a\n'],
    ],
    [readObjectName, ['a', 'a.b', '1.a-b'], ['', 'A', 'a..b', '.a', 'a.', 'x'.repeat(254), 'a/b']],
    [
      readLabelKey,
      ['app', 'a.b/C_d', 'A-1'],
      ['', '/a', 'a/', 'a/b/c', 'A.B/c', '-a', `${'x'.repeat(64)}`, 'a b'],
    ],
    [readLabelValue, ['', 'a', 'A_1.b-c'], ['-a', 'a-', 'a b', 'x'.repeat(64), 'a/b', 'a\n']],
    [
      readDnsPattern,
      ['a', 'api.example.com', '*.example.com'],
      ['', '*', '*.', 'a.*.b', '*a.b', 'A.b', 'a.b.', '10.0.0.1', 'a:80', '**.a'],
    ],
    [readNamePattern, ['a', 'a*', 'getty@tty1.service', '*'], ['', 'a/b', 'a b', 'a\u0000']],
    [
      readDate,
      ['2030-01-31', '2028-02-29'],
      ['2030-02-29', '2030-1-1', '30-01-01', '2030-01-01T00:00:00Z', '', '2030-13-01'],
    ],
  ])('reader %#', (read, good, bad) => {
    expect(good.filter((text) => !fine(read(text)))).toEqual([])
    expect(bad.filter((text) => fine(read(text)))).toEqual([])
  })
})

describe('the word that was meant', () => {
  const known = ['egress', 'ingress', 'exe', 'from', 'files']
  it.each([
    ['egres', 'egress'],
    ['Egress', 'egress'],
    ['ergess', 'egress'],
    ['form', 'from'],
    ['fiels', 'files'],
    ['exec', 'exe'],
    ['network', undefined],
    ['x'.repeat(10_000), undefined],
  ])('case %#', (word, meant) => {
    expect(nearest(word, known)).toBe(meant)
  })
})
