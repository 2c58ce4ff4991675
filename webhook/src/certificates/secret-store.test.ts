// SPDX-License-Identifier: Apache-2.0
// Replicas that share a Secret: one authority however many start, and what clients trust is never taken from whoever still
// serves with it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specimenApi, type SpecimenApi } from '../live/specimen-api.ts'
import { text, list } from '../fields.ts'
import { certificatesIn } from './kept-authority.ts'
import { keepCertificates, type Keeper } from './keeper.ts'
import { secretStore } from './secret-store.ts'

const minute = 60_000
const secret = '/api/v1/namespaces/underpin/secrets/ca'
const configuration =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/underpin'

let api: SpecimenApi
let now: Date
let keepers: Keeper[]
beforeEach(async () => {
  api = await specimenApi()
  now = new Date('2026-11-21T00:00:00Z')
  keepers = []
  api.put(configuration, { webhooks: ['a', 'b'].map((name) => ({ name, clientConfig: {} })) })
})
afterEach(async () => {
  await Promise.all(keepers.map((one) => one.stop()))
  await api.close()
})

async function keeper(): Promise<Keeper> {
  const made = await keepCertificates({
    names: ['w'],
    store: secretStore({
      cluster: api.cluster,
      ...{ namespace: 'underpin', name: 'ca', configuration: 'underpin' },
      pause: () => Promise.resolve(),
    }),
    ...{ authorityLifeMs: 600 * minute, leafLifeMs: 200 * minute, settleMs: 10 * minute },
    now: () => now,
    serve: () => undefined,
    failed: (cause) => {
      throw cause
    },
  })
  keepers.push(made)
  return made
}
const later = async (minutes: number) => {
  now = new Date(now.getTime() + minutes * minute)
  for (const one of keepers) await one.look()
}
/** By both entries alike. */
function trusted(): string[] {
  const bundles = list(api.object(configuration), 'webhooks').map((one) =>
    Buffer.from(text(one, 'clientConfig', 'caBundle') ?? '', 'base64').toString(),
  )
  expect(new Set(bundles).size).toBe(1)
  return certificatesIn(bundles[0] ?? '')
}
const isTrusted = ({ leaf }: Keeper) => trusted().includes(leaf.issuer)

test('three that start at once have one authority, and every entry trusts it', async () => {
  const all = await Promise.all([keeper(), keeper(), keeper()])
  expect(trusted()).toHaveLength(1)
  expect(all.map(isTrusted)).toEqual([true, true, true])
})

test('somebody is faster at each write, a while: nothing is lost', async () => {
  api.put(secret, { data: { other: 'a2VwdA==' } })
  let faster = 3
  api.before.write = () => {
    if (faster-- <= 0) return
    const known = api.object(faster % 2 === 0 ? secret : configuration)
    api.put(faster % 2 === 0 ? secret : configuration, { ...known })
  }
  const one = await keeper()
  expect(isTrusted(one)).toBe(true)
  // What is none of ours stays.
  expect(text(api.object(secret), 'data', 'other')).toBe('a2VwdA==')
})

test('a rotation: both are trusted before anybody serves with the new one, and each time all are', async () => {
  const [a, b] = [await keeper(), await keeper()]
  const seen = new Set<number>()
  for (let at = 0; at < 700; at += 5) {
    await later(5)
    seen.add(trusted().length)
    expect([isTrusted(a), isTrusted(b)]).toEqual([true, true])
  }
  expect([...seen].sort()).toEqual([1, 2])
})

test.each([
  ['deleted', () => api.put(secret, null)],
  ['emptied', () => api.put(secret, { data: {} })],
])(
  'the Secret is %s: a new authority, and the old one is trusted as long as it serves',
  async (_how, lose) => {
    const [a, b] = [await keeper(), await keeper()]
    const [before] = trusted()
    lose()
    // One that knows nothing of it starts first.
    const c = await keeper()
    expect(trusted()).toHaveLength(2)
    for (const one of [a, b, c]) expect(isTrusted(one)).toBe(true)
    await later(1)
    expect([a.leaf.issuer, b.leaf.issuer]).toEqual([before, before])
    await later(20)
    for (const one of [a, b, c]) {
      expect(one.leaf.issuer).not.toBe(before)
      expect(isTrusted(one)).toBe(true)
    }
    await later(25 * 60)
    expect(trusted()).not.toContain(before)
  },
)

test('the caBundle is taken away: it is written again', async () => {
  const one = await keeper()
  const before = trusted()
  api.put(configuration, { webhooks: ['a', 'b'].map((name) => ({ name, clientConfig: {} })) })
  expect(trusted()).toEqual([])
  await one.look()
  expect(trusted()).toEqual(before)
})
