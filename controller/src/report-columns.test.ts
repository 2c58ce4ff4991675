// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import type { JoinRow } from './join.ts'
import { sumLedger } from './ledger-sums.ts'
import { kernelOf, whyOf } from './report-columns.ts'
import { coverage } from './report-shape.ts'
import { rowOf } from './specimens.ts'

const row = (
  state: JoinRow['state'],
  reason: string | null,
  kernel: JoinRow['kernel'] = 'audited',
): JoinRow => ({
  ...{ state, kernel, node: 'node-1', namespace: 'shop', workload: null, pod: 'a' },
  ...{ container: 'app', id: null, policies: [] },
  admission: { verdict: 'not-injected', mesh: 'istio', reason },
})
const finding = (rule: string, result: 'fail' | 'warn' | 'pass' = 'fail') => ({
  ...{ policy: 'istio', rule, category: coverage, result },
})

it.each<[string, JoinRow[], ReturnType<typeof finding>[], string]>([
  ['nothing', [row('covered', null)], [finding('covered', 'pass')], ''],
  [
    'once',
    [row('uncovered', 'host-network'), row('uncovered', 'host-network')],
    [],
    'host-network',
  ],
  [
    'what slips past before what admission has found besides',
    [row('never-admitted', 'static-pod')],
    [finding('ns-unlabelled'), finding('static-pod')],
    'static-pod, ns-unlabelled',
  ],
  [
    'no mere risk',
    [],
    [finding('added-capability', 'warn'), finding('host-network')],
    'host-network',
  ],
  ['not all', [row('uncovered', 'a'), row('uncovered', 'b')], [finding('c')], 'a, b and 1 more'],
])('why: %s', (_, rows, results, text) => {
  expect(whyOf(rows, results)).toBe(text)
})

it.each<[string, JoinRow[], Parameters<typeof rowOf>[1][], string]>([
  ['nothing is known', [], [], ''],
  ['nothing to stop', [row('covered', null, 'enforced')], [], 'enforced'],
  ['one', [row('covered', null)], [{}], 'audited: would stop start of /tmp/xmrig'],
  [
    'how often it was changes nothing, nor what is less grave',
    [row('covered', null)],
    [
      { count: 1 },
      { decision: 'egress', exe: '/a', target: '10.0.0.1', protocol: 'TCP', port: 5, count: 900 },
    ],
    'audited: would stop start of /tmp/xmrig and 1 more',
  ],
  [
    'both, and containers that are not alike',
    [row('covered', null, 'no-policy'), row('covered', null, 'enforced')],
    [{}, { verdict: 'denied', exe: '/b' }],
    'enforced, no policy: stopped start of /b; would stop start of /tmp/xmrig',
  ],
])('kernel: %s', (_, rows, ledger, text) => {
  expect(kernelOf(rows, sumLedger(ledger.map((one) => rowOf('a', one))))).toBe(text)
})
