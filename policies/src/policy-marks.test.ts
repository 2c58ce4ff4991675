// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { markOf, readMarks, writeMarks } from './policy-marks.ts'

test('each version of each policy has a mark of its own, whatever the order', () => {
  const uids = Array.from({ length: 10_000 }, () => randomUUID() as string)
  const now = uids.map((uid) => markOf(uid, 3))
  const text = writeMarks(now, Infinity)
  expect(writeMarks(now.toReversed(), Infinity)).toBe(text)
  const read = readMarks(text)
  expect(now.every((mark) => read.has(mark))).toBe(true)
  // 10,000 of 2³² are taken, so another version is mistaken for one of them 0.02 times.
  for (const generation of [2, 4])
    expect(uids.filter((uid) => read.has(markOf(uid, generation))).length).toBeLessThan(3)
})

test('no more than there is room for, and nothing of what is no text of ours', () => {
  expect(readMarks(writeMarks([5, 3, 4], 2))).toEqual(new Set([3, 4]))
  expect(writeMarks([], 5)).toBe('')
  expect(readMarks('').size).toBe(0)
  expect(readMarks('not base64, odd').size).toBeLessThan(3)
})
