// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clean, cleanJson, cleanLines } from './clean-text.ts'

const hostile = '/tmp/\u001b[2J\u009b1m\u202egnp.exe\r\u200b\u{e0041}'

test('a terminal is told nothing by a name', () => {
  expect(clean(hostile)).toBe('/tmp/\\x1b[2J\\x9b1m\\u{202e}gnp.exe\\x0d\\u{200b}\\u{e0041}')
  expect(clean('naïve 漢字 🦀')).toBe('naïve 漢字 🦀')
})

test('lines stay lines where a text has several', () => {
  expect(cleanLines('a\nb\u0007')).toBe('a\nb\\x07')
})

test('JSON stays the same data', () => {
  const text = cleanJson({ name: hostile }, 2)
  expect(JSON.parse(text)).toEqual({ name: hostile })
  expect(text).not.toMatch(/[^\n\x20-\x7e]/)
})
