// SPDX-License-Identifier: Apache-2.0
// The catalogue is complete and says of every finding what there is to say.
import { expect, test } from 'vitest'
import { catalogue, layers, severities, type FindingId } from './catalogue.ts'

test('116 known ways around a sidecar, by layer, besides our own findings', () => {
  const sizes = Object.values(layers).map((layer) => Object.keys(layer).length)
  expect(sizes.slice(0, 4)).toEqual([43, 46, 14, 13])
  const known = Object.values(catalogue).filter((one) => one.own !== true)
  expect(known).toHaveLength(116)
  // No id in two layers: one would hide the other.
  expect(Object.keys(catalogue)).toHaveLength(sizes.reduce((sum, one) => sum + one, 0))
})

test.each(Object.keys(catalogue) as FindingId[])('%s says what there is to say', (id) => {
  const { title, remedy, severity } = catalogue[id]
  expect(title).toMatch(/^[A-Za-z][^\n]{15,160}\.$/)
  expect(remedy).toMatch(/^[^\n]{10,}[^.\n]$/)
  expect(severities).toContain(severity)
})
