// SPDX-License-Identifier: Apache-2.0
// What a person sees of a decision: short enough for kubectl and a terminal, whatever others wrote into it.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Decision } from './admit.ts'
import { answerTo } from './answer.ts'
import type { Finding } from './finding.ts'
import { readReview, writeAnswer } from './review.ts'
import { podOf, reviewOf } from './specimens.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const read = readReview(JSON.stringify(reviewOf({ object: podOf() })))
if ('why' in read) throw new Error(read.why)
const review = read
const finding = (more: Partial<Finding>): Finding => ({
  id: 'host-network',
  mesh: 'istio',
  object: 'Pod/shop/cart',
  path: 'spec.hostNetwork',
  severity: 'high',
  message: 'hostNetwork is true',
  remedy: 'set hostNetwork to false',
  ...more,
})
type Mode = 'audit' | 'warn' | 'deny'
const decisionOf = (
  action: Mode,
  findings: Finding[],
  policies = ['CoveragePolicy/mesh'],
): Decision => ({
  action,
  judgements: [],
  findings,
  objections: policies.flatMap((policy) =>
    findings.map((one) => ({ finding: one, mode: action, policy, class: 'all' })),
  ),
})
type Response = {
  warnings?: string[]
  auditAnnotations?: Record<string, string>
  status?: { message: string }
}
const response = (decision: Decision) =>
  (JSON.parse(writeAnswer(answerTo(review, decision))) as { response: Response }).response

describe('a warning', () => {
  const warning = (more: Partial<Finding>) =>
    response(decisionOf('warn', [finding(more)])).warnings?.[0] ?? ''
  test('says what, why, rule, remedy and policy', () => {
    expect(warning({})).toBe(
      'Pod/shop/cart is not covered by istio: hostNetwork is true [host-network] (set hostNetwork to false; CoveragePolicy/mesh)',
    )
  })
  test('leaves out the policy first, then the remedy, never the rule', () => {
    expect(warning({ message: 'm'.repeat(165) })).toMatch(
      /\[host-network\] \(set hostNetwork to false\)$/,
    )
    expect(warning({ message: 'm'.repeat(250) })).toMatch(/mmm\.\.\. \[host-network\]$/)
  })
  test('keeps what and why in front of a name as long as a name can be', () => {
    const text = warning({
      object: `Pod/${'n'.repeat(63)}/${'p'.repeat(253)}`,
      message: 'ü'.repeat(300),
    })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256)
    expect(text).toMatch(/^Pod\/n+\/p*\.\.\. is not covered by istio: ü+\.\.\. \[host-network\]$/)
  })
})

test('two policies that say the same warn once', () => {
  const both = response(
    decisionOf(
      'warn',
      [finding({ message: 'm'.repeat(200) })],
      ['CoveragePolicy/a', 'CoveragePolicy/b'],
    ),
  )
  expect(both.warnings).toHaveLength(1)
  expect(both.auditAnnotations?.policy).toBe('CoveragePolicy/a,CoveragePolicy/b')
})

test('of many findings the last warning counts what there is no room for', () => {
  const many = Array.from({ length: 40 }, (_, i) => finding({ id: `rule-${i}`, path: `${i}` }))
  const { warnings = [] } = response(decisionOf('warn', many))
  expect(warnings).toHaveLength(16)
  expect(warnings.at(-1)).toMatch(/^and 25 more: rule-15, rule-16/)
})

test('a denial of many names the first and ten others', () => {
  const many = Array.from({ length: 40 }, (_, i) => finding({ id: `rule-${i}` }))
  const message = response(decisionOf('deny', many)).status?.message
  expect(message).toContain('[rule-0] in Pod/shop/cart; set hostNetwork to false')
  expect(message).toMatch(/; and 39 more: rule-1, rule-2, .*, rule-10, …$/)
})

test('whatever is in it, everything stays within its bounds', () => {
  const text = fc.string({ unit: 'binary', maxLength: 600 })
  const anything = fc.record({
    id: text,
    mesh: text,
    object: text,
    path: text,
    message: text,
    remedy: text,
  })
  fc.assert(
    fc.property(
      fc.array(anything, { minLength: 1, maxLength: 30 }),
      fc.constantFrom<Mode>('audit', 'warn', 'deny'),
      (found, action) => {
        const {
          warnings = [],
          auditAnnotations = {},
          status,
        } = response(
          decisionOf(
            action,
            found.map((one) => finding(one)),
          ),
        )
        expect(warnings.length).toBeLessThanOrEqual(16)
        const words = [...warnings, ...Object.values(auditAnnotations), status?.message ?? '']
        for (const one of warnings) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(256)
        for (const one of words) {
          expect(Buffer.byteLength(one)).toBeLessThanOrEqual(4096)
          expect(one.isWellFormed()).toBe(true)
          expect(one).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
        }
      },
    ),
    { numRuns: 200 },
  )
})
