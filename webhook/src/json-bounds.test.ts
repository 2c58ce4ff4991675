// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { beyondBounds, deepest, harmlessBytes, mostValues } from './json-bounds.ts'

const told = (text: string) => beyondBounds(Buffer.from(text))

test.each<[string, string, string | null]>([
  ['a long text', JSON.stringify({ a: 'x'.repeat(harmlessBytes) }), null],
  ['marks in a text', JSON.stringify({ a: '[{,'.repeat(mostValues) }), null],
  ['quotes and backslashes in a text', JSON.stringify({ a: '\\"[,'.repeat(mostValues) }), null],
  ['as many values as may be', `[${'1,'.repeat(mostValues - 2)}1]`, null],
  ['one more', `[${'1,'.repeat(mostValues)}1]`, `the request has more than ${mostValues} values`],
  [
    'many lists',
    `[${'[],'.repeat(mostValues)}1]`,
    `the request has more than ${mostValues} values`,
  ],
  ['depth', '['.repeat(harmlessBytes + 1), `the request is nested deeper than ${deepest}`],
  ['a text without end', `["${'x'.repeat(harmlessBytes)}`, null],
])('%s', (_name, text, expected) => {
  expect(told(text)).toBe(expected)
})

test('a small body is not looked through', () => {
  expect(told('['.repeat(harmlessBytes))).toBe(null)
})
