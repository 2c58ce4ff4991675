// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { enforcedTexts, replaceFile } from './policy-file.ts'
import { planOf } from './specimen.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underpin-file-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file is replaced as a whole, with its permissions, and a link stays a link', () => {
  const real = join(folder, 'real.yaml')
  const file = join(folder, 'a.yaml')
  writeFileSync(real, 'old')
  chmodSync(real, 0o640)
  symlinkSync('real.yaml', file)
  replaceFile({ file, text: 'new' }, 'old')
  expect(readFileSync(real, 'utf8')).toBe('new')
  expect(statSync(real).mode & 0o777).toBe(0o640)
  expect(lstatSync(file).isSymbolicLink()).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['a.yaml', 'real.yaml'])
})

test('a file that changed meanwhile is not overwritten', () => {
  const file = join(folder, 'a.yaml')
  writeFileSync(file, 'newer')
  expect(() => replaceFile({ file, text: 'new' }, 'old')).toThrow('a file that changed meanwhile')
  expect(readFileSync(file, 'utf8')).toBe('newer')
})

test('only files with these policies change', () => {
  const { texts, policies } = planOf({ a: { deny: [] }, b: { deny: [] } })
  const edited = enforcedTexts(
    texts,
    policies.filter(({ key }) => key.endsWith('/a')),
  )
  expect(edited.map(({ file }) => file)).toEqual(['a.yaml'])
  expect(edited[0]?.text).toContain('"spec":{"mode": "enforce", "deny":[]}')
})
