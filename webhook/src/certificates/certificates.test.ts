// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { makeAuthority, makeLeaf } from './authority.ts'
import { keepCertificates } from './keeper.ts'
import { bundleOf, needsAuthority, needsLeaf, nextLook, renewAt, signerOf } from './renewal.ts'
import { memoryStore } from './store.ts'

const minute = 60_000
const life = (from: number, to: number) => ({ from: new Date(from), to: new Date(to) })
const known = (from: number, to: number, key: string | null = 'k') => ({
  ...life(from, to),
  certificate: `${from}-${to}`,
  key,
})

describe('renewal', () => {
  test('is at two thirds of a life', () => {
    expect(renewAt(life(0, 90)).getTime()).toBe(60)
  })
  test.each([
    [39, false],
    [40, true],
    [9999, true],
  ])('of the leaf at %i: %s', (now, expected) => {
    expect(needsLeaf(life(0, 60), new Date(now))).toBe(expected)
  })
  test.each([
    [399, false],
    [400, true],
    [9999, true],
  ])('of the authority at %i: %s', (now, expected) => {
    expect(needsAuthority([known(0, 600)], new Date(now))).toBe(expected)
  })
  test('an authority of which another one has the key is none to sign with', () => {
    expect(needsAuthority([known(0, 600, null)], new Date(0))).toBe(true)
    expect(signerOf([known(0, 600, null)], new Date(0), 0)).toBe(null)
  })
  test('a new authority signs when its certificate had time to reach everybody', () => {
    const [old, fresh] = [known(0, 100 * minute), known(60 * minute, 160 * minute)]
    const at = (minutes: number) => signerOf([fresh, old], new Date(minutes * minute), 10 * minute)
    const second = 1 / 60
    expect(at(75)).toBe(old)
    expect(at(75 + second)).toBe(fresh)
    expect(signerOf([fresh], new Date(61 * minute), 10 * minute)).toBe(fresh)
    expect(at(161)).toBe(null)
  })
  test('the next look is at the next change, between a second and an hour', () => {
    const look = (leafTo: number, now: number, to = 9000) =>
      nextLook([known(0, to * minute)], life(0, leafTo * minute), 0, new Date(now * minute)) /
      minute
    expect(look(30, 10)).toBe(10)
    expect(look(9000, 10)).toBe(60)
    expect(look(1, 10)).toBe(1 / 60)
    expect(nextLook([known(0, 9e9)], life(0, 9e9), 10 * minute, new Date(0))).toBe(
      15 * minute + 1000,
    )
  })
  test('the bundle leaves out what has ended', () => {
    const both = [
      { ...life(0, 10), certificate: 'old' },
      { ...life(0, 30), certificate: 'new' },
    ]
    expect(bundleOf(both, new Date(5))).toBe('old\nnew\n')
    expect(bundleOf(both, new Date(10))).toBe('new\n')
  })
})

