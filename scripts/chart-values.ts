// SPDX-License-Identifier: Apache-2.0
// What follows from the values of the chart: the schema that refuses what is not among them, and the tables of the
// chart's README. A value is described by the comment above it; one without a comment is an error.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { readDocuments, type PlainDocument } from '../policies/src/document.ts'
import { isSchema, type Json, type Schema } from './structural.ts'

const root = join(import.meta.dirname, '..')
const folder = 'charts/underpin'

const text: Schema = { type: 'string' }
const open: Schema = { type: 'object' }
const texts: Schema = { type: 'object', additionalProperties: text }
const list = (items: Schema): Schema => ({ type: 'array', items })
const oneOf = (...words: string[]): Schema => ({ enum: words })
const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 }
const name: Schema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const countOrPercent: Schema = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^([0-9]|[1-9][0-9]|100)%$' },
  ],
}

/** What a default does not tell about a value's type. `*` is any part of the chart. */
const types: Record<string, Schema> = {
  profile: oneOf('audit', 'enforce'),
  logLevel: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
  commonLabels: texts,
  'image.pullPolicy': oneOf('IfNotPresent', 'Always', 'Never'),
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullSecrets': list({
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: { name: text },
  }),
  'policies.mode': oneOf('', 'audit', 'enforce'),
  'policies.excludeNamespaces': list(name),
  'policies.additional': list({
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: oneOf('underpin.dev/v1alpha1'),
      kind: oneOf('RuntimePolicy', 'ClusterRuntimePolicy', 'CoveragePolicy'),
    },
  }),
  'coverage.mode': oneOf('', 'audit', 'warn', 'deny'),
  'coverage.meshes': list(name),
  'coverage.meshNamespaces': list(name),
  'coverage.excludeNamespaces': list(name),
  'webhook.replicas': { type: 'integer', minimum: 1, maximum: 100 },
  'webhook.failurePolicy': oneOf('Ignore', 'Fail'),
  'webhook.timeoutSeconds': { type: 'integer', minimum: 1, maximum: 30 },
  'webhook.onFailure': oneOf('allow', 'deny', 'policy'),
  'webhook.excludeNamespaces': list(name),
  'webhook.trustControllers': list(text),
  'webhook.extraRules': list(open),
  'webhook.annotations': texts,
  'webhook.drainSeconds': { type: 'integer', minimum: 0, maximum: 600 },
  'webhook.certificate.by': oneOf('self', 'cert-manager'),
  'webhook.certificate.issuerRef': {
    type: 'object',
    additionalProperties: false,
    properties: { kind: oneOf('Issuer', 'ClusterIssuer'), name: text, group: text },
  },
  'webhook.podDisruptionBudget.maxUnavailable': countOrPercent,
  'webhook.networkPolicy.apiServerPorts': list(port),
  'webhook.networkPolicy.from': list(open),
  'webhook.port': port,
  'controller.replicas': { type: 'integer', minimum: 1, maximum: 10 },
  'controller.reports': oneOf('openreports', 'policyreport', 'none'),
  'agent.pending': oneOf('allow', 'audit', 'deny'),
  'agent.stateFolder': { type: 'string', pattern: '^/[^/]' },
  'agent.pinsFolder': { type: 'string', pattern: '^/sys/fs/bpf/[^/]' },
  'agent.capabilities': list({ type: 'string', pattern: '^[A-Z_]+$' }),
  'agent.seLinuxOptions': texts,
  'agent.maxUnavailable': countOrPercent,
  'monitoring.podMonitor.interval': { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' },
  '*.metricsPort': port,
  '*.resources': open,
  '*.nodeSelector': texts,
  '*.tolerations': list(open),
  '*.affinity': open,
  '*.topologySpreadConstraints': list(open),
  '*.podAnnotations': texts,
  '*.podLabels': texts,
  '*.*.labels': texts,
}

type Value = { path: string[]; description: string; default: Json; group: boolean }

