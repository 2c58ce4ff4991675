// SPDX-License-Identifier: Apache-2.0
// Writes what follows from policies/schema.json: the TypeScript types and the custom resource definitions.
// Nothing of the language is typed a second time; `--check` fails when a generated file is not current.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compile } from 'json-schema-to-typescript'
import { customResources } from './custom-resources.ts'
import { reportResources } from './report-resources.ts'
import { policyAdmission } from './policy-admission.ts'
import { isSchema, type Json, type Schema } from './structural.ts'

const root = join(import.meta.dirname, '..')

/** Every generated file, by its path from the project's root. */
export async function generate(): Promise<Map<string, string>> {
  const schema = JSON.parse(readFileSync(join(root, 'policies/schema.json'), 'utf8')) as Schema
  const files = new Map([['policies/src/policy.gen.ts', await typesOf(schema)]])
  for (const [path, text] of [...customResources(), ...policyAdmission(), ...reportResources()])
    files.set(path, text)
  return files
}

// --- types

function typesOf(schema: Schema): Promise<string> {
  return compile(forTypes(schema) as Parameters<typeof compile>[0], 'Policy', {
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    bannerComment:
      '// SPDX-License-Identifier: Apache-2.0\n// Generated from policies/schema.json by scripts/generate-policy.ts; do not edit.',
    style: { semi: false, singleQuote: true, printWidth: 100 },
  })
}

/** What the type generator would misread: a described reference loses its name, `required` alternatives make unions. */
function forTypes(node: Json): Json {
  if (Array.isArray(node)) return node.map(forTypes)
  if (!isSchema(node)) return node
  const { $ref, ...rest } = node
  if ($ref !== undefined && Object.keys(rest).length > 0) return { ...rest, allOf: [{ $ref }] }
  const entries = Object.entries(node).filter(
    ([key, value]) => !((key === 'oneOf' || key === 'anyOf') && onlyRequired(value)),
  )
  return Object.fromEntries(entries.map(([key, value]) => [key, forTypes(value)]))
}

function onlyRequired(value: Json): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => isSchema(one) && ('required' in one || onlyRequired(one.anyOf ?? null)))
  )
}

/** Writes the files, or with `--check` only compares them; gives the paths that were not current. */
async function main(check: boolean): Promise<string[]> {
  const stale: string[] = []
  for (const [path, content] of await generate()) {
    const file = join(root, path)
    if (current(file) === content) continue
    stale.push(path)
    if (check) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return stale
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // not there yet: not current
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const check = process.argv.includes('--check')
  const stale = await main(check)
  for (const path of stale) console.log(check ? `not current: ${path}` : `wrote ${path}`)
  if (check && stale.length > 0) {
    console.log('(run "npm run generate" and commit the result)')
    process.exitCode = 1
  }
}
