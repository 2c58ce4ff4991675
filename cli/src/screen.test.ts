// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { columns, counted } from './screen.ts'

test('columns are as wide as what is seen of their cells', () => {
  expect(
    columns(
      [
        ['A', 'COUNT', 'WHAT'],
        ['\u001b[31mlong\u001b[0m', '7', 'x'],
      ],
      [1],
    ),
  ).toEqual(['A     COUNT  WHAT', '\u001b[31mlong\u001b[0m      7  x'])
  expect(columns([])).toEqual([])
})

test('numbers of things', () => {
  expect([counted(1, 'row'), counted(0, 'row'), counted(2, 'policy', 'policies')]).toEqual([
    '1 row',
    '0 rows',
    '2 policies',
  ])
})
