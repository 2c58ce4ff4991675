// SPDX-License-Identifier: Apache-2.0
// Every finding that can be seen at admission or in a scan is made by some code and expected by some test's
// fixture, told by its id in quotes; those that are not yet are named here, and the table must shrink.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { catalogue, type FindingId } from './catalogue.ts'

const here = new URL('.', import.meta.url)
const sources = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .filter((name) => !name.startsWith('catalogue') && !name.startsWith('produced'))
// The laws that every mesh's tests run are fixtures as well.
const isTest = (name: string) => name.endsWith('.test.ts') || name === 'meshes/cases.ts'
const idsIn = (names: readonly string[]) => {
  const words = names.map((name) => readFileSync(new URL(name, here), 'utf8')).join('\n')
  return new Set([...words.matchAll(/['"`]([a-z][a-z0-9-]+)(?=['" ])/g)].map(([, id]) => id))
}
const made = idsIn(sources.filter((name) => !isTest(name)))
const expected = idsIn(sources.filter(isTest))
const visible = (Object.keys(catalogue) as FindingId[]).filter(
  (id) => catalogue[id].visible !== 'node',
)

/** Made by nothing yet. */
const notMade: FindingId[] = []

/** Made, and expected by no test. */
const notExpected: FindingId[] = []

test('findings that nothing makes yet', () => {
  expect(visible.filter((id) => !made.has(id))).toEqual(notMade)
})

test('findings that no fixture makes fire yet', () => {
  expect(visible.filter((id) => made.has(id) && !expected.has(id))).toEqual(notExpected)
})
