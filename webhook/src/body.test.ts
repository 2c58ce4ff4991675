// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createRoom, readBody, timeLimit } from './body.ts'

const soon = { timeMs: 1000, room: createRoom() }

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
  expect(await readBody(stream, { ...soon, timeMs: 20 })).toEqual({ kind: 'late', head: 'abc' })
})

test('a connection that breaks', async () => {
  const stream = new PassThrough()
  stream.write('abc')
  const body = readBody(stream, soon)
  stream.destroy(new Error('reset'))
  expect(await body).toEqual({ kind: 'broken' })
})

test('a body in pieces of one byte takes no more memory than one in a piece', async () => {
  const room = createRoom()
  const text = 'x'.repeat(100_000)
  let most = 0
  const stream = Readable.from(
    (function* () {
      for (const one of text) {
        most = Math.max(most, room.used)
        yield Buffer.from(one)
      }
    })(),
  )
  const body = await readBody(stream, { timeMs: 10_000, room })
  expect(body).toEqual({ kind: 'whole', text })
  expect(most).toBeLessThan(3 * text.length)
  expect(room.used).toBe(0)
})

test('bodies under way never share a piece of memory', async () => {
  const streams = Array.from({ length: 200 }, () => new PassThrough())
  const bodies = streams.map((stream) => readBody(stream, soon))
  const expected = streams.map((_, i) => `${i} `.repeat(1000 + i * 50))
  for (const part of [0, 1, 2])
    for (const [i, stream] of streams.entries()) {
      const text = expected[i] ?? ''
      const third = Math.ceil(text.length / 3)
      stream.write(text.slice(part * third, (part + 1) * third))
      if (part === 2) stream.end()
      if (i % 20 === 0) await new Promise(setImmediate)
    }
  expect(await Promise.all(bodies)).toEqual(expected.map((text) => ({ kind: 'whole', text })))
})

describe('the room for all bodies', () => {
  test('pushes out who came first and has not finished, and keeps its beginning', async () => {
    const room = createRoom(100_000)
    const slow = new PassThrough()
    const first = readBody(slow, { ...soon, room })
    slow.write('beginning')
    await new Promise(setImmediate)
    const large = Buffer.alloc(90_000, 'a')
    expect(await readBody(Readable.from([large]), { ...soon, room })).toMatchObject({
      kind: 'whole',
    })
    expect(await first).toEqual({ kind: 'crowded', head: 'beginning' })
    expect(room.used).toBe(0)
  })
  test('lets go of what is behind the limit', async () => {
    const room = createRoom()
    const stream = new PassThrough()
    const body = readBody(stream, { ...soon, limit: 200_000, room })
    stream.write(Buffer.alloc(150_000, 'a'))
    await new Promise(setImmediate)
    expect(room.used).toBeGreaterThan(100_000)
    stream.write(Buffer.alloc(150_000, 'a'))
    await new Promise(setImmediate)
    expect(room.used).toBeLessThan(20_000)
    stream.end()
    expect(await body).toMatchObject({ kind: 'oversized', drained: true })
  })
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
