// SPDX-License-Identifier: Apache-2.0
// Two programs that talk (talk.c), and what they print: how many exchanges, and how long they took.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { compiler } from '../../test/harness/compiler.ts'

export interface Talk {
  /** Exchanges, connections or bytes. */
  done: number
  ms: number
  /** Nanoseconds, as 32 buckets for each power of two, with how many were in each. */
  buckets: Record<string, number>
}

/** Compiles talk.c; answers the program's path. */
export function makeTalk(folder: string): string {
  const program = join(folder, 'talk')
  execFileSync(compiler(), ['-O2', '-o', program, join(import.meta.dirname, 'talk.c')])
  return program
}

/** Several clients' as one. */
export function together(talks: readonly Talk[]): Talk {
  const buckets: Record<string, number> = {}
  for (const one of talks)
    for (const [bucket, count] of Object.entries(one.buckets))
      buckets[bucket] = (buckets[bucket] ?? 0) + count
  const done = talks.reduce((sum, one) => sum + one.done, 0)
  return { done, ms: Math.max(...talks.map((one) => one.ms)), buckets }
}

/** Microseconds that the fraction `q` of the exchanges took at most: the middle of its bucket, within 2 %. */
export function micros({ buckets }: Talk, q: number): number {
  const rows = Object.entries(buckets)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([a], [b]) => a - b)
  const all = rows.reduce((sum, [, count]) => sum + count, 0)
  let seen = 0
  for (const [bucket, count] of rows) {
    seen += count
    if (seen < q * all) continue
    const [power, part] = [Math.floor(bucket / 32), bucket % 32]
    return (2 ** power * (1 + (part + 0.5) / 32)) / 1000
  }
  return NaN
}
