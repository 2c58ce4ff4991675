// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { named } from './policy-name.ts'

const keys = [
  'ClusterRuntimePolicy/deny-miners',
  'RuntimePolicy/shop/checkout',
  'RuntimePolicy/web/checkout',
]

test.each([
  ['deny-miners', 'ClusterRuntimePolicy/deny-miners'],
  ['shop/checkout', 'RuntimePolicy/shop/checkout'],
  ['RuntimePolicy/web/checkout', 'RuntimePolicy/web/checkout'],
])('%s means %s', (word, key) => {
  expect(named(word, keys, 'promote')).toBe(key)
})

test('a name that two policies have, and one that none has', () => {
  expect(() => named('checkout', keys, 'promote')).toThrow(
    'write RuntimePolicy/shop/checkout or RuntimePolicy/web/checkout',
  )
  expect(() => named('deny-minres', keys, 'promote')).toThrow(
    'did you mean ClusterRuntimePolicy/deny-miners?',
  )
  expect(() => named('zzz', [], 'promote')).toThrow('a loaded policy, and there is none')
})
