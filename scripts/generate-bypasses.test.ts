// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { layers } from '../webhook/src/catalogue.ts'
import { generate, producerAt, producersOf } from './generate-bypasses.ts'

test('a file belongs to its mesh, or is a check of every mesh', () => {
  expect(producerAt('meshes/istio-cni.ts')).toBe('istio')
  expect(producerAt('meshes/istio-ambient-rules.ts')).toBe('istio-ambient')
  expect(producerAt('meshes/dapr.ts')).toBe('dapr')
  expect(producerAt('checks/privileges.ts')).toBe('privileges (check)')
})

test('who names an id produces it', () => {
  const text = "return { id: 'host-network', path, message }"
  const sources = [
    { file: 'checks/placement.ts', text },
    { file: 'meshes/kuma-rules.ts', text: "const a = 'host-networks'" },
  ]
  expect(producersOf(sources)).toEqual(new Map([['host-network', new Set(['placement (check)'])]]))
})

test('every finding has one row with all its cells', () => {
  const [[, text = ''] = []] = generate()
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  const ids = Object.values(layers).flatMap((entries) => Object.keys(entries))
  expect(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1])).toEqual(ids)
  for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(10)
})
