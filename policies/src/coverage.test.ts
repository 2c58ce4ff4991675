// SPDX-License-Identifier: Apache-2.0
// Which sidecars a namespace needs, and until when a workload is exempted.
import { describe, expect, it } from 'vitest'
import { exemption, requirements, type Workload } from './coverage.ts'
import { dayOf } from './date.ts'
import type { LoadedCoverage } from './policy-key.ts'
import type { CoverageSpec } from './policy.gen.ts'

const coverage = (name: string, spec: Partial<CoverageSpec>): LoadedCoverage => ({
  policy: {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'CoveragePolicy',
    metadata: { name },
    spec: { meshes: ['istio'], namespaces: [], ...spec },
  },
  file: 'a',
  line: 1,
  key: `CoveragePolicy/${name}`,
})
const labels = (tier: string) => ({ namespaces: { matchLabels: { tier } } })

describe('requirements', () => {
  const policies = [
    coverage('b', { namespaces: [{ name: 'every', select: { namespaces: {} }, mode: 'audit' }] }),
    coverage('a', {
      namespaces: [
        { name: 'production', select: labels('prod'), mode: 'deny' },
        { name: 'rest', select: labels('test'), mode: 'warn', meshes: ['linkerd'] },
      ],
    }),
  ]
  const brief = (tier: string) =>
    requirements(policies, { name: 'shop', labels: { tier } }).map((one) => [
      one.class,
      one.mode,
      ...one.meshes,
    ])

  it('come from the first class that matches, of each policy', () => {
    expect(brief('prod')).toEqual([
      ['production', 'deny', 'istio'],
      ['every', 'audit', 'istio'],
    ])
    expect(brief('test')).toEqual([
      ['rest', 'warn', 'linkerd'],
      ['every', 'audit', 'istio'],
    ])
    expect(brief('none')).toEqual([['every', 'audit', 'istio']])
  })
})

describe('exemptions', () => {
  const who = { owner: 'team-a', reason: 'moves next quarter', expires: '2030-03-31' }
  const workload: Workload = {
    kind: 'DaemonSet',
    name: 'node-exporter',
    labels: { app: 'x' },
    namespace: { name: 'monitoring' },
  }
  const holds = (selection: object, finding = 'host-network', today = '2030-03-31') =>
    exemption(
      coverage('a', { exemptions: [{ ...who, ...selection }] }),
      workload,
      finding,
      today,
    ) !== undefined

  it.each<[object, boolean]>([
    [{ workloads: { names: ['node-*'] } }, true],
    [{ workloads: { names: ['other'] } }, false],
    [{ workloads: { kinds: ['DaemonSet'], names: ['node-exporter'] } }, true],
    [{ workloads: { kinds: ['Deployment'], names: ['node-exporter'] } }, false],
    [{ workloads: { labels: { matchLabels: { app: 'x' } } } }, true],
    [{ namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }, true],
    [{ namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }, false],
    [{ namespaces: {}, findings: ['host-network'] }, true],
    [{ namespaces: {}, findings: ['proxy-uid'] }, false],
  ])('%j: %s', (selection, expected) => {
    expect(holds(selection)).toBe(expected)
  })

  it('end with their last day', () => {
    expect(holds({ namespaces: {} }, 'x', '2030-04-01')).toBe(false)
    expect(dayOf(new Date('2030-03-31T23:59:59Z'))).toBe('2030-03-31')
  })
})
