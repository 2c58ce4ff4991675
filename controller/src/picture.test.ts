// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { NodeState } from '../../policies/src/index.ts'
import type { LiveRecord } from '../../webhook/src/index.ts'
import { sumsOf } from './join.ts'
import { factsOf, Pool } from './node-facts.ts'
import { Picture } from './picture.ts'
import { nodeReport, reportLimits, workloadReport } from './report.ts'
import { digestOf, formats, objectOf } from './report-shape.ts'
import { containerOf, covered, deployment, recordOf, rowOf, slipped, stateOf } from './specimens.ts'

const pool = new Pool()

function pictureOf(all: readonly LiveRecord[], states: readonly NodeState[]) {
  const records = new Map(all.map((one) => [one.uid, one]))
  const picture = new Picture(records)
  picture.changed(all)
  for (const state of states) picture.told(state.metadata.name, factsOf(state, pool))
  const owner = (name: string) => {
    const found = [...picture.takeDirty().owners.values()].find((one) => one.name === name)
    if (found === undefined) throw new Error(`no owner ${name}`)
    return found
  }
  return { picture, records, owner }
}

describe('the join', () => {
  const strange = containerOf('ghost')
  const bare = { ...containerOf('x', { kind: 'bare', id: 'miner' }), pod: undefined } as never
  const loose = { ...containerOf('y', { kind: 'unbound', id: 'loose' }), pod: undefined } as never
  const mirror = recordOf({ name: 'etcd-node-1', mirrorOf: 'c0ffee', namespace: 'kube-system' })
  const { picture } = pictureOf(
    [
      ...deployment('cart', 2, covered),
      ...deployment('node', 1, slipped),
      mirror,
      recordOf({ name: 'elsewhere', node: 'node-9' }),
    ],
    [
      stateOf('node-1', {
        containers: [
          containerOf('cart-1-0', { enforced: true }),
          containerOf('cart-1-1'),
          containerOf('node-1-0'),
          containerOf('etcd', {
            kind: 'static',
            pod: { namespace: 'kube-system', name: 'etcd', uid: 'c0ffee' },
          }),
          strange,
          bare,
          loose,
        ],
      }),
    ],
  )
  const rows = [...picture.rows()]
  const of = (container: string, pod: string | null) =>
    rows.filter((row) => row.pod === pod && (pod !== null || row.container === container))

  it('knows both truths of each container', () => {
    expect(of('app', 'cart-1-0')).toMatchObject([
      { state: 'covered', kernel: 'enforced', workload: 'Deployment/shop/cart' },
    ])
    expect(of('app', 'cart-1-1')).toMatchObject([{ state: 'covered', kernel: 'audited' }])
    expect(of('app', 'node-1-0')).toMatchObject([
      { state: 'uncovered', admission: { mesh: 'istio', reason: 'host-network' } },
    ])
  })
  it('tells what no admission saw', () => {
    expect(of('app', 'etcd-node-1')).toMatchObject([
      { state: 'never-admitted', admission: { reason: 'static-pod' }, kernel: 'audited' },
    ])
    expect(of('app', 'ghost')).toMatchObject([
      { state: 'never-admitted', admission: { reason: 'no-such-pod' } },
    ])
    expect(rows.find(({ id }) => id === 'miner')).toMatchObject({
      state: 'never-admitted',
      admission: { reason: 'beside-kubernetes' },
    })
  })
  it('tells what is in no subject, and where no agent is', () => {
    expect(rows.find(({ id }) => id === 'loose')).toMatchObject({ state: 'unbound' })
    expect(of('app', 'elsewhere')).toMatchObject([{ kernel: 'unseen', node: 'node-9' }])
  })
  it('counts each once', () => {
    expect(sumsOf(rows)).toEqual({
      ...{ covered: 3, uncovered: 1, unbound: 1, unknown: 0, 'never-admitted': 3 },
    })
  })
})

