// SPDX-License-Identifier: Apache-2.0
// Text that is not what it seems: nothing in it is expensive, and nothing but plain data comes out.
import { describe, expect, it } from 'vitest'
import { readDocuments } from './document.ts'
import { processorMs } from './processor-time.ts'

const complaints = (text: string) =>
  readDocuments(text).flatMap(({ misprints }) =>
    misprints.map(({ place, complaint }) => `${place.line}:${place.column} ${complaint.found}`),
  )

describe('documents', () => {
  it('know where everything is written', () => {
    const [document] = readDocuments('# c\na:\n  b: [x, { c: 1 }]\n')
    expect(document?.value).toEqual({ a: { b: ['x', { c: 1 }] } })
    expect(document?.placeOf(['a', 'b', 1, 'c'])).toEqual({ line: 3, column: 15 })
    expect(document?.placeOf(['a', 'b', 1, 'c'], 'name')).toEqual({ line: 3, column: 12 })
    expect(document?.placeOf(['a', 'missing'])).toEqual({ line: 3, column: 3 })
  })
  it('may use an alias here and there', () => {
    expect(readDocuments('a: &x [1]\nb: *x')[0]?.value).toEqual({ a: [1], b: [1] })
  })
  it('keep keys as text, and words as words', () => {
    expect(readDocuments('8080: yes\non: 0x10')[0]?.value).toEqual({ 8080: 'yes', on: 16 })
  })
})

describe('mistakes', () => {
  it.each([
    ['a: 1\na: 2', '2:1 field "a" a second time'],
    ['{"a": 1, "a": 2}', '1:10 field "a" a second time'],
    ['__proto__: { x: 1 }', '1:1 a field "__proto__"'],
    ['a: !!js/function x', 'unresolved tag'],
    ['a: !mine x', 'unresolved tag'],
    ['a: !!binary x', 'unresolved tag'],
    ['a: .nan', '1:4 NaN'],
    ['a: -.inf', '1:4 -Infinity'],
    ['a: *b', '1:4 alias "b" of nothing'],
    ['a: &a [*a]', '1:8 alias "a" of what contains it'],
    ['? [a]\n: b', 'not YAML'],
    ['a: [1', 'not YAML'],
    ['\ta: 1', 'not YAML'],
    ['%YAML 1.1\n---\na: yes', 'another version of YAML'],
  ])('%j', (text, said) => {
    expect(complaints(text).join()).toContain(said)
  })

  it('do not reach the prototype', () => {
    const [document] = readDocuments(
      '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }',
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(document?.value)).toBe(Object.prototype)
  })
})

describe('bombs', () => {
  const levels = (width: number) =>
    'abcdefgh'
      .split('')
      .map(
        (name, i, all) =>
          `${name}: &${name} [${Array<string>(width)
            .fill(i === 0 ? 'x' : `*${all[i - 1] ?? ''}`)
            .join(',')}]`,
      )
      .join('\n')
  const many = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n')

  it.each<[string, string, string]>([
    ['aliases of aliases', levels(9), 'more aliases'],
    ['aliases of much', `a: &a [${'x,'.repeat(5_000)}]\nb: [${'*a,'.repeat(60)}]`, 'more values'],
    ['10 MB', 'x'.repeat(10 * 1024 * 1024), 'a file of 10485760 bytes'],
    ['many values', many(205_000, () => '- x'), 'more values'],
    ['many documents', '--- a\n'.repeat(10_001), 'more documents'],
    ['open brackets', '['.repeat(500_000), 'nested too deeply'],
    ['open dashes', '- '.repeat(250_000), 'nested too deeply'],
    ['open braces', '{"a":'.repeat(100_000), 'nested too deeply'],
    ['indentation', many(500, (i) => `${' '.repeat(i)}x:`), 'nested too deeply'],
  ])('%s', (_, text, said) => {
    expect(processorMs(() => expect(complaints(text).join()).toContain(said))).toBeLessThan(5_000)
  })
  it('many different keys are compared quickly', () => {
    const text = many(60_000, (i) => `k${i}: 1`)
    expect(processorMs(() => expect(complaints(text)).toEqual([]))).toBeLessThan(5_000)
  })
})
