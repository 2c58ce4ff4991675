// SPDX-License-Identifier: Apache-2.0
// The policies we ship: explained, free of problems, enforceable by this build, and doing what their prose says.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { evaluate } from './evaluate.ts'
import { load } from './load.ts'
import { isRuntime } from './policy-key.ts'

const folder = join(import.meta.dirname, '../library')
const texts = readdirSync(folder).map((file) => ({
  file,
  text: readFileSync(join(folder, file), 'utf8'),
}))
const { policies, problems } = load(texts, { enforceable: true, today: '2026-01-01' })
const audited = (name: string, decision: Parameters<typeof evaluate>[1]) =>
  evaluate(
    policies.filter(isRuntime).filter(({ policy }) => policy.metadata.name === name),
    decision,
  ).audited.verdict

describe('the library', () => {
  it('has no problems', () => {
    expect(problems).toEqual([])
  })
  it('has one policy a file, named like it, in audit', () => {
    expect(policies.map(({ policy }) => `${policy.metadata.name}.yaml`)).toEqual(
      texts.map(({ file }) => file),
    )
    for (const { policy } of policies.filter(isRuntime)) expect(policy.spec.mode).toBe('audit')
  })
  it.each(texts)('$file says what it is for', ({ text }) => {
    expect(text).toMatch(/^# SPDX.*\n# [A-Z].{60,}\n# .{40,}\n/)
  })
  it('web-service denies a shell', () => {
    expect(audited('web-service', { kind: 'exec', exe: '/bin/sh', from: '/sbin/tini' })).toBe(
      'deny',
    )
    expect(
      audited('web-service', { kind: 'exec', exe: '/usr/local/bin/node', from: '/sbin/tini' }),
    ).toBe('allow')
  })
  it('metadata-endpoint-guard covers both ways to write the address', () => {
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254'])
      expect(
        audited('metadata-endpoint-guard', {
          kind: 'egress',
          exe: '/a',
          from: null,
          protocol: 'TCP',
          address,
          port: 80,
        }),
      ).toBe('deny')
  })
  it('deny-miners leaves everything else alone', () => {
    expect(
      audited('deny-miners', { kind: 'protocol', exe: null, from: null, protocol: 'stratum' }),
    ).toBe('deny')
    expect(audited('deny-miners', { kind: 'exec', exe: '/tmp/x/xmr', from: '/bin/sh' })).toBe(
      'deny',
    )
    expect(audited('deny-miners', { kind: 'exec', exe: '/usr/bin/x', from: '/bin/sh' })).toBe(
      'allow',
    )
  })
})
