// SPDX-License-Identifier: Apache-2.0
// What the kernel learned of names, and what it did not believe or had no room for: telling a broken resolver from a policy.
import { counted } from './screen.ts'

const reasons: [counter: string, what: string][] = [
  [
    'dns_untrusted',
    'questions to somebody who is no resolver of the subject: their answers teach nothing',
  ],
  ['dns_unasked', 'answers that nobody asked for, or not from where the question went'],
  ['dns_malformed', 'answers that were not whole'],
  ['dns_unread', 'messages that could not be read: TCP over several segments, or no room'],
  ['dns_crowded', 'names that had no place or lost it: an address with more than four at a time'],
  ['dns_evicted', 'addresses that still counted and made place for another one'],
  ['dns_full', 'addresses that were not learned: no room'],
]

/** Nothing where nothing is odd. */
export function nameLines(counters: Readonly<Record<string, number>>): string[] {
  const odd = reasons.filter(([counter]) => (counters[counter] ?? 0) > 0)
  if (odd.length === 0) return []
  const { dns_asked: asked = 0, dns_learned: learned = 0 } = counters
  return [
    '',
    `names: ${counted(asked, 'question')} to resolvers, ${counted(learned, 'address', 'addresses')} learned; besides`,
    ...odd.map(([counter, what]) => `  ${counters[counter] ?? 0} × ${what}`),
  ]
}
