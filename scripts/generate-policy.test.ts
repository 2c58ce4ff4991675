// SPDX-License-Identifier: Apache-2.0
// What is generated from policies/schema.json is current, and fit for an API server.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../policies/src/document.ts'
import { generate } from './generate-policy.ts'

const root = join(import.meta.dirname, '..')
const files = [...(await generate())]
type Node = { [key: string]: unknown }

/** Every schema below and including this one; what stands under anyOf and the like is a condition, not a schema. */
function* schemas(node: Node, path: string): Generator<[string, Node]> {
  yield [path, node]
  for (const [name, inner] of Object.entries((node.properties ?? {}) as Node))
    yield* schemas(inner as Node, `${path}.${name}`)
  for (const key of ['items', 'additionalProperties'])
    if (node[key] !== undefined) yield* schemas(node[key] as Node, `${path}.${key}`)
}

describe.each(files)('%s', (path, content) => {
  it('is current', () => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(content)
  })
})

const definitions = files.filter(([, content]) =>
  content.includes('kind: CustomResourceDefinition'),
)
describe.each(definitions)('%s', (path, content) => {
  const definition = readDocuments(content)[0]?.value as {
    metadata: Node
    spec: { group: string; names: Node; versions: { schema: { openAPIV3Schema: Node } }[] }
  }
  const top = definition.spec.versions[0]?.schema.openAPIV3Schema ?? {}

  it('is named as the API server wants it', () => {
    expect(definition.metadata.name).toBe(
      `${String(definition.spec.names.plural)}.${definition.spec.group}`,
    )
    expect(path).toContain(String(definition.spec.names.plural))
  })
  it('is a structural schema', () => {
    const forbidden = [
      '$ref',
      'const',
      'propertyNames',
      'patternProperties',
      'definitions',
      '$defs',
      'uniqueItems',
    ]
    for (const [where, node] of schemas(top, 'schema')) {
      const open =
        node['x-kubernetes-preserve-unknown-fields'] === true ||
        node['x-kubernetes-int-or-string'] === true
      expect(typeof node.type === 'string' || open, `${where} has one type`).toBe(true)
      expect(
        Object.keys(node).filter((key) => forbidden.includes(key)),
        where,
      ).toEqual([])
      expect(node.additionalProperties, where).not.toBe(false)
      if (node.additionalProperties) expect(node.properties, where).toBeUndefined()
    }
    expect(content).not.toContain('additionalProperties: false')
  })
})