/** Schema and README, by their paths from the project's root. */
export async function chartValues(): Promise<Map<string, string>> {
  const source = readFileSync(join(root, folder, 'values.yaml'), 'utf8')
  const [document] = readDocuments(source)
  if (document?.value === undefined) throw new Error('values.yaml cannot be read')
  const values = [...valuesOf(document, source.split('\n'), document.value as Schema, [])]
  const readme = readFileSync(join(root, folder, 'README.md.in'), 'utf8')
  return new Map([
    [
      `${folder}/values.schema.json`,
      await format(JSON.stringify(schemaOf(values)), { parser: 'json', printWidth: 100 }),
    ],
    [
      `${folder}/README.md`,
      `<!-- Generated from README.md.in and values.yaml by scripts/chart-values.ts; do not edit. -->\n\n${readme.replace('<!-- VALUES -->\n', tables(values))}`,
    ],
  ])
}

function* valuesOf(
  document: PlainDocument,
  lines: readonly string[],
  node: Schema,
  path: string[],
): Generator<Value> {
  for (const [key, value] of Object.entries(node)) {
    const here = [...path, key]
    const group = isSchema(value) && typeOf(here) === undefined
    const description = commentAbove(lines, document.placeOf(here, 'name').line)
    if (description === '' && !group)
      throw new Error(`values.yaml: ${here.join('.')} has no comment`)
    yield { path: here, description, default: value, group }
    if (group) yield* valuesOf(document, lines, value, here)
  }
}

function typeOf(path: readonly string[]): Schema | undefined {
  const exact = types[path.join('.')]
  if (exact !== undefined) return exact
  const last = path.at(-1) ?? ''
  if (path.length === 2) return types[`*.${last}`]
  return path.length === 3 ? types[`*.*.${last}`] : undefined
}

/** The comment that ends right above a line (counted from 1). */
function commentAbove(lines: readonly string[], line: number): string {
  const words: string[] = []
  for (let at = line - 2; at >= 0; at--) {
    const found = /^\s*# ?(.*)$/.exec(lines[at] ?? '')
    if (!found) break
    words.unshift(found[1] ?? '')
  }
  return words.join(' ').trim()
}

function schemaOf(values: readonly Value[]): Schema {
  const properties: Schema = { global: { description: 'Set by charts that contain this one.' } }
  for (const { path, description, default: value, group } of values) {
    let place = properties
    for (const step of path.slice(0, -1)) place = (place[step] as Schema).properties as Schema
    place[path.at(-1) ?? ''] = group
      ? {
          ...(description && { description }),
          type: 'object',
          additionalProperties: false,
          properties: {},
        }
      : { description, ...(typeOf(path) ?? plainType(path, value)) }
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart underpin',
    type: 'object',
    additionalProperties: false,
    properties,
  }
}

function plainType(path: readonly string[], value: Json): Schema {
  if (typeof value === 'string' || typeof value === 'boolean') return { type: typeof value }
  throw new Error(`values.yaml: nothing tells the type of ${path.join('.')}`)
}

function tables(values: readonly Value[]): string {
  const groups = new Map<string, Value[]>()
  for (const value of values.filter(({ group }) => !group)) {
    const group = value.path.length === 1 ? '' : (value.path[0] ?? '')
    groups.set(group, [...(groups.get(group) ?? []), value])
  }
  return [...groups]
    .map(([group, rows]) => {
      const cells = rows.map((row) => [
        `\`${row.path.join('.')}\``,
        row.description.replaceAll('|', '\\|'),
        `\`${JSON.stringify(row.default).replaceAll('|', '\\|')}\``,
      ])
      return `### ${group === '' ? 'All parts' : group}\n\n${table([['Value', 'What it does', 'Default'], ...cells])}\n`
    })
    .join('\n')
}

/** Columns as wide as their widest cell, as the formatter of this project wants them. */
function table(rows: string[][]): string {
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  const line = (row: string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = [], ...rest] = rows
  return [
    line(head),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...rest.map(line),
  ].join('\n')
}
