// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { processorMs } from '../../policies/src/processor-time.ts'
import { readHead } from './head.ts'
import { podOf, reviewOf } from './specimens.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const whole = JSON.stringify(reviewOf({ uid: 'ab-1', object: podOf() }))

describe('the beginning of a body tells whom to answer', () => {
  test.each<[string, string, string | null]>([
    ['a whole one', whole, 'ab-1'],
    ['one that is cut off', whole.slice(0, 90), 'ab-1'],
    ['another order', '{"request":{"operation":"CREATE","uid":"ab-1","obj', 'ab-1'],
    ['spaces', ' { "request" : { "uid" : "ab-1" , ', 'ab-1'],
    ['escapes', '{"request":{"\\u0075id":"ab\\u002d1"', 'ab-1'],
    ['the first of two', '{"request":{"uid":"ab-1","uid":"cd-2"', 'ab-1'],
    ['only in the object', '{"request":{"object":{"uid":"ab-1"}', null],
    ['only at the top', '{"uid":"ab-1","request":{"name":"x"', null],
    ['in another field', '{"response":{"uid":"ab-1"', null],
    ['in a list', '[{"request":{"uid":"ab-1"', null],
    ['behind the end', '{}{"request":{"uid":"ab-1"', null],
    ['no string', '{"request":{"uid":7', null],
    ['cut inside it', '{"request":{"uid":"ab-', null],
    ['too long', `{"request":{"uid":"${'x'.repeat(2000)}"`, null],
    ['nothing', '', null],
  ])('%s', (_name, text, uid) => {
    expect(readHead(text).uid).toBe(uid)
  })

  test('and for which namespace and operation', () => {
    expect(readHead(whole.slice(0, whole.indexOf('"object"')))).toEqual({
      uid: 'ab-1',
      apiVersion: 'admission.k8s.io/v1',
      namespace: 'shop',
      operation: 'CREATE',
    })
  })
})

test('whatever it is, it takes little time, and agrees with JSON.parse on what is JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const uid = (value as { request?: { uid?: unknown } } | null)?.request?.uid
      const told = typeof uid === 'string' && uid !== '' && uid.length <= 1024 ? uid : null
      const own = JSON.stringify({ request: { uid: 'u', more: value }, other: value })
      expect(readHead(own).uid).toBe('u')
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        expect(readHead(JSON.stringify(value)).uid).toBe(told)
    }),
    { numRuns: 300 },
  )
  for (const bomb of [
    '{'.repeat(16_384),
    '"\\'.repeat(8_192),
    '['.repeat(16_384),
    '{"a":'.repeat(3000),
  ]) {
    expect(processorMs(() => expect(readHead(bomb).uid).toBe(null))).toBeLessThan(200)
  }
})
