// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readBody, timeLimit } from './body.ts'

const soon = { timeMs: 1000 }

test('a body within the limits is whole, also when a character spans two pieces', async () => {
  const bytes = Buffer.from('{"ü"}')
  const stream = Readable.from([bytes.subarray(0, 3), bytes.subarray(3)])
  expect(await readBody(stream, soon)).toEqual({ kind: 'whole', text: '{"ü"}' })
})

test('a larger one is read to its end, and its beginning kept', async () => {
  const stream = Readable.from(['abc', 'x'.repeat(20)].map((one) => Buffer.from(one)))
  expect(await readBody(stream, { ...soon, limit: 10 })).toEqual({
    kind: 'oversized',
    head: 'abc',
    drained: true,
  })
})

test('one without end is given up', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1024 * 1024, 'a')
    })(),
  )
  expect(await readBody(endless, { ...soon, limit: 10 })).toMatchObject({
    kind: 'oversized',
    drained: false,
  })
})

test('a slow one is late, and its beginning kept', async () => {
  const stream = new PassThrough()
  stream.write('abc')
  expect(await readBody(stream, { timeMs: 20 })).toEqual({ kind: 'late', head: 'abc' })
})

test('a connection that breaks', async () => {
  const stream = new PassThrough()
  stream.write('abc')
  const body = readBody(stream, soon)
  stream.destroy(new Error('reset'))
  expect(await body).toEqual({ kind: 'broken' })
})

test.each([
  ['10s', 9800],
  ['1s', 800],
  ['250ms', 125],
  ['1m', 29800],
  ['1e9s', 9800],
  ['', 9800],
  [undefined, 9800],
  [['1s', '2s'], 9800],
])('timeout %j leaves %i ms', (timeout, expected) => {
  expect(timeLimit(timeout)).toBe(expected)
})
