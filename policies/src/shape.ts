// SPDX-License-Identifier: Apache-2.0
// Does a document have the shape that schema.json describes? Every deviation at once, each in words for its author.
import schema from '../schema.json' with { type: 'json' }
import { complain, shown, type Complaint } from './complaint.ts'
import { formatComplaint } from './formats.ts'
import { nearest } from './nearest.ts'
import type { Policy } from './policy.gen.ts'
import type { Mistake, Path } from './problem.ts'
import { ClusterRuntimePolicy, CoveragePolicy, RuntimePolicy } from './shape.gen.ts'

export const kinds = ['RuntimePolicy', 'ClusterRuntimePolicy', 'CoveragePolicy'] as const
export const apiVersion = schema.$defs.ApiVersion.const

/** What a generated validator says of one deviation. */
type Deviation = {
  keyword: string
  /** JSON pointers: into the document, into the schema. */
  instancePath: string
  schemaPath: string
  params: Record<string, unknown>
  propertyName?: string
  schema?: unknown
  parentSchema?: unknown
  data?: unknown
}
type Validator = { (value: unknown): boolean; errors?: Deviation[] | null }

const validators: Record<Policy['kind'], Validator> = {
  RuntimePolicy,
  ClusterRuntimePolicy,
  CoveragePolicy,
}

export function hasShape(kind: Policy['kind'], value: unknown): value is Policy {
  return validators[kind](value)
}

export function shapeMistakes(kind: Policy['kind'], value: unknown): Mistake[] {
  const validate = validators[kind]
  if (validate(value)) return []
  return relevant(validate.errors ?? []).map((error) => mistakeOf(error, value))
}

// --- which of the validator's errors are worth telling

/** Alternatives report every branch that failed; of those, only what the author has to change is kept. */
function relevant(errors: readonly Deviation[]): Deviation[] {
  const dropped = new Set(errors.filter(({ keyword }) => keyword === 'propertyNames'))
  for (const choice of errors) {
    if (choice.keyword !== 'anyOf' && choice.keyword !== 'oneOf') continue
    const branches = errors.filter(
      (error) =>
        error.instancePath === choice.instancePath &&
        error.schemaPath.startsWith(`${choice.schemaPath}/`),
    )
    const precise = branches.filter(
      ({ keyword }) => keyword !== 'type' && keyword !== 'required' && keyword !== 'anyOf',
    )
    const byType = branches.some(({ keyword }) => keyword === 'type')
    const deeper = errors.some((error) => error.instancePath.startsWith(`${choice.instancePath}/`))
    for (const branch of branches) if (!precise.includes(branch)) dropped.add(branch)
    const misspelt = errors.some(
      ({ keyword, instancePath }) =>
        keyword === 'additionalProperties' && instancePath === choice.instancePath,
    )
    if (precise.length > 0 || misspelt || (byType && deeper)) dropped.add(choice)
  }
  return errors.filter((error) => !dropped.has(error))
}

// --- in words

function mistakeOf(error: Deviation, root: unknown): Mistake {
  const path = pathOf(error.instancePath, root)
  const { params } = error
  if (error.keyword === 'additionalProperties') {
    const name = String(params.additionalProperty)
    return { path: [...path, name], at: 'name', complaint: unknownField(name, namesIn(error)) }
  }
  if (error.propertyName !== undefined)
    return {
      path: [...path, error.propertyName],
      at: 'name',
      complaint: complaintOf(error, params),
    }
  return { path, complaint: complaintOf(error, params) }
}

