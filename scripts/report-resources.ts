// SPDX-License-Identifier: Apache-2.0
// The custom resources that reports are written as. Not ours: their fields, names and columns are those of
// openreports/reports-api v0.2 (openreports.io/v1alpha1) and of the Policy Working Group's wg-policy-prototypes
// (wgpolicyk8s.io/v1alpha2), the descriptions our own. Whoever has them already keeps theirs: Helm leaves them alone.
import { yamlLines } from './plain-yaml.ts'
import type { Schema } from './structural.ts'

const text = (description: string): Schema => ({ type: 'string', description })
const count = (description: string): Schema => ({ type: 'integer', description })
const object = (description: string, properties: Schema, more: Schema = {}): Schema => ({
  ...{ type: 'object', description, properties },
  ...more,
})
const strings: Schema = { type: 'array', items: { type: 'string' } }
const atomicStrings: Schema = { ...strings, 'x-kubernetes-list-type': 'atomic' }
const words = ['pass', 'fail', 'warn', 'error', 'skip']

const reference = (description: string): Schema =>
  object(
    description,
    {
      apiVersion: text('API version of the object.'),
      fieldPath: text('A part of the object, where the whole is not meant.'),
      kind: text('Kind of the object.'),
      name: text('Name of the object.'),
      namespace: text('Namespace of the object.'),
      resourceVersion: text('Version of the object that is meant.'),
      uid: text('Identity of the object.'),
    },
    { 'x-kubernetes-map-type': 'atomic' },
  )

const selector = (description: string): Schema =>
  object(
    description,
    {
      matchExpressions: {
        type: 'array',
        'x-kubernetes-list-type': 'atomic',
        items: object(
          'One requirement.',
          {
            key: text('Key of a label.'),
            operator: text('In, NotIn, Exists or DoesNotExist.'),
            values: atomicStrings,
          },
          { required: ['key', 'operator'] },
        ),
      },
      matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
    },
    { 'x-kubernetes-map-type': 'atomic' },
  )

const result: Schema = object(
  'What one rule of one policy says.',
  {
    category: text('What the policy is about.'),
    message: text('The result in a sentence.'),
    policy: text('Name of the policy.'),
    properties: {
      ...{ type: 'object', additionalProperties: { type: 'string' } },
      description: 'Further facts.',
    },
    resourceSelector: selector('Objects that were looked at, by their labels.'),
    resources: {
      ...{ type: 'array', items: reference('An object that was looked at.') },
      description: 'Objects that were looked at, where the scope of the report does not say it.',
    },
    result: { type: 'string', enum: words, description: 'How the rule came out.' },
    rule: text('Name of the rule.'),
    scored: { type: 'boolean', description: 'Whether it counts in a score.' },
    severity: {
      ...{ type: 'string', enum: ['critical', 'high', 'low', 'medium', 'info'] },
      description: 'How much it matters.',
    },
    source: text('Who found it.'),
    timestamp: object(
      'When it was found.',
      {
        nanos: { type: 'integer', format: 'int32', description: 'And parts of a second.' },
        seconds: { type: 'integer', format: 'int64', description: 'Seconds since 1970, UTC.' },
      },
      { required: ['nanos', 'seconds'] },
    ),
  },
  { required: ['policy'] },
)

const schemaOf = (kind: string, isOpen: boolean): Schema =>
  object(`${kind}: what policies say of one object.`, {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    ...(isOpen
      ? {
          configuration: object(
            'What writer and reader agreed on.',
            {
              limits: object('Bounds of the report.', {
                maxResults: count('Results that it has at most.'),
                statusFilter: {
                  type: 'array',
                  items: { type: 'string', enum: words },
                  description: 'Kinds of results that it has.',
                },
              }),
            },
            { required: ['limits'] },
          ),
          source: text('Who wrote the report.'),
        }
      : {}),
    results: { type: 'array', items: result, description: 'Each result.' },
    scope: reference('The object that the report is about.'),
    scopeSelector: selector('The objects that the report is about, by their labels.'),
    summary: object('How many results there are of each kind.', {
      error: count('Policies that could not be asked.'),
      fail: count('Policies that are not met.'),
      pass: count('Policies that are met.'),
      skip: count('Policies that do not apply.'),
      warn: count('Policies that are not met and do not count in a score.'),
    }),
  })

const column = (name: string, type: string, jsonPath: string, priority?: number): Schema => ({
  ...{ name, type, jsonPath },
  ...(priority === undefined ? {} : { priority }),
})

/** As the API server understands a path of a column. */
const annotation = (key: string): string => `.metadata.annotations.${key.replaceAll('.', '\\.')}`

type Kind = { group: string; version: string; kind: string; short: string; namespaced: boolean }

export function definitionOf({ group, version, kind, short, namespaced }: Kind): Schema {
  const plural = `${kind.toLowerCase()}s`
  const sums = ['Pass', 'Fail', 'Warn', 'Error', 'Skip']
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [short],
      },
      versions: [
        {
          ...{ name: version, served: true, storage: true },
          // As upstream, and in front what says of whom a report is and what is the case.
          additionalPrinterColumns: [
            column('Kind', 'string', '.scope.kind'),
            column('Workload', 'string', '.scope.name'),
            ...['State', 'Why', 'Kernel'].map((name) =>
              column(name, 'string', annotation(`reports.underpin.dev/${name.toLowerCase()}`)),
            ),
            ...sums.map((name) => column(name, 'integer', `.summary.${name.toLowerCase()}`, 1)),
            column('Age', 'date', '.metadata.creationTimestamp'),
          ],
          schema: { openAPIV3Schema: schemaOf(kind, group === 'openreports.io') },
        },
      ],
    },
  }
}

const open = { group: 'openreports.io', version: 'v1alpha1' }
const old = { group: 'wgpolicyk8s.io', version: 'v1alpha2' }

export const reportKinds: readonly Kind[] = [
  { ...open, kind: 'Report', short: 'reps', namespaced: true },
  { ...open, kind: 'ClusterReport', short: 'creps', namespaced: false },
]

/** Of clusters that still have them: for tests, not shipped. */
export const formerKinds: readonly Kind[] = [
  { ...old, kind: 'PolicyReport', short: 'polr', namespaced: true },
  { ...old, kind: 'ClusterPolicyReport', short: 'cpolr', namespaced: false },
]

/** By their paths from the project's root. */
export function reportResources(): Map<string, string> {
  return new Map(
    reportKinds.map((kind) => [
      `charts/underpin/crds/openreports.io-${kind.kind.toLowerCase()}s.gen.yaml`,
      `# Generated by scripts/report-resources.ts; do not edit.\n${yamlLines(definitionOf(kind)).join('\n')}\n`,
    ]),
  )
}
