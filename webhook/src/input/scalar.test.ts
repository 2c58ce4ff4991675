// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { plainScalar } from './scalar.ts'

it.each<[string, unknown]>([
  ['yes', true],
  ['Y', true],
  ['On', true],
  ['TRUE', true],
  ['n', false],
  ['OFF', false],
  ['yEs', 'yEs'],
  ['tRUE', 'tRUE'],
  ['null', null],
  ['~', null],
  ['', null],
  ['nULL', 'nULL'],
  ['1337', 1337],
  ['02471', 1337],
  ['0o2471', 1337],
  ['0x539', 1337],
  ['0b101', 5],
  ['1_337', 1337],
  ['-5', -5],
  ['+5', 5],
  ['08', 8],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1.', 1],
  ['-.inf', -Infinity],
  ['1:30', '1:30'],
  ['2026-11-21', '2026-11-21'],
  ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z'],
  ['1.2.3', '1.2.3'],
  ['-', '-'],
  ['--flag', '--flag'],
  ['0x', '0x'],
  ['...', '...'],
  ['1Mi', '1Mi'],
])('%s', (source, value) => {
  expect(plainScalar(source)).toEqual(value)
})
