// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { makeAuthority, makeLeaf } from './authority.ts'
import { keepCertificates } from './keeper.ts'
import { bundleOf, nextLook, nextStep, renewAt } from './renewal.ts'

const minute = 60_000
const life = (from: number, to: number) => ({ from: new Date(from), to: new Date(to) })

describe('renewal', () => {
  test('is at two thirds of a life', () => {
    expect(renewAt(life(0, 90)).getTime()).toBe(60)
  })
  test.each([
    [0, 'keep'],
    [39, 'keep'],
    [40, 'renew-leaf'],
    [399, 'renew-leaf'],
    [400, 'renew-authority'],
    [9999, 'renew-authority'],
  ])('at %i: %s', (now, expected) => {
    expect(nextStep(life(0, 600), life(0, 60), new Date(now))).toBe(expected)
  })
  test('the next look is at the next renewal, between a second and an hour', () => {
    expect(nextLook(life(0, 900 * minute), life(0, 30 * minute), new Date(0))).toBe(20 * minute)
    expect(nextLook(life(0, 9e9), life(0, 9e9), new Date(0))).toBe(60 * minute)
    expect(nextLook(life(0, 10), life(0, 10), new Date(100))).toBe(1000)
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

  test('across a change of the authority the bundle is published before the new leaf is served', async () => {
    let now = new Date('2026-11-21T00:00:00Z')
    const told: string[] = []
    const bundles: string[] = []
    const keeper = await keepCertificates({
      names: ['a'],
      authorityLifeMs: 60 * minute,
      leafLifeMs: 20 * minute,
      now: () => now,
      publish: (bundle) => {
        told.push('publish')
        bundles.push(bundle)
      },
      serve: () => told.push('serve'),
      failed: (cause) => {
        throw cause
      },
    })
    try {
      expect(told).toEqual(['publish', 'serve'])
      now = new Date(now.getTime() + 15 * minute)
      await keeper.look()
      expect(told).toEqual(['publish', 'serve', 'serve'])
      now = new Date(now.getTime() + 30 * minute)
      await keeper.look()
      expect(told.slice(3)).toEqual(['publish', 'serve'])
      expect(keeper.bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      expect(keeper.bundle).toBe(bundles.at(-1))
      const [newest] = keeper.bundle.split(/(?<=END CERTIFICATE-----\n)/)
      const served = new X509Certificate(keeper.leaf.certificate)
      expect(served.verify(new X509Certificate(newest ?? '').publicKey)).toBe(true)
    } finally {
      keeper.stop()
    }
  })

  test('a bundle that cannot be published keeps the old certificate', async () => {
    let now = new Date('2026-11-21T00:00:00Z')
    let works = true
    const failures: unknown[] = []
    const keeper = await keepCertificates({
      names: ['a'],
      authorityLifeMs: 60 * minute,
      leafLifeMs: 60 * minute,
      now: () => now,
      publish: () => {
        if (!works) throw new Error('no API server')
      },
      serve: () => undefined,
      failed: (cause) => failures.push(cause),
    })
    const before = keeper.leaf
    works = false
    now = new Date(now.getTime() + 50 * minute)
    await keeper.look()
    expect(keeper.leaf).toBe(before)
    expect(failures).toHaveLength(1)
    keeper.stop()
  })
})
