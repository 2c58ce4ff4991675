// SPDX-License-Identifier: Apache-2.0
// What holds for every manifest: what does not matter changes nothing, how it is written changes nothing, and
// nothing at all makes it fall over. UNDERPIN_FUZZ_RUNS asks for more of them.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  damagedObject,
  namespaceArbitrary,
  spokenKeys,
  templateArbitrary,
} from './arbitrary-manifest.ts'
import { explain } from './explain.ts'
import { meshes } from './meshes/index.ts'
import { scan, type ScanOptions } from './scan.ts'
import type { ScanResult } from './scan-result.ts'
import type { Manifest } from './specimens.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const all: ScanOptions = { today: '2026-11-21', meshes: meshes.map(({ name }) => name) }
const runs = Number(process.env.UNDERPIN_FUZZ_RUNS ?? 150)

const written = (...objects: unknown[]) => objects.map((one) => JSON.stringify(one)).join('\n---\n')
const judged = (text: string) => {
  const result = scan([{ file: 'm', text }], all)
  expect(result.unread.filter(({ message }) => message.includes('defect'))).toEqual([])
  return result
}

/** What must stay the same, without places. */
const essence = ({ subjects, findings, unread }: ScanResult, withPaths = true) => ({
  subjects: subjects.map(({ mesh, verdict, reason, assumed }) => [mesh, verdict, reason, assumed]),
  findings: findings.map(({ id, mesh, path, severity }) => [
    id,
    mesh,
    withPaths ? path : '',
    severity,
  ]),
  unread: unread.length,
})

/**
 * Jaeger changes Deployments only, Dapr asks who makes the pod and whether it has a name by then, and only a bare
 * pod can be one of kubectl debug.
 */
const ofAnyKind = ({ subjects, findings, ...rest }: ScanResult): ScanResult => ({
  ...rest,
  subjects: subjects.filter(({ mesh }) => mesh !== 'dapr' && mesh !== 'jaeger'),
  findings: findings.filter(
    ({ id, mesh }) => mesh !== 'dapr' && mesh !== 'jaeger' && !id.startsWith('debug-'),
  ),
})

const deployment = (template: unknown): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: { template },
})

type Template = { metadata: { labels: object; annotations: object }; spec: object }

const pod = ({ metadata, spec }: Template): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'cart', namespace: 'shop', ...metadata },
  spec,
})

const unrelated = fc.dictionary(
  fc.stringMatching(/^unrelated\.example\.com\/[a-z]{1,8}$/),
  fc.stringMatching(/^[a-z0-9]{0,8}$/),
  { minKeys: 1, maxKeys: 3 },
)

function shuffled(value: unknown, order: (a: string, b: string) => number): unknown {
  if (Array.isArray(value)) return value.map((one) => shuffled(one, order))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => order(a, b))
  return Object.fromEntries(entries.map(([key, below]) => [key, shuffled(below, order)]))
}

/** Block YAML by hand: names and texts quoted as JSON has them, or as plain words where that is the same. */
function yaml(value: unknown, margin = ''): string {
  const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0
  if (isEmpty) return JSON.stringify(value)
  if (Array.isArray(value))
    return value.map((one) => `\n${margin}- ${yaml(one, `${margin}  `).trimStart()}`).join('')
  return Object.entries(value)
    .map(([key, below]) => `\n${margin}${JSON.stringify(key)}: ${yaml(below, `${margin}  `)}`)
    .join('')
}

