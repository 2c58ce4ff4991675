// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { mayPreempt, type PreemptionSources } from './preemption.ts'

const dynamic = '#1 SMP PREEMPT_DYNAMIC Debian 7.2.12-1 (2026-11-04)'
const from = (sources: Partial<PreemptionSources>): boolean =>
  mayPreempt({ version: dynamic, mode: null, arguments: null, configuration: null, ...sources })

test('a kernel without preemption does not preempt', () => {
  expect(from({ version: '#1 SMP Debian 5.10.262-1 (2026-07-31)' })).toBe(false)
})

test('one that always preempts does', () => {
  expect(from({ version: '#1 SMP PREEMPT Debian' })).toBe(true)
  expect(from({ version: '#1 SMP PREEMPT_RT Debian' })).toBe(true)
})

test.for([
  ['full (lazy) ', true],
  ['none voluntary (full) lazy', true],
  ['none (voluntary) full', false],
  ['(none) voluntary full', false],
] as const)('what it says counts most: %s', ([mode, expected]) => {
  expect(from({ mode, arguments: 'quiet preempt=full', configuration: '' })).toBe(expected)
})

test('then what it was booted with, then how it was built', () => {
  const configuration = 'CONFIG_PREEMPT_VOLUNTARY=y\nCONFIG_PREEMPT_DYNAMIC=y\n'
  expect(from({ arguments: 'quiet preempt=full', configuration })).toBe(true)
  expect(from({ arguments: 'preempt=none', configuration: 'CONFIG_PREEMPT=y\n' })).toBe(false)
  expect(from({ arguments: 'quiet', configuration })).toBe(false)
  expect(from({ arguments: 'quiet', configuration: 'CONFIG_PREEMPT_LAZY=y\n' })).toBe(true)
})

test('where nobody can tell it may', () => {
  expect(from({})).toBe(true)
})
