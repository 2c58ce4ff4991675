// SPDX-License-Identifier: Apache-2.0
// Writes what follows from policies/schema.json: the TypeScript types and the three custom resource definitions.
// Nothing of the language is typed a second time; `--check` fails when a generated file is not current.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compile } from 'json-schema-to-typescript'

const root = join(import.meta.dirname, '..')

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Schema = { [key: string]: Json }
type Kind = 'RuntimePolicy' | 'ClusterRuntimePolicy' | 'CoveragePolicy'
type Column = { name: string; type: string; jsonPath: string; priority?: number }
type Resource = {
  kind: Kind
  plural: string
  short: string
  namespaced: boolean
  columns: Column[]
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const mode = { name: 'Mode', type: 'string', jsonPath: '.spec.mode' }
const progress: Column[] = [
  { name: 'Nodes', type: 'integer', jsonPath: '.status.nodes.selected' },
  { name: 'Ready', type: 'integer', jsonPath: '.status.nodes.ready' },
  { name: 'Degraded', type: 'integer', jsonPath: '.status.nodes.degraded' },
]

const resources: Resource[] = [
  {
    kind: 'RuntimePolicy',
    plural: 'runtimepolicies',
    short: 'rtp',
    namespaced: true,
    columns: [mode, ...progress, age],
  },
  {
    kind: 'ClusterRuntimePolicy',
    plural: 'clusterruntimepolicies',
    short: 'crtp',
    namespaced: false,
    columns: [{ name: 'Scope', type: 'string', jsonPath: '.spec.scope' }, mode, ...progress, age],
  },
  {
    kind: 'CoveragePolicy',
    plural: 'coveragepolicies',
    short: 'cvp',
    namespaced: false,
    columns: [
      { name: 'Meshes', type: 'string', jsonPath: '.spec.meshes' },
      {
        name: 'Accepted',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
      },
      age,
    ],
  },
]

/** Every generated file, by its path from the project's root. */
export async function generate(): Promise<Map<string, string>> {
  const schema = JSON.parse(readFileSync(join(root, 'policies/schema.json'), 'utf8')) as Schema
  const files = new Map([['policies/src/policy.gen.ts', await typesOf(schema)]])
  for (const resource of resources) {
    const lines = yamlLines(definitionOf(resource, schema.$defs as Schema))
    files.set(
      `charts/underpin/crds/${resource.plural}.gen.yaml`,
      `# Generated from policies/schema.json by scripts/generate-policy.ts; do not edit.\n${lines.join('\n')}\n`,
    )
  }
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
  if (!isObject(node)) return node
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
    value.every((one) => isObject(one) && ('required' in one || onlyRequired(one.anyOf ?? null)))
  )
}

// --- custom resource definitions

function definitionOf(resource: Resource, defs: Schema): Schema {
  const kind = structural({ $ref: `#/$defs/${resource.kind}` }, defs)
  const properties = kind.properties as Schema
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${resource.plural}.underpin.dev`,
      labels: { 'app.kubernetes.io/part-of': 'underpin' },
    },
    spec: {
      group: 'underpin.dev',
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.kind.toLowerCase(),
        shortNames: [resource.short],
        categories: ['underpin'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: resource.columns,
          schema: {
            openAPIV3Schema: {
              ...kind,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: properties.spec ?? null,
                status: properties.status ?? null,
              },
            },
          },
        },
      ],
    },
  }
}

/**
 * A structural schema: references inlined, one type at every node, unknown fields pruned by the API server.
 * What it cannot say (a string or a list) is left open there; the loader checks it and says so in the status.
 */
function structural(node: Schema, defs: Schema): Schema {
  const { $ref, ...own } = node
  if (typeof $ref === 'string') {
    const target = defs[$ref.replace('#/$defs/', '')]
    if (!isObject(target ?? null)) throw new Error(`no definition for "${$ref}"`)
    return structural({ ...(target as Schema), ...own }, defs)
  }
  const { const: constant, additionalProperties, properties, items, ...rest } = own
  const out: Schema = { ...rest }
  delete out.propertyNames
  if (out.format !== 'cidr' && out.format !== 'date') delete out.format // the API server knows these two
  if (constant !== undefined) out.enum = [constant]
  if (out.enum !== undefined) out.type = 'string'
  if (own['x-kubernetes-int-or-string'] === true) delete out.anyOf
  else if (out.type === undefined) {
    delete out.anyOf
    out['x-kubernetes-preserve-unknown-fields'] = true
  }
  if (isObject(additionalProperties ?? null))
    out.additionalProperties = structural(additionalProperties as Schema, defs)
  if (isObject(properties ?? null))
    out.properties = Object.fromEntries(
      Object.entries(properties as Schema).map(([name, value]) => [
        name,
        structural(value as Schema, defs),
      ]),
    )
  if (isObject(items ?? null)) out.items = structural(items as Schema, defs)
  return out
}

// --- YAML, as plain as it gets

function yamlLines(value: Json): string[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((one) => yamlLines(one).map((line, i) => (i === 0 ? '- ' : '  ') + line))
  if (isObject(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, one]) => {
      const lines = yamlLines(one)
      const nested = typeof one === 'object' && one !== null && Object.keys(one).length > 0
      return nested
        ? [`${key}:`, ...lines.map((line) => `  ${line}`)]
        : [`${key}: ${lines[0] ?? ''}`]
    })
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9.-]*$/.test(value) && !isYamlWord(value))
    return [value]
  return [JSON.stringify(value)]
}

const isYamlWord = (text: string) => /^(true|false|null|yes|no|on|off|y|n)$/i.test(text)

function isObject(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
