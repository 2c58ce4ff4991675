// SPDX-License-Identifier: Apache-2.0
// What the report says of names that taught nothing.
import { expect, it } from 'vitest'
import { nameLines } from './name-lines.ts'

it('says nothing where every answer was learned', () => {
  expect(nameLines({ dns_asked: 3, dns_learned: 4 })).toEqual([])
})

it('counts what was not believed, by reason', () => {
  expect(nameLines({ dns_asked: 3, dns_learned: 1, dns_unasked: 2, dns_full: 5 })).toEqual([
    '',
    'names: 3 questions to resolvers, 1 address learned; besides',
    '  2 × answers that nobody asked for, or not from where the question went',
    '  5 × addresses that were not learned: no room',
  ])
})
