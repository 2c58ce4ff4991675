// SPDX-License-Identifier: Apache-2.0
// Random numbers that a seed repeats.

export type Random = (below: number) => number

/** mulberry32 */
export function random(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below) | 0
  }
}

export const pick = <T>(next: Random, list: readonly T[]): T => list[next(list.length)] as T
