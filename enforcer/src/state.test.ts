// SPDX-License-Identifier: Apache-2.0
// The agent's state file: absent or damaged, it must not keep report and disarm from working.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isRunning, readState } from './state.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underpin-state-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

it.each([
  ['absent', null],
  ['empty', ''],
  ['cut off', '{"pid": 1, "loa'],
])('%s: no state, no agent', (_, text) => {
  if (text !== null) writeFileSync(join(folder, 'state.json'), text)
  expect(readState(folder)).toBeNull()
  expect(isRunning(readState(folder))).toBe(false)
})

it('a folder that is a file: no state', () => {
  expect(readState(join(folder, 'state.json'))).toBeNull()
})
