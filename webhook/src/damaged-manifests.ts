// SPDX-License-Identifier: Apache-2.0
// Scans manifests that are damaged at random, for tests and benches: half of them objects in which anything is replaced by
// anything, half of them text of real charts that was cut and pasted. Tells what was slowest, and what stayed in memory.

import { setImmediate as others } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { damagedObject, namespaceArbitrary, templateArbitrary } from './arbitrary-manifest.ts'
import { charts } from './chart-specimens.ts'
import { meshes } from './meshes/index.ts'
import { scan } from './scan.ts'

export type Fuzzed = {
  manifests: number
  seconds: number
  slowestMs: number
  /** What the heap holds more than before, after everything that nobody holds any more is gone. */
  grownMB: number
  /** Defects of ours: what could not be judged. */
  defects: string[]
}

const deployment = templateArbitrary.map((template) => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } },
  spec: { template },
}))
const pod = templateArbitrary.map(({ metadata, spec }) => {
  const named = { name: 'cart', namespace: 'shop', uid: 'u', ...metadata }
  return { apiVersion: 'v1', kind: 'Pod', metadata: named, spec }
})
const objects = damagedObject(fc.oneof(deployment, pod, namespaceArbitrary)).map(
  (one) => JSON.stringify(one) ?? '',
)
const pieces = charts.map(({ text }) => text.slice(0, 8000))
const texts = fc
  .tuple(
    fc.constantFrom(...pieces),
    ...([fc.nat(7000), fc.nat(1500), fc.nat(8000), fc.nat(300)] as const),
    fc.string({ maxLength: 4 }),
  )
  .map(([text, from, length, at, cut, insert]) => {
    const part = text.slice(from, from + length)
    const place = at % Math.max(1, part.length)
    return part.slice(0, place) + insert + part.slice(place + cut)
  })

/** Each is held against one mesh, one after the other, and against those that it speaks of. */
export async function scanDamaged(manifests: number): Promise<Fuzzed> {
  const fuzzed: Fuzzed = { manifests: 0, seconds: 0, slowestMs: 0, grownMB: 0, defects: [] }
  const run = (text: string) => {
    const mesh = meshes[fuzzed.manifests % meshes.length]?.name ?? 'istio'
    const begin = performance.now()
    const { unread } = scan([{ file: 'm', text }], { today: '2026-11-21', meshes: [mesh] })
    fuzzed.slowestMs = Math.max(fuzzed.slowestMs, performance.now() - begin)
    fuzzed.manifests += 1
    for (const { message } of unread) if (message.includes('defect')) fuzzed.defects.push(message)
  }
  const batch = Math.max(1, Math.min(1000, Math.floor(manifests / 2)))
  const before = heapInUse()
  const begin = performance.now()
  while (fuzzed.manifests < manifests) {
    fc.assert(fc.property(objects, run), { numRuns: batch })
    fc.assert(fc.property(texts, run), { numRuns: batch })
    await others()
  }
  fuzzed.seconds = (performance.now() - begin) / 1000
  fuzzed.grownMB = (heapInUse() - before) / 1e6
  return fuzzed
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
