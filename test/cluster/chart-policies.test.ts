// SPDX-License-Identifier: Apache-2.0
// The API server refuses what the loader refuses: every policy of the library and the documentation comes in, and of each
// mistake the two say the same.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDocuments } from '../../policies/src/document.ts'
import { formatProblem, load } from '../../policies/src/index.ts'
import { badPolicies, goodPolicies, onlyLoader, type Case } from './chart-specimens.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { chart, helmFor, must } from './helm.ts'

type Policy = { kind: string; metadata: { name: string; namespace?: string }; spec?: unknown }

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
  const helm = helmFor(cluster)
  await must(helm('install', 'underpin', chart, '-n', 'underpin', '--create-namespace'))
  // Admission policies take effect a moment after they are written.
  const late = { ...specimen('late'), spec: { processes: [{ exe: 'relative' }] } }
  for (let attempt = 0; (await created(late)).status !== 422; attempt++) {
    if (attempt === 200) throw new Error('the admission policies of the chart have no effect')
    await sleep(50)
  }
})
afterAll(() => cluster.stop())

const specimen = (name: string): Policy => ({
  kind: 'RuntimePolicy',
  metadata: { name },
})

const plurals: Record<string, string> = {
  RuntimePolicy: 'namespaces/default/runtimepolicies',
  ClusterRuntimePolicy: 'clusterruntimepolicies',
  CoveragePolicy: 'coveragepolicies',
}

/** As kubectl and helm ask: unknown fields are refused. Nothing is kept. */
function created(policy: Policy) {
  const path = `/apis/underpin.dev/v1alpha1/${plurals[policy.kind] ?? ''}`
  const metadata: Partial<Policy['metadata']> = { ...policy.metadata }
  delete metadata.namespace
  const body = { apiVersion: 'underpin.dev/v1alpha1', ...policy, metadata }
  return cluster.ask('POST', `${path}?dryRun=All&fieldValidation=Strict`, body)
}

function loaded(policy: Policy): string[] {
  const body = { apiVersion: 'underpin.dev/v1alpha1', ...policy }
  const { problems } = load([{ file: 'policy.yaml', text: JSON.stringify(body) }])
  return problems.map((problem) => formatProblem(problem))
}

function documentsOf(folder: string): [string, Policy][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) =>
      readDocuments(readFileSync(join(folder, name), 'utf8')).map(
        ({ value }) => [name, value as Policy] as [string, Policy],
      ),
    )
}

const root = join(import.meta.dirname, '../..')

describe('what people are given comes in', () => {
  const files = ['policies/library', 'examples/demo/policies'].flatMap((folder) =>
    documentsOf(join(root, folder)),
  )
  const examples = [
    ...readFileSync(join(root, 'docs/policies.md'), 'utf8').matchAll(
      /```yaml\n(apiVersion: underpin[^]*?)```/g,
    ),
  ].flatMap(([, text = '']) =>
    readDocuments(text).map(
      ({ value }) => ['docs/policies.md', value as Policy] as [string, Policy],
    ),
  )
  test.each([...files, ...examples])('%s', async (_, policy) => {
    const { status, body } = await created(policy)
    expect([status, body['message']]).toEqual([201, undefined])
  })
})

const policyOf = ({ kind = 'RuntimePolicy', spec, name = 'specimen' }: Case): Policy => ({
  kind,
  metadata: { name },
  spec,
})

describe('both take', () => {
  test.each(goodPolicies)('$what', async (one) => {
    const policy = policyOf(one)
    expect(loaded(policy)).toEqual([])
    const { status, body } = await created(policy)
    expect([status, body['message']]).toEqual([201, undefined])
  })
})

describe('both refuse', () => {
  test.each(badPolicies)('$what', async (one) => {
    const policy = policyOf(one)
    expect(loaded(policy)).not.toEqual([])
    const { status, body } = await created(policy)
    expect([status, body['message'] ?? 'it was taken']).toEqual([
      expect.toSatisfy((code: number) => code === 422 || code === 400),
      expect.not.stringContaining('it was taken'),
    ])
  })
})

describe('only the loader refuses, and the status says so', () => {
  test.each(onlyLoader)('$what', async (one) => {
    const policy = policyOf(one)
    expect(loaded(policy)).not.toEqual([])
    expect((await created(policy)).status).toBe(201)
  })
})

test('kubectl explain has a text for every field', async () => {
  const { body } = await cluster.ask('GET', '/openapi/v3/apis/underpin.dev/v1alpha1')
  const { schemas } = body['components'] as { schemas: Record<string, Node> }
  const bare: string[] = []
  for (const kind of ['RuntimePolicy', 'ClusterRuntimePolicy', 'CoveragePolicy']) {
    const schema = schemas[`dev.underpin.v1alpha1.${kind}`]
    const spec = schema?.properties?.['spec']
    if (spec === undefined) throw new Error(`no schema of ${kind}`)
    for (const [path, node] of fieldsOf(spec, `${kind}.spec`))
      if (!node.description) bare.push(path)
  }
  expect(bare).toEqual([])
})

type Node = {
  description?: string
  properties?: Record<string, Node>
  items?: Node
}
function* fieldsOf(node: Node, path: string): Generator<[string, Node]> {
  for (const [name, inner] of Object.entries(node.properties ?? {})) {
    yield [`${path}.${name}`, inner]
    yield* fieldsOf(inner, `${path}.${name}`)
  }
  if (node.items) yield* fieldsOf(node.items, path)
}
