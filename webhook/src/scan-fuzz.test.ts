// SPDX-License-Identifier: Apache-2.0
// A hundred thousand damaged manifests: none ends the scan, stops it, or stays in memory. UNDERPIN_FUZZ_MANIFESTS asks
// for another number of them.
import { expect, it } from 'vitest'
import { scanDamaged } from './damaged-manifests.ts'

const manifests = Number(process.env.UNDERPIN_FUZZ_MANIFESTS ?? 100_000)

it('nothing makes a scan fall over', { timeout: 1_800_000 }, async () => {
  const { manifests: scanned, defects, slowestMs, grownMB } = await scanDamaged(manifests)
  expect(scanned).toBeGreaterThanOrEqual(manifests)
  expect(defects).toEqual([])
  // An ordinary one takes a third of a millisecond; the machine may be busy with other tests.
  expect(slowestMs).toBeLessThan(5000)
  expect(grownMB).toBeLessThan(50)
})
