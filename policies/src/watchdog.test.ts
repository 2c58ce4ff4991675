// SPDX-License-Identifier: Apache-2.0
// The last line: code that does not end is ended.
import { expect, it } from 'vitest'
import { within } from './watchdog.ts'

it('gives the result', () => {
  expect(within(1_000, () => 42)).toBe(42)
})
it('hands errors on', () => {
  expect(() =>
    within(1_000, () => {
      throw new Error('mine')
    }),
  ).toThrow('mine')
})
it('stops what does not end, and works again', () => {
  let turns = 0
  expect(() =>
    within(50, () => {
      for (;;) turns++
    }),
  ).toThrow(expect.objectContaining({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }))
  expect(within(1_000, () => turns > 0)).toBe(true)
})