describe('nothing changes', () => {
  it('with an unrelated label or annotation anywhere', () => {
    fc.assert(
      fc.property(
        templateArbitrary,
        namespaceArbitrary,
        unrelated,
        fc.nat(4),
        (template, namespace, more, where) => {
          const before = judged(written(namespace, deployment(template)))
          const { metadata } = template
          const labels = { ...metadata.labels, ...more }
          const annotations = { ...metadata.annotations, ...more }
          const own = namespace.metadata as { labels: object }
          const after = [
            written(namespace, deployment({ ...template, metadata: { ...metadata, labels } })),
            written(namespace, deployment({ ...template, metadata: { ...metadata, annotations } })),
            written(
              { ...namespace, metadata: { ...own, labels: { ...own.labels, ...more } } },
              deployment(template),
            ),
            written(namespace, {
              ...deployment(template),
              metadata: { name: 'cart', namespace: 'shop', labels: more },
            }),
            written(namespace, { ...deployment(template), unrelated: more, status: more }),
          ][where]
          expect(essence(judged(after ?? ''))).toEqual(essence(before))
        },
      ),
      { numRuns: runs },
    )
  })

  it('with the order of fields', () => {
    fc.assert(
      fc.property(
        templateArbitrary,
        namespaceArbitrary,
        fc.boolean(),
        (template, namespace, down) => {
          const order = (a: string, b: string) => (a < b === down ? 1 : -1)
          const before = judged(written(namespace, deployment(template)))
          const objects = [namespace, deployment(template)].map((one) => shuffled(one, order))
          const sorted = (one: unknown) => (one as string[][]).map((row) => row.join(' ')).sort()
          const after = essence(judged(written(...objects)))
          const wanted = essence(before)
          expect(after.subjects).toEqual(wanted.subjects)
          expect(sorted(after.findings)).toEqual(sorted(wanted.findings))
        },
      ),
      { numRuns: runs },
    )
  })

  it('between YAML and JSON', () => {
    fc.assert(
      fc.property(templateArbitrary, namespaceArbitrary, (template, namespace) => {
        const objects = [namespace, deployment(template)]
        const text = objects.map((one) => yaml(one)).join('\n---')
        expect(essence(judged(text))).toEqual(essence(judged(written(...objects))))
      }),
      { numRuns: runs },
    )
  })

  it('between a workload and a pod with the same template, or any kind of workload', () => {
    fc.assert(
      fc.property(templateArbitrary, namespaceArbitrary, (template, namespace) => {
        const told = (...objects: unknown[]) =>
          essence(ofAnyKind(judged(written(...objects))), false)
        const wanted = told(namespace, deployment(template))
        expect(told(namespace, pod(template))).toEqual(wanted)
        const others = { ...deployment(template), kind: 'StatefulSet' }
        expect(told(namespace, others)).toEqual(wanted)
        const list = { apiVersion: 'v1', kind: 'List', items: [namespace, deployment(template)] }
        expect(told(list)).toEqual(wanted)
      }),
      { numRuns: runs },
    )
  })
})

describe('an explanation', () => {
  it('has a step for every verdict that is against a workload, and says what the scan says', () => {
    fc.assert(
      fc.property(
        templateArbitrary,
        namespaceArbitrary,
        fc.boolean(),
        (template, namespace, finished) => {
          const made = pod(template)
          const metadata = { ...(made.metadata as object), ...(finished ? { uid: 'u' } : {}) }
          const text = written(namespace, finished ? { ...made, metadata } : deployment(template))
          const { subjects } = explain([{ file: 'm', text }], all)
          const rows = judged(text).subjects.map(({ mesh, verdict, reason }) => [
            mesh,
            verdict,
            reason,
          ])
          const told = subjects.flatMap(({ meshes: each }) =>
            each.map(({ mesh, verdict, reason }) => [mesh, verdict, reason]),
          )
          expect(told).toEqual(rows)
          for (const { meshes: each } of subjects)
            for (const { mesh, reason, steps } of each)
              if (reason !== null)
                expect([mesh, steps.map(({ id }) => id ?? '')]).toEqual([
                  mesh,
                  expect.arrayContaining([reason]),
                ])
        },
      ),
      { numRuns: runs },
    )
  })
})

