// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { field, isTrue, list, marks, text, texts } from './fields.ts'

const hostile: unknown = JSON.parse('{"__proto__": {"a": "x"}, "constructor": "y", "n": null}')

test('only own properties are read', () => {
  expect(field({}, 'constructor')).toBeUndefined()
  expect(field({}, 'toString')).toBeUndefined()
  expect(text(hostile, 'constructor')).toBe('y')
  expect(text(hostile, '__proto__', 'a')).toBe('x')
  expect(text(hostile, 'a')).toBeUndefined()
})

test('a value of the wrong type is absent', () => {
  expect(text({ a: 1 }, 'a')).toBeUndefined()
  expect(list({ a: 'xy' }, 'a')).toEqual([])
  expect(isTrue({ a: 'true' }, 'a')).toBe(false)
  expect(texts({ a: ['x', 1, null] }, 'a')).toEqual(['x'])
  expect(text(hostile, 'n', 'deeper')).toBeUndefined()
})

test('labels are a Map, so any key is safe to look up', () => {
  const labels = marks(
    JSON.parse('{"l": {"__proto__": "p", "constructor": "c", "n": 1, "z": null}}'),
    'l',
  )
  expect([...labels]).toEqual([
    ['__proto__', 'p'],
    ['constructor', 'c'],
    ['z', ''],
  ])
  expect(labels.get('toString')).toBeUndefined()
})
