// SPDX-License-Identifier: Apache-2.0
// Handshakes of miners, as JSON allows them to be written; and their harmless neighbours.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { harmless, mining } from './handshakes.ts'
import { run } from './automaton.ts'
import { stratumAutomaton } from './stratum.ts'

const states = stratumAutomaton(2500)
const isMining = (input: string) => run(states, Buffer.from(input, 'latin1')).length > 0

describe('mining handshakes', () => {
  it.each(Object.entries(mining))('%s', (_, input) => {
    expect(isMining(input)).toBe(true)
  })
  it.each(Object.entries(harmless))('not: %s', (_, input) => {
    expect(isMining(input)).toBe(false)
  })

  it('are found with any letters escaped, behind anything', () => {
    const escaped = (letter: string, how: number) => {
      const hex = letter.charCodeAt(0).toString(16).padStart(4, '0')
      return how === 0 ? letter : `\\u${how === 1 ? hex : hex.toUpperCase()}`
    }
    fc.assert(
      fc.property(
        fc.constantFrom('mining.subscribe', 'mining.authorize', 'mining.submit', 'eth_submitLogin'),
        fc.array(fc.nat(2), { minLength: 30, maxLength: 30 }),
        fc.string({ maxLength: 60 }),
        (method, how, before) => {
          const word = [...method].map((c, i) => escaped(c, how[i] ?? 0)).join('')
          expect(isMining(`${before}{"method":"${word}"}`)).toBe(true)
        },
      ),
    )
  })

  it('need few enough states for the kernel table', () => {
    expect(states.length).toBeLessThan(2500)
  })
})
