// SPDX-License-Identifier: Apache-2.0
// Automata against what they are made from: cgroup patterns as policies/ reads them, and a search as includes() does.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cgroupMatches, parseCgroupPattern } from '../../../policies/src/index.ts'
import { buildAutomaton, run, text } from './automaton.ts'
import { cgroupPart } from './cgroup-automaton.ts'

const options = { search: false, limit: 2000, what: 'test' }
const name = fc.stringMatching(/^[ab.]{1,3}$/)
const component = fc.oneof(
  fc.stringMatching(/^[ab.*]{1,3}$/).filter((c) => !c.includes('**') && c !== '.' && c !== '..'),
  fc.constant('**'),
)
const several = { minLength: 1, maxLength: 4 }
const pattern = fc.array(component, several).map((parts) => `/${parts.join('/')}`)
const path = fc.array(name, several).map((parts) => `/${parts.join('/')}`)

describe('automaton', () => {
  it('accepts the cgroups that each of several patterns matches, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        fc.array(path, { minLength: 5, maxLength: 5 }),
        (patterns, paths) => {
          const states = buildAutomaton(
            patterns.map((p, means) => ({ part: cgroupPart(p), means })),
            options,
          )
          for (const asked of paths) {
            const expected = patterns.flatMap((p, i) =>
              cgroupMatches(parseCgroupPattern(p), asked) ? [i] : [],
            )
            expect(run(states, Buffer.from(asked)), `${patterns.join(' ')} ${asked}`).toEqual(
              expected,
            )
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds a word anywhere, and never forgets it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ab]{1,4}$/),
        fc.stringMatching(/^[ab]{0,20}$/),
        (word, input) => {
          const states = buildAutomaton([{ part: text(word), means: 7 }], {
            ...options,
            search: true,
          })
          expect(run(states, Buffer.from(input))).toEqual(input.includes(word) ? [7] : [])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses more states than there is room for', () => {
    expect(() =>
      buildAutomaton([{ part: text('a'.repeat(100)), means: 1 }], { ...options, limit: 50 }),
    ).toThrow(/more than 50 states/)
  })
})
