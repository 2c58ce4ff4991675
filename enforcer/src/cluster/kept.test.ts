// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../../runtime/src/index.ts'
import { readKept, writeKept, writeKeptAside } from './kept.ts'

let folder: string
const lines: string[] = []
const log = createLog({ write: (line) => void lines.push(line) })
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'underpin-kept-')), 'keep')
  lines.length = 0
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

test('what was written is read again, by root only', () => {
  const kept = { policies: [{ a: 1 }], pods: [] }
  expect(readKept(folder, 'node-1', log)).toBeNull()
  expect(lines).toEqual([])
  expect(writeKept(folder, 'node-1', kept)).toEqual([])
  expect(readKept(folder, 'node-1', log)).toEqual(kept)
  expect(readdirSync(folder)).toEqual(['last-known.json'])
  expect(statSync(join(folder, 'last-known.json')).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('of another node, another version, or damaged, it is like none, and that is told', () => {
  writeKept(folder, 'node-1', { policies: [] })
  expect(readKept(folder, 'node-2', log)).toBeNull()
  const file = join(folder, 'last-known.json')
  for (const text of [
    '{"version":1,"node":"node-1","kin',
    '',
    '{"version":2,"node":"node-1"}',
    'null',
  ]) {
    writeFileSync(file, text)
    expect(readKept(folder, 'node-1', log), text).toBeNull()
  }
  writeFileSync(file, '{"version":1,"node":"node-1","kinds":{"pods":{}}}')
  expect(readKept(folder, 'node-1', log)).toBeNull()
  expect(lines).toHaveLength(5)
})

test('what is too much leaves out what can be missed first', () => {
  const large = Array.from({ length: 70 }, () => 'x'.repeat(1024 * 1024))
  expect(writeKept(folder, 'node-1', { policies: [1], pods: [2], others: large })).toEqual([
    'others',
  ])
  expect(readKept(folder, 'node-1', log)).toEqual({ policies: [1], pods: [2] })
})

test('what is written aside is the same, unless it is stale when it is written', async () => {
  expect(await writeKeptAside(folder, 'node-1', { policies: [1] }, () => false)).toEqual([])
  expect(readKept(folder, 'node-1', log)).toEqual({ policies: [1] })
  const late = writeKeptAside(folder, 'node-1', { policies: [2] }, () => true)
  writeKept(folder, 'node-1', { policies: [3] })
  await late
  expect(readKept(folder, 'node-1', log)).toEqual({ policies: [3] })
  expect(readdirSync(folder)).toEqual(['last-known.json'])
  expect(statSync(join(folder, 'last-known.json')).mode & 0o777).toBe(0o600)
})
