// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import {
  mechanismsAttached,
  mechanismsOf,
  obstacle,
  type DecisionName,
  type KernelFacts,
  type LeftOut,
} from './mechanisms.ts'
import type { MechanismName } from './probe.ts'

const facts = (works: MechanismName[], more: Partial<KernelFacts> = {}): KernelFacts => ({
  release: '6.12.1',
  securityModules: ['lockdown', 'capability', 'yama', 'bpf'],
  lockdown: 'none',
  probes: (['lsm', 'fmod_ret', 'signal'] as const).map((mechanism) => ({
    mechanism,
    works: works.includes(mechanism),
    reason: '',
  })),
  readsKernelMemory: true,
  preemptible: false,
  origin: { works: true, reason: 'tells them apart' },
  ...more,
})
const row = (given: KernelFacts, decision: DecisionName, leftOut: LeftOut[] = []) =>
  mechanismsOf(given, leftOut).find((one) => one.decision === decision)

test('the best mechanism that works carries out all that hooks can refuse, and lacks nothing', () => {
  for (const best of ['lsm', 'fmod_ret'] as const)
    for (const decision of ['exec', 'code', 'file', 'privilege', 'socket'] as const)
      expect(row(facts([best, 'signal']), decision)).toEqual({ decision, mechanism: best })
})

test('where only a signal works, exec is killed, the rest is not decided, and the boot line that helps is named', () => {
  const given = facts(['signal'], { securityModules: ['lockdown', 'capability', 'yama'] })
  expect(row(given, 'exec')).toMatchObject({
    mechanism: 'signal',
    degraded: expect.stringContaining('killed') as string,
    better: expect.stringContaining('lsm=lockdown,yama,bpf') as string,
  })
  for (const decision of ['code', 'file', 'privilege', 'socket'] as const)
    expect(row(given, decision)).toMatchObject({
      mechanism: 'none',
      degraded: expect.stringMatching(/\w/) as string,
    })
  expect(row(given, 'egress')).toEqual({ decision: 'egress', mechanism: 'cgroup' })
})

test('a hook that is left out costs its own decision only, and says what and since when', () => {
  const lacking: LeftOut = { decision: 'privilege', hook: 'userns_create', refused: '' }
  expect(row(facts(['lsm']), 'privilege', [lacking])).toMatchObject({
    mechanism: 'lsm',
    degraded: 'making a user namespace is not decided',
    better: 'Linux 6.1 or newer',
  })
  expect(row(facts(['lsm']), 'file', [lacking])).toEqual({ decision: 'file', mechanism: 'lsm' })
  const refused: LeftOut = { decision: 'file', hook: 'file_open', refused: 'EINVAL' }
  expect(row(facts(['lsm']), 'file', [refused])?.degraded).toContain('file_open')
})

test('where an overlay cannot be looked into, origin is degraded', () => {
  const origin = { works: false, reason: 'no overlay' }
  expect(row(facts(['lsm'], { origin }), 'origin')).toMatchObject({
    mechanism: 'none',
    better: expect.stringContaining('overlay') as string,
  })
})

test('where programs read no kernel memory, nothing is enforced, by whatever', () => {
  const given = facts(['lsm', 'signal'], { readsKernelMemory: false, lockdown: 'confidentiality' })
  expect(obstacle(given)?.found).toContain('confidentiality')
  for (const { mechanism, degraded, better } of mechanismsOf(given, []))
    expect({ mechanism, says: Boolean(degraded && better) }).toEqual({
      mechanism: 'none',
      says: true,
    })
})

test('the names of attached programs tell as much', () => {
  const found = mechanismsAttached(['exec_done', 'exec_lsm', 'file_lsm_file_open', 'connect4'])
  const by = Object.fromEntries(found.map(({ decision, mechanism }) => [decision, mechanism]))
  expect(by).toMatchObject({ exec: 'lsm', file: 'lsm', code: 'none', egress: 'cgroup' })
  expect(mechanismsAttached(['exec_done'])[0]).toEqual({ decision: 'exec', mechanism: 'signal' })
})
