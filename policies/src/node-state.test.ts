// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  boundNodeState,
  nodeStateLimits,
  sameButCounts,
  sameNodeState,
  type NodeStateStatus,
} from './node-state.ts'
import { markOf, readMarks, writeMarks } from './policy-marks.ts'

const time = '2026-11-21T12:00:00.000Z'
const pod = { namespace: 'shop', name: 'cart-0', uid: '0f9b1c2d-1111-2222-3333-444455556666' }

const marksOf = (many: number) =>
  writeMarks(
    Array.from({ length: many }, (_, i) => markOf(`${pod.uid}-${i}`, 1)),
    Infinity,
  )

function status(count = 1, policies = 2): NodeStateStatus {
  return {
    observedAt: time,
    agent: { version: '1', started: time, pod: 'underpin/agent-x' },
    kernel: {
      release: '6.1.0',
      mechanisms: [{ decision: 'exec', mechanism: 'lsm', degraded: 'x' }],
    },
    generation: 3,
    applied: time,
    problems: [],
    inForce: { count: policies, marks: marksOf(policies) },
    policies: Array.from({ length: policies }, (_, i) => ({
      policy: `RuntimePolicy/shop/p${i}`,
      uid: pod.uid,
      generation: 1,
      state: i === policies - 1 ? 'failed' : 'inForce',
      ...(i === policies - 1 && { reason: 'x'.repeat(2000), inForce: 1 }),
      mode: 'audit',
      containers: i === policies - 2 ? 4 : 0,
    })),
    containers: Array.from({ length: count }, (_, i) => ({
      pod,
      container: 'api',
      id: `${i}`.padStart(64, '0'),
      kind: i === count - 1 ? 'unbound' : 'pod',
      cgroup: `/kubepods/burstable/pod${pod.uid}/${i}`,
      enforced: true,
      audited: false,
      policies: ['RuntimePolicy/shop/p0'],
    })),
    ledger: Array.from({ length: count }, (_, i) => ({
      policy: i % 2 ? null : 'RuntimePolicy/shop/p0',
      decision: 'egress',
      verdict: i === count - 1 ? 'denied' : 'wouldDeny',
      exe: `/${'é'.repeat(600)}/${i}`,
      target: '10.0.0.1',
      protocol: 'TCP',
      port: 443,
      name: 'a.example',
      count: i + 1,
      first: time,
      last: time,
      pod,
    })),
    omitted: { policies: 0, containers: 0, ledger: 0 },
    counters: { denied: 1, wouldDeny: 2 },
  }
}

test('what is small is kept whole', () => {
  const { omitted, ledger, policies } = boundNodeState(status())
  expect(omitted).toEqual({ policies: 0, containers: 0, ledger: 0 })
  expect(policies.find(({ state }) => state === 'failed')?.reason).toHaveLength(
    nodeStateLimits.text,
  )
  expect(ledger[0]?.exe).toMatch(/…$/)
})

test.each([
  [400, 2],
  [5000, 5000],
  [20_000, 30_000],
])(
  '%i containers and rows, %i policies: what fits, the weightiest first, the rest counted',
  (count, many) => {
    const bounded = boundNodeState(status(count, many))
    const bytes = Buffer.byteLength(JSON.stringify(bounded))
    expect(bytes).toBeLessThanOrEqual(nodeStateLimits.bytes)
    const { policies, containers, ledger, omitted } = bounded
    expect([policies.length + omitted.policies, containers.length + omitted.containers]).toEqual([
      many,
      count,
    ])
    expect(ledger.length + omitted.ledger).toBe(count)
    expect(bounded.inForce?.count).toBe(many)
    expect(readMarks(bounded.inForce?.marks ?? '').size).toBe(Math.min(many, 20_000))
    expect(policies.some(({ state }) => state === 'failed')).toBe(true)
    expect(policies.some((one) => one.containers > 0)).toBe(true)
    expect(containers.some(({ kind }) => kind === 'unbound')).toBe(true)
    expect(ledger[0]?.verdict).toBe('denied')
    if (count > 1000) expect(bytes).toBeGreaterThan(nodeStateLimits.bytes / 2)
  },
)

test('the time of looking is no change; counts alone are a small one', () => {
  const one = boundNodeState(status(3))
  expect(sameNodeState(one, { ...one, observedAt: 'later' })).toBe(true)
  const grown = boundNodeState({
    ...status(3),
    ledger: status(3).ledger.map((row, i) => ({
      ...row,
      count: row.count + 10 * (3 - i),
      last: 'later',
    })),
    counters: { denied: 100, wouldDeny: 2 },
  })
  expect(sameNodeState(one, grown)).toBe(false)
  expect(sameButCounts(one, grown)).toBe(true)
  expect(sameButCounts(one, { ...grown, generation: 4 })).toBe(false)
  expect(sameButCounts(one, boundNodeState(status(4)))).toBe(false)
})

/** Whatever is there and the schema does not name, or names as something else; CRDs silently drop the one, refuse the other. */
function strays(value: unknown, schema: Schema, at: string): string[] {
  if (value === null) return schema.nullable ? [] : [`${at} is null`]
  if (Array.isArray(value))
    return schema.type === 'array' && value.length <= (schema.maxItems ?? Infinity)
      ? value.flatMap((one) => strays(one, schema.items ?? {}, `${at}[]`))
      : [`${at} is a list of ${value.length}`]
  if (typeof value !== 'object') {
    const type = typeof value === 'number' ? 'integer' : typeof value
    const fits = schema.type === type && (schema.enum?.includes(value as string) ?? true)
    return fits ? [] : [`${at} is ${JSON.stringify(value)}`]
  }
  const found = Object.entries(value).flatMap(([name, one]) => {
    const below = schema.properties?.[name] ?? schema.additionalProperties
    return below ? strays(one, below, `${at}.${name}`) : [`${at}.${name} is not described`]
  })
  const missing = (schema.required ?? []).filter((name) => !(name in value))
  return [...found, ...missing.map((name) => `${at}.${name} is missing`)]
}
type Schema = {
  type?: string
  nullable?: boolean
  enum?: string[]
  items?: Schema
  maxItems?: number
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  required?: string[]
}

test('the schema describes it, and every field of it', () => {
  const file = new URL('../node-state.schema.json', import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { properties: { status: Schema } }
  const { status: described } = schema.properties
  expect(strays(boundNodeState(status(3, 3)), described, 'status')).toEqual([])
  expect(strays(boundNodeState(status(20_000, 10_000)), described, 'status')).toEqual([])
  expect(strays({ ...status(1, 2), policies: 1, other: 2 }, described, 'status')).toEqual([
    'status.policies is 1',
    'status.other is not described',
  ])
})
