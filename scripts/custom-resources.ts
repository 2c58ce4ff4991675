// SPDX-License-Identifier: Apache-2.0
// The custom resources of the chart, from the schemas in policies/: what the API server refuses, what `kubectl get`
// shows and what `kubectl explain` tells.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { yamlLines } from './plain-yaml.ts'
import { isSchema, structural, type Json, type Schema } from './structural.ts'

const root = join(import.meta.dirname, '..')

type Column = { name: string; type: string; jsonPath: string; priority?: number }
type Resource = {
  kind: string
  plural: string
  short: string
  namespaced: boolean
  columns: Column[]
  schema: Schema
  file: string
  source: string
}

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const mode = { name: 'Mode', type: 'string', jsonPath: '.spec.mode' }
const condition = (name: string, type: string, priority?: number): Column => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].${name === 'Reason' ? 'message' : 'status'}`,
  ...(priority !== undefined && { priority }),
})
const progress: Column[] = [
  { name: 'Nodes', type: 'integer', jsonPath: '.status.nodes.total' },
  { name: 'Ready', type: 'integer', jsonPath: '.status.nodes.ready' },
  { name: 'Failed', type: 'integer', jsonPath: '.status.nodes.failed' },
  { name: 'Denied', type: 'integer', jsonPath: '.status.denied' },
  { name: 'Would-Deny', type: 'integer', jsonPath: '.status.wouldDeny' },
  { name: 'Would-Stop', type: 'string', jsonPath: '.status.wouldStop' },
  { name: 'Degraded', type: 'integer', jsonPath: '.status.nodes.degraded', priority: 1 },
  condition('Reason', 'Ready', 1),
]

/** Every custom resource definition, by its path from the project's root. */
export function customResources(): Map<string, string> {
  const { $defs } = schemaOf('policies/schema.json') as { $defs: Schema }
  return new Map(
    resourcesOf($defs).map((resource) => [
      resource.file,
      `# Generated from ${resource.source} by scripts/custom-resources.ts; do not edit.\n${yamlLines(definitionOf(resource)).join('\n')}\n`,
    ]),
  )
}

function resourcesOf(defs: Schema): Resource[] {
  const policy = (
    kind: string,
    short: string,
    namespaced: boolean,
    columns: Column[],
  ): Resource => {
    const plural = `${kind.toLowerCase().slice(0, -1)}ies`
    const file = `charts/underpin/crds/${plural}.gen.yaml`
    const schema = kindOf(structural({ $ref: `#/$defs/${kind}` }, defs))
    const rules = rulesOf[kind] ?? ((one: Schema) => one)
    return {
      ...{ kind, plural, short, namespaced, columns, file },
      schema: rules(schema),
      source: 'policies/schema.json',
    }
  }
  const scope = { name: 'Scope', type: 'string', jsonPath: '.spec.scope' }
  const meshes = { name: 'Meshes', type: 'string', jsonPath: '.spec.meshes' }
  const source = 'policies/node-state.schema.json'
  return [
    policy('RuntimePolicy', 'rp', true, [mode, ...progress, age]),
    policy('ClusterRuntimePolicy', 'crp', false, [scope, mode, ...progress, age]),
    policy('CoveragePolicy', 'cp', false, [
      meshes,
      { name: 'Pods', type: 'integer', jsonPath: '.status.pods' },
      { name: 'Uncovered', type: 'integer', jsonPath: '.status.uncovered' },
      condition('Accepted', 'Accepted'),
      condition('Reason', 'Accepted', 1),
      age,
    ]),
    {
      kind: 'NodeState',
      plural: 'nodestates',
      short: 'uns',
      namespaced: false,
      columns: [
        { name: 'Agent', type: 'string', jsonPath: '.status.agent.version' },
        { name: 'Kernel', type: 'string', jsonPath: '.status.kernel.release' },
        { name: 'Plan', type: 'integer', jsonPath: '.status.generation' },
        { name: 'In-Force', type: 'integer', jsonPath: '.status.inForce.count' },
        { name: 'Denied', type: 'integer', jsonPath: '.status.counters.denied' },
        { name: 'Would-Deny', type: 'integer', jsonPath: '.status.counters.wouldDeny' },
        { name: 'Seen', type: 'date', jsonPath: '.status.observedAt' },
        { name: 'Problem', type: 'string', jsonPath: '.status.problems[0]', priority: 1 },
        age,
      ],
      // A template and no file of crds/: it is nobody's to keep, so it comes, changes and goes with the release.
      file: 'charts/underpin/templates/agent/nodestates.gen.yaml',
      schema: structural(schemaOf(source), {}),
      source,
    },
  ]
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}

