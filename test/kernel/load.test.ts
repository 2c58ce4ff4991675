// SPDX-License-Identifier: Apache-2.0
// Every program loads on this kernel, with room left for the verifier; nothing is left out but hooks that are younger
// than the kernel.
import { release } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import { lookAtKernel } from '../../enforcer/src/kernel/facts.ts'
import { programOf } from '../../enforcer/src/kernel/in-force.ts'
import { inspectKernel } from '../../enforcer/src/kernel/inspect.ts'
import * as bpf from '../../enforcer/src/kernel/libbpf.ts'
import { loadFor } from '../../enforcer/src/kernel/loading.ts'
import {
  chosenOf,
  mechanismsOf,
  type DecisionMechanism,
  type KernelFacts,
} from '../../enforcer/src/kernel/mechanisms.ts'
import { youngerHooks } from '../../enforcer/src/kernel/programs.ts'
import { has } from '../harness/features.ts'
import { documents, kernelAtLeast, objects, Sandbox } from '../harness/sandbox.ts'

const object = `${objects}/underpin.bpf.o`
/** Of the million instructions that the verifier walks for one program. */
const most = 700_000

let facts: KernelFacts
beforeAll(async () => {
  facts = await lookAtKernel(objects)
})

test('what is left out is younger than this kernel', () => {
  const { object: handle, programs, leftOut } = loadFor(object, chosenOf(facts))
  try {
    expect(programs.length).toBeGreaterThan(10)
    for (const { hook, refused } of leftOut) {
      expect(refused, `${hook} on ${release()}`).toBe('')
      expect(youngerHooks[hook], `${hook} is missing on ${release()}`).toBeDefined()
      expect(kernelAtLeast(youngerHooks[hook]?.since ?? '0'), hook).toBe(false)
    }
    for (const { program, handle: one } of has('walkedInstructions') ? programs : []) {
      const { walked } = programOf(bpf.programFd(one))
      expect(walked, program.name).toBeGreaterThan(0)
      expect(walked, program.name).toBeLessThan(most)
    }
  } finally {
    bpf.closeObject(handle)
  }
})

test('the mechanism is the one that this kernel is booted for', () => {
  const expected = process.env['UNDERPIN_EXPECT_MECHANISM']
  const found = chosenOf(facts)
  if (expected !== undefined) expect(found).toBe(expected)
  else expect(found, 'no way to stop an exec works here').not.toBeNull()
})

test('files of an image can be told from those written later', () => {
  expect(facts.origin).toEqual({ works: true, reason: 'tells them apart' })
})

test('every decision has a row, and what is less than possible says why and how to get more', () => {
  const rows = mechanismsOf(facts, [])
  expect(new Set(rows.map(({ decision }) => decision)).size).toBe(14)
  const incomplete = ({ mechanism, degraded, better }: DecisionMechanism) =>
    (mechanism === 'none' && !degraded) || Boolean(degraded) !== Boolean(better)
  expect(rows.filter(incomplete)).toEqual([])
})

test('of what is in force the same is told as of what is loaded to see', async () => {
  const s = new Sandbox({ alone: true })
  try {
    await s.start(documents(s.policy('any', 'any', {})))
    const inForce = await inspectKernel(objects, s.pins)
    const loaded = await inspectKernel(objects, null)
    expect(inForce.mechanisms).toEqual(loaded.mechanisms)
    expect(inForce.programs).toEqual({
      ...loaded.programs,
      inForce: true,
      mapBytes: expect.any(Number) as number, // not empty any more
    })
    expect(loaded.programs).toMatchObject({ inForce: false })
  } finally {
    s.close()
  }
})
