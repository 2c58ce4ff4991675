// SPDX-License-Identifier: Apache-2.0
// Writes the validators that follow from policies/schema.json as code. Made when a program starts they cost each of its
// processes 13 MiB and a tenth of a second.
import { _, Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import schema from '../policies/schema.json' with { type: 'json' }
import { formatNames } from '../policies/src/formats.ts'
import { isSchema, type Json, type Schema } from './structural.ts'

const head = `// @ts-nocheck
// SPDX-License-Identifier: Apache-2.0
// Generated from policies/schema.json by scripts/generate-shape.ts; do not edit.
import { formats } from './formats.ts'
`

/** maxLength and minLength count characters, not halves of them. */
const lengthOf = '(text) => [...text].length'

/** The generated file, by its path from the project's root: a validator under the name of each kind. */
export function generate(): Map<string, string> {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    ownProperties: true,
    strictTypes: false,
    strictRequired: false,
    code: { source: true, esm: true, lines: true, formats: _`formats` },
  })
  // Who validates imports the readers; here it only matters that they are known.
  for (const name of formatNames) ajv.addFormat(name, { type: 'string', validate: () => true })
  for (const word of [
    'x-kubernetes-int-or-string',
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
  ])
    ajv.addKeyword(word)
  ajv.addSchema(withoutTexts(schema) as Schema)
  const kinds = ['RuntimePolicy', 'ClusterRuntimePolicy', 'CoveragePolicy']
  const validators = Object.fromEntries(kinds.map((kind) => [kind, `${schema.$id}#/$defs/${kind}`]))
  const code = standalone
    .default(ajv, validators)
    .replace(/^"use strict";\n/, '')
    .replaceAll('require("ajv/dist/runtime/ucs2length").default', lengthOf)
  const left = /require\("[^"]*"\)/.exec(code)
  if (left)
    throw new Error(`the validators of policies/schema.json need ${left[0]}, expected nothing`)
  return new Map([['policies/src/shape.gen.ts', head + code]])
}

/** Descriptions are for people; no message shows them. */
function withoutTexts(node: Json): Json {
  if (Array.isArray(node)) return node.map(withoutTexts)
  if (!isSchema(node)) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => key !== 'description' || typeof value !== 'string')
      .map(([key, value]) => [key, withoutTexts(value)]),
  )
}