describe('certificates', () => {
  test('a leaf has its names, is for servers, chains to its authority and ends with it', async () => {
    const now = new Date('2026-11-21T00:00:00Z')
    const authority = await makeAuthority(now, 60 * minute)
    const leaf = await makeLeaf(authority, ['w.ns.svc', '127.0.0.1', '::1'], now, 600 * minute)
    const [ca, certificate] = [authority, leaf].map((one) => new X509Certificate(one.certificate))
    if (ca === undefined || certificate === undefined) throw new Error('no certificate')
    expect(ca.ca).toBe(true)
    expect(certificate.ca).toBe(false)
    expect(certificate.verify(ca.publicKey)).toBe(true)
    expect(certificate.checkIssued(ca)).toBe(true)
    expect(certificate.checkHost('w.ns.svc')).toBe('w.ns.svc')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(certificate.checkIP('::1')).toBeDefined()
    expect(certificate.checkHost('other')).toBeUndefined()
    expect(leaf.to).toEqual(authority.to)
    expect(certificate.serialNumber).toMatch(/^4[0-9A-F]{31}$/)
  })

  /** A keeper whose clock is turned by hand. */
  async function keeping(publish: (bundle: string) => void) {
    let now = new Date('2026-11-21T00:00:00Z')
    const told: string[] = []
    const failures: unknown[] = []
    const keeper = await keepCertificates({
      names: ['a'],
      authorityLifeMs: 60 * minute,
      leafLifeMs: 20 * minute,
      settleMs: 5 * minute,
      now: () => now,
      store: memoryStore((bundle) => {
        publish(bundle)
        told.push('publish')
      }),
      serve: () => told.push('serve'),
      failed: (cause) => failures.push(cause),
    })
    const later = async (minutes: number) => {
      now = new Date(now.getTime() + minutes * minute)
      await keeper.look()
    }
    return { keeper, told, failures, later }
  }
  const signedBy = (leaf: string, authority: string | undefined) =>
    new X509Certificate(leaf).verify(new X509Certificate(authority ?? '').publicKey)

  test('across a change of the authority the bundle is out long before the new one signs', async () => {
    const bundles: string[] = []
    const { keeper, told, failures, later } = await keeping((bundle) => bundles.push(bundle))
    expect(told).toEqual(['publish', 'serve'])
    await later(15)
    expect(told).toEqual(['publish', 'serve', 'serve'])
    await later(25)
    // A new authority; the leaf that was due is still of the old one.
    expect(told.slice(3)).toEqual(['publish', 'serve'])
    const [newest, old] = keeper.bundle.split(/(?<=END CERTIFICATE-----\n)/)
    expect(keeper.bundle).toBe(bundles.at(-1))
    expect(signedBy(keeper.leaf.certificate, old)).toBe(true)
    await later(4)
    expect(told).toHaveLength(5)
    await later(1.1)
    expect(told.slice(5)).toEqual(['serve'])
    expect(signedBy(keeper.leaf.certificate, newest)).toBe(true)
    expect(keeper.bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    await later(20)
    // The old one has ended.
    expect(keeper.bundle).toBe(newest)
    expect(failures).toEqual([])
    await keeper.stop()
  })

  test('a bundle that cannot be published keeps the old certificate', async () => {
    let works = true
    const { keeper, failures, later } = await keeping(() => {
      if (!works) throw new Error('no API server')
    })
    const before = keeper.leaf
    works = false
    await later(50)
    expect(keeper.leaf).toBe(before)
    expect(failures).toHaveLength(1)
    works = true
    await later(1)
    expect(keeper.leaf).not.toBe(before)
    await keeper.stop()
  })
})

describe('an authority whose key is gone', () => {
  const inUse = known(0, 600 * minute, null)
  const next = { ...known(100 * minute, 700 * minute), trustedSince: new Date(120 * minute) }
  const signer = (at: number) =>
    signerOf([next, inUse], new Date(at * minute), 10 * minute, inUse.certificate)

  test('serves on until everybody was told of the next one', () => {
    expect(signer(121)).toBe(null)
    expect(signer(129)).toBe(null)
    expect(signer(131)).toBe(next)
  })
  test('and when it has ended, the next one is taken whether they were or not', () => {
    const short = known(0, 110 * minute, null)
    const at = new Date(121 * minute)
    expect(signerOf([next, short], at, 10 * minute, short.certificate)).toBe(next)
  })
  test('without any certificate in use, the next one is all there is', () => {
    expect(signerOf([next, inUse], new Date(121 * minute), 10 * minute)).toBe(next)
  })
})

test('a store that cannot be reached at the start: served meanwhile with what nobody trusts, and tried again', async () => {
  let works = false
  const store = memoryStore(() => {
    if (!works) throw new Error('no API server')
  })
  const served: string[] = []
  const failures: unknown[] = []
  const keeper = await keepCertificates({
    ...{ names: ['a'], store, patient: true, now: () => new Date() },
    serve: ({ certificate }) => served.push(certificate),
    failed: (cause) => failures.push(cause),
  })
  expect([served.length, failures.length, keeper.bundle]).toEqual([1, 1, ''])
  expect(keeper.untrusted()).toContain('not of the published bundle')
  works = true
  await expect.poll(() => keeper.untrusted(), { timeout: 10_000 }).toBe(null)
  expect(served).toHaveLength(2)
  await keeper.stop()
})
