// SPDX-License-Identifier: Apache-2.0
// The whole catalogue in one folder, one file for each way around a sidecar, scanned once by the program that people
// run: each is named on its own object. The folder of their harmless neighbours names none of them.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { cluster } from '../../../webhook/src/catalogue/fixtures/cluster.ts'
import {
  aboutOf,
  manifestsOf,
  type Fixture,
  type Side,
} from '../../../webhook/src/catalogue/fixtures/fixture.ts'
import { fixtures } from '../../../webhook/src/catalogue/fixtures/index.ts'
import type { ScanResult } from '../../../webhook/src/index.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'underpin-catalogue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const main = join(import.meta.dirname, '../main.ts')

/** Writes a folder and scans it. */
async function scanned(sideOf: (fixture: Fixture) => Side) {
  const place = mkdtempSync(join(folder, 'scan-'))
  writeFileSync(join(place, 'cluster.json'), JSON.stringify(cluster))
  for (const [id, fixture] of fixtures) {
    const manifests = manifestsOf(id, fixture, sideOf(fixture))
    writeFileSync(join(place, `${id}.json`), JSON.stringify(manifests, null, 2))
  }
  const { status, said } = await new Promise<{ status: unknown; said: string }>((resolve) => {
    execFile(
      process.execPath,
      [main, 'scan', place, '-o', 'json'],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => resolve({ status: error?.code ?? 0, said: stdout }),
    )
  })
  return { status, result: JSON.parse(said) as ScanResult }
}

/** Those that are named on the object that they are about. */
function named({ findings }: ScanResult, sideOf: (fixture: Fixture) => Side): string[] {
  return fixtures.flatMap(([id, fixture]) => {
    const about = aboutOf(id, fixture, sideOf(fixture))
    return findings.some((one) => one.id === id && one.object === about) ? [id] : []
  })
}

test('a folder with one workload for each way around a sidecar names every one of them', async () => {
  const slips = (fixture: Fixture) => fixture.slips
  const { status, result } = await scanned(slips)
  expect(result.unread).toEqual([])
  expect(status).toBe(1)
  expect(named(result, slips)).toEqual(fixtures.map(([id]) => id))
  for (const { object, file, line } of result.findings) {
    expect([typeof file, typeof line], object).toEqual(['string', 'number'])
  }
})

test('the folder of their harmless neighbours names none of them', async () => {
  const harmless = (fixture: Fixture) => fixture.harmless
  const { result } = await scanned(harmless)
  expect(result.unread).toEqual([])
  expect(named(result, harmless)).toEqual([])
})
