// SPDX-License-Identifier: Apache-2.0
// Names of messages as text.
import { expect, it } from 'vitest'
import { nameText } from './text.ts'

it.each([
  [[], '.'],
  [[3, 97, 80, 105, 4, 116, 101, 115, 116], 'api.test'],
  [[3, 97, 46, 98, 1, 99], 'a\\046b.c'],
  [[2, 27, 255], '\\027\\255'],
])('%j', (bytes, text) => {
  expect(nameText(Uint8Array.from(bytes))).toBe(text)
})
