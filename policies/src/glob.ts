// SPDX-License-Identifier: Apache-2.0
// Wildcards over any sequence: used for the characters of a component and for the components of a path.
// Never exponential: only the last wildcard met is ever reconsidered.

/** `pattern` holds items and `wild` where any number of items may stand. */
export function globMatches<P, T>(
  pattern: readonly P[],
  text: ArrayLike<T>,
  isWild: (item: P) => boolean,
  same: (item: P, one: T) => boolean,
): boolean {
  let [p, t, star, resume] = [0, 0, -1, 0]
  while (t < text.length) {
    const item = pattern[p]
    if (item !== undefined && isWild(item)) {
      ;[star, resume] = [p, t]
      p++
    } else if (item !== undefined && same(item, text[t] as T)) {
      p++
      t++
    } else if (star >= 0) {
      // Let the last wildcard take one more, and try again behind it.
      p = star + 1
      t = ++resume
    } else return false
  }
  while (p < pattern.length && isWild(pattern[p] as P)) p++
  return p === pattern.length
}

/** `*` stands for any characters; everything else for itself. */
export function textMatches(pattern: string, text: string): boolean {
  return globMatches(
    [...pattern],
    [...text],
    (c) => c === '*',
    (a, b) => a === b,
  )
}
