// SPDX-License-Identifier: Apache-2.0
// The word somebody probably meant: for misspelt fields, kinds and values.

/** The closest of `known`, if it is close enough to be a slip of the fingers. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const ranked = known
    .map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.one : undefined
}

/** Letters to insert, delete, replace or swap with their neighbour (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    new Array<number>(b.length + 1).fill(i),
  )
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      const row = rows[i] ?? []
      if (i === 0) row[j] = j
      else if (j > 0) {
        row[j] = Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
          a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] && i > 1 && j > 1
            ? at(i - 2, j - 2) + 1
            : Infinity,
        )
      }
    }
  }
  return at(a.length, b.length)
}
