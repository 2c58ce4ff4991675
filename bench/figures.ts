// SPDX-License-Identifier: Apache-2.0
// Figures for people and for programs: medians with their range, ratios within one round, and the last line that a
// program reads. A ratio is taken in each round, so that what else the machine does falls on both sides.

export interface Spread {
  median: number
  low: number
  high: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    low: sorted[0] ?? NaN,
    high: sorted.at(-1) ?? NaN,
  }
}

/** Of sorted values; the nearest rank. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}

export const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3)

export const show = ({ median, low, high }: Spread): string =>
  `${round(median)} (${round(low)}–${round(high)})`

export const say = (line: string): void => console.log(line)

/** The last line of a bench: name=value pairs. */
export function summary(name: string, values: Record<string, number | string>): void {
  const pairs = Object.entries(values).map(
    ([key, value]) => `${key}=${typeof value === 'number' ? round(value) : value}`,
  )
  say(`bench ${name}: ${pairs.join(' ')}`)
}

/** A figure without its precondition would be a lie. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`bench: precondition failed: ${what}`)
}