function complaintOf(error: Deviation, params: Record<string, unknown>): Complaint {
  const data: unknown = error.data
  switch (error.keyword) {
    case 'required': {
      const name = String(params.missingProperty)
      return complain(`no field ${shown(name)}`, 'it to be there', `add ${name}`)
    }
    case 'enum':
    case 'const': {
      const allowed = (params.allowedValues ?? [params.allowedValue]) as string[]
      const meant = typeof data === 'string' ? nearest(data, allowed) : undefined
      const expected =
        allowed.length > 12 ? 'one of the values in the documentation' : oneOf(allowed)
      const only = allowed.length === 1 ? allowed[0] : undefined
      return complain(
        shown(data),
        expected,
        (meant ?? only) ? `write ${meant ?? only ?? ''}` : 'choose one of them',
      )
    }
    case 'type':
      return wrongType(data, String(params.type))
    case 'anyOf':
    case 'oneOf':
      return wrongChoice(error, data)
    case 'format': {
      const found = formatComplaint(String(params.format), data as string)
      return found ?? complain(shown(data), String(params.format), 'correct it')
    }
    case 'minItems':
      return complain('an empty list', 'at least one entry', 'leave the field out, or add an entry')
    case 'minLength':
      return complain('empty text', 'some text', 'write it')
    case 'minProperties':
      return complain('no field', `one of ${namesIn(error).join(', ')}`, 'add one')
    case 'minimum':
    case 'maximum':
      return complain(shown(data), 'a number from 1 to 65535', 'correct it')
    default: // maxItems, maxLength
      return complain(
        shown(data),
        `at most ${String(params.limit)}`,
        'shorten it or split the policy',
      )
  }
}

/** What people write who know the same thing from elsewhere. */
const familiar: Record<string, string> = {
  podSelector: 'pods',
  namespaceSelector: 'namespaces',
  labelSelector: 'pods',
  selector: 'select',
  ipBlock: 'cidr',
  fqdn: 'dns',
  host: 'dns',
  path: 'exe',
  executable: 'exe',
  action: 'mode',
}

function unknownField(name: string, known: readonly string[]): Complaint {
  const translated = Object.hasOwn(familiar, name) ? (familiar[name] ?? '') : ''
  const meant = nearest(name, known) ?? (known.includes(translated) ? translated : undefined)
  const hint = meant ? `did you mean ${shown(meant)}?` : 'remove it'
  return complain(`unknown field ${shown(name)}`, `one of ${known.join(', ')}`, hint)
}

const words: Record<string, string> = {
  object: 'fields',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'nothing',
}

function wrongType(data: unknown, expected: string): Complaint {
  const scalar = typeof data === 'number' || typeof data === 'boolean'
  const found =
    data === null
      ? 'nothing'
      : Array.isArray(data)
        ? 'a list'
        : typeof data === 'object'
          ? 'fields'
          : shown(data)
  const hint =
    expected === 'string' && scalar
      ? `put it in quotes: ${JSON.stringify(String(data))}`
      : expected === 'array'
        ? 'write [ … ] around it, or "- " in front of each entry'
        : 'see the documentation of this field'
  return complain(
    found,
    expected
      .split(',')
      .map((one) => words[one] ?? one)
      .join(' or '),
    hint,
  )
}

/** Fields of which one is needed, or a value that may have one of several types. */
function wrongChoice(error: Deviation, data: unknown): Complaint {
  const branches = error.schema as {
    type?: string
    required?: string[]
    anyOf?: { required: string[] }[]
  }[]
  const types = branches.flatMap(({ type }) => (type ? [words[type] ?? type] : []))
  if (types.length > 0) {
    const { found } = wrongType(data, '')
    return complain(found, types.join(' or '), 'see the documentation of this field')
  }
  const choices = branches.map(({ required, anyOf }) =>
    (required ?? anyOf?.flatMap((one) => one.required) ?? []).join(' and/or '),
  )
  const present = Object.keys(data as object)
  const found = present.length > 0 ? present.join(', ') : 'no field'
  return error.keyword === 'oneOf'
    ? complain(
        found,
        `exactly one of: ${choices.join('; ')}`,
        present.length > 1 ? 'make one entry of each' : 'add one',
      )
    : complain(found, `at least one of ${choices.join(', ')}`, 'add one')
}

function namesIn(error: Deviation): string[] {
  const parent = error.parentSchema as { properties?: object } | undefined
  return Object.keys(parent?.properties ?? {}).filter((name) => name !== 'status')
}

const oneOf = (allowed: readonly string[]) =>
  allowed.length === 1 ? (allowed[0] ?? '') : `one of ${allowed.join(', ')}`

/** A JSON pointer → steps; digits are an index only where there is a list. */
function pathOf(pointer: string, root: unknown): Path {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map((text) => {
      const name = text.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(name) : name
      value = (value as Record<string, unknown> | undefined)?.[name]
      return step
    })
}
