// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { catalogue, layers, type FindingId } from '../webhook/src/catalogue.ts'
import { meshes } from '../webhook/src/meshes/index.ts'
import { generate, producerAt, producersOf, readSources } from './generate-bypasses.ts'

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
  for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(11)
})

test('a finding names every mesh whose profile produces it', () => {
  const names = meshes.map(({ name }) => name)
  for (const [id, producers] of producersOf(readSources())) {
    const concerned = catalogue[id as FindingId].meshes
    if (concerned === 'all') continue
    const own = [...producers].filter((one) => names.includes(one))
    expect(concerned, id).toEqual(expect.arrayContaining(own))
  }
})

test('how each is seen, one of a kind', () => {
  const [[, text = ''] = []] = generate()
  const cells = (id: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`| \`${id}\` `))
      ?.split(' | ')
      .map((cell) => cell.trim())
      .slice(4, 6)
  expect(cells('host-network')).toEqual(['CREATE workloads, pods', 'manifests, pods that run'])
  expect(cells('kubelet-exec')).toEqual(['CONNECT nodes/proxy', 'ClusterRole'])
  expect(cells('ns-label-drift')).toEqual(['UPDATE namespaces', 'pods that run'])
  expect(cells('own-webhook-gap')).toEqual(['—', 'ValidatingWebhookConfiguration'])
  expect(cells('bare-container')).toEqual(['the node enforcer', 'the node enforcer'])
})
