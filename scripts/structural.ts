// SPDX-License-Identifier: Apache-2.0
// A schema of policies/ as an API server takes it: references inlined, one type at every node, formats as patterns.
// What it cannot say (a string or a list) is left open; the chart's admission policy says it, and the loader.
import { valueLimits } from './value-patterns.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Schema = { [key: string]: Json }

export function structural(node: Schema, defs: Schema): Schema {
  const { $ref, ...own } = node
  if (typeof $ref === 'string') {
    const target = defs[$ref.replace('#/$defs/', '')]
    if (!isSchema(target ?? null)) throw new Error(`no definition for "${$ref}"`)
    return structural({ ...(target as Schema), ...own }, defs)
  }
  const { const: constant, additionalProperties, properties, items, ...rest } = own
  const out: Schema = { ...rest, ...limitsOf(own) }
  delete out.propertyNames
  if (constant !== undefined) out.enum = [constant]
  if (out.enum !== undefined) out.type = 'string'
  if (own['x-kubernetes-int-or-string'] === true) {
    delete out.anyOf
    Object.assign(out, { minimum: 1, maximum: 65_535 }, asLimits('port'))
  } else if (out.type === undefined) {
    delete out.anyOf
    out['x-kubernetes-preserve-unknown-fields'] = true
  }
  if (isSchema(additionalProperties ?? null))
    out.additionalProperties = structural(additionalProperties as Schema, defs)
  if (isSchema(properties ?? null))
    out.properties = Object.fromEntries(
      Object.entries(properties as Schema).map(([name, value]) => [
        name,
        structural(value as Schema, defs),
      ]),
    )
  if (isSchema(items ?? null)) out.items = structural(items as Schema, defs)
  return withRules(out)
}

function limitsOf({ format, type }: Schema): Schema {
  if (typeof format !== 'string' || type !== 'string') return {}
  if (format === 'date-time') return { format }
  return { format: undefined as unknown as Json, ...asLimits(format) }
}

function asLimits(name: string): Schema {
  const limits = valueLimits[name]
  if (limits === undefined) throw new Error(`no limits for format "${name}"`)
  const { all, ...rest } = limits
  return { ...rest, ...(all && { allOf: all.map((pattern) => ({ pattern })) }) }
}

/** Rules between fields that the loader has in code, where alternatives of a schema can say them. */
function withRules(node: Schema): Schema {
  const fields = (node.properties ?? {}) as Schema
  if ('operator' in fields && 'values' in fields) return { ...node, anyOf: byOperator }
  if ('cidr' in fields && 'except' in fields)
    return { ...node, anyOf: [{ required: ['cidr'] }, { not: { required: ['except'] } }] }
  return node
}

const byOperator: Json = [
  {
    properties: { operator: { enum: ['In', 'NotIn'] }, values: { minItems: 1 } },
    required: ['values'],
  },
  { properties: { operator: { enum: ['Exists', 'DoesNotExist'] }, values: { maxItems: 0 } } },
]

export function isSchema(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