describe('the report of a workload', () => {
  it('has admission and kernel, of its own pods only', () => {
    const { picture, owner } = pictureOf(
      [...deployment('node', 2, slipped), ...deployment('cart', 1, covered)],
      [
        stateOf('node-1', {
          containers: [containerOf('node-1-0'), containerOf('node-1-1'), containerOf('cart-1-0')],
          ledger: [rowOf('node-1-0'), rowOf('node-1-1', { count: 4 }), rowOf('cart-1-0')],
        }),
      ],
    )
    const facts = picture.workload(owner('node'))
    if (facts === null) throw new Error('no facts')
    const report = workloadReport(facts)
    expect(report.scope).toMatchObject({ kind: 'Deployment', name: 'node', uid: 'uid-node' })
    expect(report.summary).toEqual({ pass: 1, fail: 1, warn: 1, error: 0, skip: 0 })
    expect(report.state).toEqual(['uncovered', 'would-deny'])
    expect(report.results[0]).toMatchObject({ rule: 'host-network', properties: { pods: '2' } })
    expect(report.results[1]).toMatchObject({
      message: 'start of /tmp/xmrig: would be denied if enforced (7 times)',
      properties: { count: '7', subjects: '2' },
      timestamp: { seconds: Date.parse('2026-11-21T11:00:00Z') / 1000, nanos: 0 },
    })
  })

  it('is bounded, whatever programs are called', () => {
    const { picture, owner } = pictureOf(deployment('cart', 1, covered), [
      stateOf('node-1', {
        ledger: Array.from({ length: 500 }, (_, at) =>
          rowOf('cart-1-0', { exe: `/${'ü'.repeat(4000)}/${at}`, policy: 'x'.repeat(2000) }),
        ),
      }),
    ])
    const facts = picture.workload(owner('cart'))
    const report = workloadReport(facts as NonNullable<typeof facts>)
    expect(report.results).toHaveLength(reportLimits.results)
    expect(report.summary.warn).toBe(500)
    expect(report.omitted).toBe(502 - reportLimits.results)
    const written = JSON.stringify(objectOf(report, formats.openreports))
    expect(Buffer.byteLength(written)).toBeLessThan(400_000)
    expect(written).not.toContain('\uFFFD')
  })

  it('of a node has what is no pod', () => {
    const bare = { ...containerOf('x', { kind: 'bare', id: 'miner', audited: false }) }
    const { picture } = pictureOf(deployment('cart', 1, covered), [
      stateOf('node-1', {
        containers: [containerOf('cart-1-0'), { ...bare, pod: undefined } as never],
      }),
    ])
    const { rows, ledger } = picture.strays('node-1')
    const report = nodeReport({ name: 'node-1', uid: 'uid-node-1' }, rows, ledger)
    expect(report.results).toMatchObject([{ rule: 'never-admitted', result: 'fail' }])
  })
})

describe('what changed', () => {
  it('is the workload whose pod a node tells otherwise of, and no other', () => {
    const told = (count: number) =>
      stateOf('node-1', {
        containers: [containerOf('cart-1-0'), containerOf('node-1-0')],
        ledger: [rowOf('cart-1-0', { count })],
      })
    const { picture } = pictureOf(
      [...deployment('cart', 1, covered), ...deployment('node', 1, slipped)],
      [told(1)],
    )
    picture.takeDirty()
    picture.told('node-1', factsOf(told(1), pool))
    expect(picture.dirty).toBe(0)
    picture.told('node-1', factsOf(told(2), pool))
    expect([...picture.takeDirty().owners.values()].map(({ name }) => name)).toEqual(['cart'])
  })

  it('a pod that came before its ReplicaSet moves to its Deployment', () => {
    const [top, set, pod] = deployment('cart', 1, covered)
    if (top === undefined || set === undefined || pod === undefined) throw new Error('none')
    const { picture, records } = pictureOf([pod], [])
    expect([...picture.takeDirty().owners.values()]).toMatchObject([{ kind: 'ReplicaSet' }])
    for (const one of [top, set]) records.set(one.uid, one)
    picture.changed([top, set])
    const { owners, subordinate } = picture.takeDirty()
    expect([...owners.values()]).toMatchObject([{ kind: 'Deployment', name: 'cart' }])
    expect([...subordinate]).toContain(set.uid)
    expect(picture.workload([...owners.values()][0] as never)?.pods).toEqual([pod])
  })

  it('a workload whose last pod and own object went is gone', () => {
    const all = deployment('cart', 1, covered)
    const { picture, records, owner } = pictureOf(all, [])
    const cart = owner('cart')
    for (const one of all) records.delete(one.uid)
    picture.changed(all)
    expect(picture.workload(cart)).toBeNull()
    expect(picture.isOwner(cart.uid)).toBe(false)
  })
})

describe('a digest', () => {
  const make = (count: number, exe = '/tmp/xmrig') => {
    const { picture, owner } = pictureOf(deployment('cart', 1, covered), [
      stateOf('node-1', { ledger: [rowOf('cart-1-0', { count, exe })] }),
    ])
    const facts = picture.workload(owner('cart'))
    return objectOf(workloadReport(facts as NonNullable<typeof facts>), formats.openreports)
  }
  it('does not follow from the order of keys', () => {
    const object = make(1)
    const turned = JSON.parse(JSON.stringify(object), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as typeof object
    expect(digestOf(turned)).toEqual(digestOf(object))
  })
  it('tells counts from what is new', () => {
    const [some, more, other] = [digestOf(make(1)), digestOf(make(9)), digestOf(make(1, '/bin/sh'))]
    expect(more.whole).not.toBe(some.whole)
    expect(more.kind).toBe(some.kind)
    expect(other.kind).not.toBe(some.kind)
  })
})

describe('the kind of the Policy Working Group', () => {
  it('names the source with each result, and nothing that it has no field for', () => {
    const { picture, owner } = pictureOf(deployment('node', 1, slipped), [])
    const facts = picture.workload(owner('node'))
    const report = workloadReport(facts as NonNullable<typeof facts>)
    const object = objectOf(report, formats.wgpolicy)
    expect(object).toMatchObject({ apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport' })
    expect(object).not.toHaveProperty('source')
    expect(object['results']).toMatchObject([{ source: 'underpin' }, { source: 'underpin' }])
  })
})
