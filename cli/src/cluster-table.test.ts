// SPDX-License-Identifier: Apache-2.0
// What a person reads of a cluster: who slips past, why, what the kernel does about it and what enforcing would stop.
import { describe, expect, test } from 'vitest'
import {
  sumsOf,
  type ClusterJoin,
  type JoinRow,
  type PlacedSum,
} from '../../controller/src/index.ts'
import { clusterLines } from './cluster-table.ts'

const audit = ['RuntimePolicy/shop/checkout']
const row = (parts: Partial<JoinRow> = {}): JoinRow => ({
  ...{ state: 'covered', node: 'node-1', namespace: 'shop', workload: 'Deployment/shop/cart' },
  ...{ pod: 'cart-1', container: 'app', id: 'c1', kernel: 'audited', policies: audit },
  admission: { verdict: 'covered', mesh: 'istio', reason: null },
  ...parts,
})
const bare = row({
  ...{ state: 'never-admitted', namespace: '', workload: null, pod: null },
  ...{ container: 'miner', id: 'miner' },
  admission: { verdict: 'never-admitted', mesh: null, reason: 'beside-kubernetes' },
})
const slipped = row({
  ...{ state: 'uncovered', workload: 'Deployment/shop/old', pod: 'old-1' },
  admission: { verdict: 'not-injected', mesh: 'istio', reason: 'host-network' },
})
const sum = (parts: Partial<PlacedSum> = {}): PlacedSum => ({
  ...{ policy: 'RuntimePolicy/shop/checkout', decision: 'exec', verdict: 'wouldDeny' },
  ...{ exe: '/tmp/xmrig', count: 6, first: '2026-11-21T10:00:00Z', last: '2026-11-21T11:00:00Z' },
  ...{ subjects: 1, containers: [], workload: 'Deployment/shop/old' },
  ...parts,
})
const joinOf = (
  rows: JoinRow[],
  ledger: PlacedSum[] = [],
  problems: string[] = [],
): ClusterJoin => ({
  ...{ rows, sums: sumsOf(rows), ledger, nodes: { count: 1, omitted: 0 }, problems },
})
const linesOf = (...join: Parameters<typeof joinOf>) =>
  clusterLines(joinOf(...join), (_, text) => text)
const line = (lines: string[], start: string) =>
  lines.map((one) => one.trim().replaceAll(/ {2,}/g, '  ')).find((one) => one.startsWith(start)) ??
  ''

describe('the table', () => {
  const stray = sum({ workload: null, node: 'node-1', subject: 'miner', count: 2 })
  const lines = linesOf(
    [bare, slipped, row(), row({ pod: 'cart-2', node: 'node-2', id: 'c2' })],
    [sum(), stray, sum({ verdict: 'denied', exe: '/bin/sh', count: 1 })],
  )
  const cells = (start: string) => line(lines, start).split(/ {2,}/)

  test('begins with how many of what, in words', () => {
    expect(lines[0]).toBe('4 containers on 1 node with an agent: 2 slip past their sidecar')
    expect(lines.slice(2, 5)).toEqual([
      '  1  never admitted  no admission ever saw it: a static pod, or started beside Kubernetes',
      '  1  uncovered       admitted, but it goes around its sidecar or has none',
      '  2  covered         has the sidecar that belongs to it, or is exempted',
    ])
  })
  test('has a line for each workload: why, what the kernel does, what enforcing would stop', () => {
    expect(cells('never admitted')).toEqual([
      ...['never admitted', '(no pod)', 'miner', 'node-1', 'started beside Kubernetes'],
      ...['audited by shop/checkout', 'start of /tmp/xmrig (2×)'],
    ])
    expect(cells('uncovered')).toEqual([
      ...['uncovered', 'Deployment/shop/old', 'app', 'node-1', 'istio: host-network'],
      ...['audited by shop/checkout', 'start of /tmp/xmrig (6×)'],
    ])
  })
  test('pods that are alike are one line', () => {
    expect(cells('covered  Deployment')).toEqual([
      ...['covered', 'Deployment/shop/cart', 'app', '2 × on 2 nodes', 'istio: covered'],
      ...['audited by shop/checkout', 'nothing so far'],
    ])
  })
  test('tells what was stopped apart from what would be, and how to enforce', () => {
    const [would, was] = [lines.indexOf('enforcing would stop:'), lines.indexOf('was stopped:')]
    expect(lines.slice(would + 2, was - 1).map((one) => one.trim().split(/ {2,}/)[3])).toEqual([
      ...['Deployment/shop/old', 'miner on node-1'],
    ])
    expect(lines[was + 2]).toContain('start of /bin/sh')
    expect(lines.at(-1)).toBe(
      `  kubectl patch runtimepolicy checkout -n shop --type merge -p '{"spec":{"mode":"enforce"}}'`,
    )
  })
})

test('what no policy decides for, or no agent has told of, promises nothing', () => {
  const of = (parts: Partial<JoinRow>) => linesOf([row(parts)])
  const unbound = of({ state: 'unbound', kernel: 'unbound', policies: [] })
  expect(line(unbound, 'unbound  Deployment')).toMatch(/UNBOUND {2,}\?$/)
  expect(line(of({ kernel: 'no-policy', policies: [] }), 'covered  Dep')).toMatch(
    /no policy {2,}-$/,
  )
  expect(line(of({ kernel: 'unseen', policies: [] }), 'covered  Dep')).toMatch(/no agent {2,}\?$/)
  expect(line(of({ kernel: 'enforced' }), 'covered  Dep')).toMatch(/\(enforced\)$/)
})

test('a row of a sidecar is not told of the application beside it', () => {
  const rows = [row({ container: 'app' }), row({ container: 'proxy' })]
  const one = sum({ workload: 'Deployment/shop/cart', containers: ['proxy'] })
  const lines = linesOf(rows, [one])
  expect(line(lines, 'covered  Deployment/shop/cart  app')).toMatch(/nothing so far$/)
  expect(line(lines, 'covered  Deployment/shop/cart  proxy')).toMatch(/xmrig \(6×\)$/)
})

test('names that somebody else chose move no cursor and break no line', () => {
  const lines = linesOf(
    [row({ container: 'a\n\u001b[2Jb' })],
    [sum({ exe: '/tmp/\u001b[31m\n' })],
    ['x\ny'],
  )
  // eslint-disable-next-line no-control-regex
  expect(lines.filter((one) => /[\n\u001b]/.test(one))).toEqual([])
})

test('nobody is told to paste what a node made up', () => {
  const commands = (policy: string) =>
    linesOf([slipped], [sum({ policy })]).filter((one) => one.includes('kubectl patch'))
  for (const made of ['RuntimePolicy/shop/x; reboot', 'RuntimePolicy/$(id)/x', 'Role/a/b', 'x'])
    expect(commands(made)).toEqual([])
  expect(commands('ClusterRuntimePolicy/miners')[0]).toContain('clusterruntimepolicy miners --type')
})

test('a cluster of thousands is cut, and says so; nothing is nothing', () => {
  const rows = Array.from({ length: 500 }, (_, at) => row({ workload: `Deployment/shop/a-${at}` }))
  expect(linesOf(rows).find((one) => one.startsWith('and '))).toBe('and 300 more (-o json has all)')
  expect(linesOf([])).toEqual(['no container runs'])
  expect(linesOf([], [], ['nodes: 403'])).toContain('  nodes: 403')
})