function schemaOf(path: string): Schema {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Schema
}

/** The API server has names and places checked itself. */
function kindOf(schema: Schema): Schema {
  const { spec, status } = schema.properties as Schema
  return {
    ...schema,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: spec ?? null,
      status: status ?? null,
    },
  }
}

// --- what the loader says between fields

const only = (scope: string, ...foreign: string[]): Schema => ({
  rule: `self.scope != '${scope}' || !has(self.select) || !(${foreign.map((one) => `has(self.select.${one})`).join(' || ')})`,
  message: `scope ${scope} has no ${foreign.join(', ')}: remove them, or change the scope`,
  fieldPath: '.select',
})

const rulesOf: Record<string, (schema: Schema) => Schema> = {
  ClusterRuntimePolicy: (schema) =>
    at(everywhere(schema, 'services', requireNamespace), ['spec'], (spec) => ({
      ...spec,
      'x-kubernetes-validations': [
        only('pod', 'names', 'images', 'units', 'cgroups'),
        only('unmanaged', 'namespaces', 'pods', 'containers', 'expression', 'units'),
        only('host', 'namespaces', 'pods', 'containers', 'expression', 'names', 'images'),
        {
          rule: "self.scope != 'host' || (has(self.select) && (has(self.select.units) || has(self.select.cgroups)))",
          message: 'scope host needs units or cgroups; write cgroups: ["/**"] for all of them',
        },
        {
          rule: "self.scope != 'host' || self.mode != 'enforce'",
          message: 'mode enforce with scope host is not carried out yet; write mode: audit',
          fieldPath: '.mode',
        },
      ],
    })),
  // Names once in a list: as everywhere in Kubernetes, a list that is a map by name.
  CoveragePolicy: (schema) =>
    ['namespaces', 'checks'].reduce((done, list) => at(done, ['spec', list], byName), schema),
}

const byName = (list: Schema): Schema => ({
  ...list,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
})

/** A policy of the whole cluster has no namespace of its own in which to look for a Service. */
const requireNamespace = (services: Schema): Schema => ({
  ...services,
  required: ['name', 'namespace'],
})

function at(schema: Schema, path: string[], change: (node: Schema) => Schema): Schema {
  const [name, ...rest] = path
  if (name === undefined) return change(schema)
  const properties = schema.properties as Schema
  return {
    ...schema,
    properties: { ...properties, [name]: at(properties[name] as Schema, rest, change) },
  }
}

function everywhere(node: Schema, name: string, change: (node: Schema) => Schema): Schema {
  const inner = (value: Json | undefined): Json | undefined =>
    isSchema(value ?? null) ? everywhere(value as Schema, name, change) : value
  const out: Schema = { ...node }
  for (const key of ['items', 'additionalProperties']) {
    const value = inner(node[key])
    if (value !== undefined) out[key] = value
  }
  if (isSchema(node.properties ?? null))
    out.properties = Object.fromEntries(
      Object.entries(node.properties as Schema).map(([field, value]) => {
        const done = everywhere(value as Schema, name, change)
        return [field, field === name ? change(done) : done]
      }),
    )
  return out
}

function definitionOf({ kind, plural, short, namespaced, columns, schema }: Resource): Schema {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.underpin.dev`,
      labels: { 'app.kubernetes.io/part-of': 'underpin' },
      // By this an upgrade knows what not to replace.
      annotations: { 'underpin.dev/version': version },
    },
    spec: {
      group: 'underpin.dev',
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [short],
        categories: ['underpin'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  }
}
