// SPDX-License-Identifier: Apache-2.0
// Handshakes of miners, as JSON allows them to be written; and their harmless neighbours.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { harmless, mining, pools } from './handshakes.ts'
import { run } from './automaton.ts'
import { unescape } from './escapes.ts'
import { stratumAutomaton, stratumLimit } from './stratum.ts'

const states = stratumAutomaton(stratumLimit)
const isMining = (input: string) => run(states, unescape(Buffer.from(input, 'latin1'))).length > 0

describe('mining handshakes', () => {
  it.each([...Object.entries(mining), ...Object.entries(pools)])('%s', (_, input) => {
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

  it('at the beginning only, where they are binary', () => {
    const setup = mining['stratum v2, set-up in clear'] ?? ''
    expect(isMining(`x${setup}`)).toBe(false)
  })

  it('an escaped quotation mark ends no word', () => {
    expect(isMining('{"text":"\\"mining.subscribe\\""}')).toBe(false)
    expect(isMining('{"text":"\\u0022mining.subscribe\\u0022"}')).toBe(false)
  })
  it('a broken escape hides nothing behind it', () => {
    for (const broken of ['\\', '\\u', '\\u0', '\\u00', '\\u00f', '\\x', '\\u0\\u00'])
      expect(isMining(`${broken} {"method":"mining.subscribe"}`), broken).toBe(true)
  })
})
