// SPDX-License-Identifier: Apache-2.0
// The word somebody probably meant, by the same measure as for misspelt fields of policies.
import { nearest } from '../../policies/src/index.ts'

/** A name counts by its end as well: "checkuot" means "RuntimePolicy/shop/checkout". */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  const whole = nearest(word, known)
  if (whole !== undefined) return whole
  const ends = new Map(known.map((one) => [one.slice(one.lastIndexOf('/') + 1), one]))
  const end = nearest(word.slice(word.lastIndexOf('/') + 1), [...ends.keys()])
  return end === undefined ? undefined : ends.get(end)
}