describe('nothing makes it fall over', () => {
  const base = fc.oneof(
    templateArbitrary.map(deployment),
    templateArbitrary.map((template) => pod(template as Template)),
    templateArbitrary.map((one) => ({
      ...pod(one as Template),
      metadata: { uid: 'u', ...one.metadata },
    })),
    namespaceArbitrary,
    templateArbitrary.map((one) => ({
      kind: 'Widget',
      apiVersion: 'example.com/v1',
      spec: { template: one },
    })),
    fc.constant({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      webhooks: [
        {
          name: 'namespace.sidecar-injector.istio.io',
          rules: [{ operations: ['CREATE'] }],
          namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
        },
      ],
    }),
    ...[
      'istio',
      'istio-sidecar-injector',
      'linkerd-config',
      'kuma-control-plane-config',
      'dapr-config',
    ].map((name) =>
      fc.constant({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'x' },
        data: { mesh: 'a: 1', config: 'policy: enabled', values: '{"global":{}}' },
      }),
    ),
  )

  it('manifests in which anything is replaced by anything', () => {
    fc.assert(
      fc.property(fc.array(damagedObject(base), { minLength: 1, maxLength: 4 }), (objects) => {
        const { summary } = judged(written(...objects))
        expect(summary.documents).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 2 * runs },
    )
  })

  it('any kind, any field', () => {
    const kinds = fc.constantFrom(
      'Deployment',
      'Pod',
      'List',
      'PodList',
      'CoveragePolicy',
      'Namespace',
      'Rollout',
    )
    fc.assert(
      fc.property(kinds, fc.jsonValue(), fc.jsonValue(), (kind, metadata, spec) => {
        judged(written({ apiVersion: 'v1', kind, metadata, spec, items: [spec, metadata] }))
      }),
      { numRuns: runs },
    )
  })

  it('settings of any kind', () => {
    fc.assert(
      fc.property(
        templateArbitrary,
        fc.dictionary(
          fc.constantFrom(...spokenKeys, 'version', 'istio', 'linkerd'),
          fc.jsonValue(),
        ),
        (template, settings) => {
          scan([{ file: 'm', text: written(deployment(template)) }], { ...all, settings })
          scan([{ file: 'm', text: written(deployment(template)) }], {
            ...all,
            settings: { istio: settings },
          })
        },
      ),
      { numRuns: runs },
    )
  })
})

describe('text', () => {
  const repeated = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n')
  it.each<[string, string]>([
    [
      'aliases of aliases',
      'abcdefghij'
        .split('')
        .map(
          (name, i, before) =>
            `${name}: &${name} [${Array(12)
              .fill(i === 0 ? 'x' : `*${before[i - 1] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n'),
    ],
    [
      'merges of merges',
      repeated(2000, (i) =>
        i === 0 ? 'a0: &a0 {x: 1}' : `a${i}: &a${i} {<<: *a${i - 1}, k${i}: 1}`,
      ),
    ],
    ['lists in lists', '['.repeat(100_000)],
    ['lists of lists', `${'['.repeat(5000)}{"kind":"Pod"}${']'.repeat(5000)}`],
    ['Lists in Lists', repeated(200, (i) => `${' '.repeat(i)}kind: List`)],
    ['dashes', '- '.repeat(100_000)],
    ['ever deeper', repeated(3000, (i) => `${' '.repeat(i)}x:`)],
    ['one long line', `a: ${'x'.repeat(5_000_000)}`],
    ['one long key', `${'x'.repeat(5_000_000)}: a`],
    ['open quotes', `a: "${'x\n'.repeat(300_000)}`],
    ['colons', ':'.repeat(500_000)],
    ['hashes', ' #'.repeat(500_000)],
    ['braces', '{{'.repeat(200_000)],
    ['documents', '---\n'.repeat(300_000)],
    ['no JSON', `{"a":${'['.repeat(200_000)}`],
    ['many JSON values', '{}\n'.repeat(50_000)],
  ])('%s does not make it slow', (_, text) => {
    const begin = performance.now()
    judged(text)
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
})
