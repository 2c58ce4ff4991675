// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { highestProcessor } from './open.ts'

test('there is room for every processor, also where numbers are left out', () => {
  expect(highestProcessor('0\n')).toBe(0)
  expect(highestProcessor('0-3\n')).toBe(3)
  expect(highestProcessor('0-1,8-11\n')).toBe(11)
  expect(highestProcessor('0,2,5\n')).toBe(5)
})
