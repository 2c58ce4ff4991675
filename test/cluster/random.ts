// SPDX-License-Identifier: Apache-2.0
// Random choices that a seed repeats, and the small vocabulary of labels that makes random selectors fit now and then.

export type Random = {
  seed: number
  /** From 0 up to, not including, `below`. */
  below: (below: number) => number
  chance: (percent: number) => boolean
  one: <T>(from: readonly T[]) => T
  some: <T>(from: readonly T[], most: number) => T[]
  shuffled: <T>(from: readonly T[]) => T[]
}

/** A seed out of UNDERPIN_SEED, to repeat a run. */
export function seeded(
  seed = Number(process.env['UNDERPIN_SEED'] ?? Date.now() % 1_000_000),
): Random {
  let state = seed >>> 0
  // Mulberry32: enough for choices, nothing for secrets.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (most: number) => Math.floor(next() * most)
  const one = <T>(from: readonly T[]): T => {
    if (from.length === 0) throw new Error('choose: nothing to choose from')
    return from[below(from.length)] as T
  }
  const shuffled = <T>(from: readonly T[]): T[] =>
    from
      .map((value) => ({ value, at: next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value)
  return {
    seed,
    below,
    one,
    shuffled,
    chance: (percent) => next() * 100 < percent,
    some: (from, most) => shuffled(from).slice(0, 1 + below(Math.min(most, from.length))),
  }
}

export const keys = ['team', 'env', 'istio-injection', 'istio.io/rev', 'sidecar.istio.io/inject']
export const values = ['a', 'b', '', 'enabled', 'true', 'false']

export function labels(random: Random): Record<string, string | null> | undefined {
  if (random.chance(20)) return undefined
  const chosen = random.chance(10) ? [] : random.some(keys, 4)
  // A null is an empty text to the API server, and so is "".
  const value = () => (random.chance(3) ? null : random.one(values))
  return Object.fromEntries(chosen.map((key) => [key, value()]))
}

/** As people write them, and as they should not: absent, null, empty, with null for a value. */
export function selector(random: Random, namespaces: readonly string[] = []): unknown {
  if (random.chance(55)) return random.one([undefined, null, {}, { matchLabels: null }])
  const matchLabels = random.chance(50)
    ? Object.fromEntries(
        random.some(keys, 2).map((key) => [key, random.chance(5) ? null : random.one(values)]),
      )
    : undefined
  const matchExpressions = random.chance(60)
    ? Array.from({ length: 1 + random.below(2) }, () => expression(random, namespaces))
    : undefined
  return { matchLabels, matchExpressions }
}

function expression(random: Random, namespaces: readonly string[]): unknown {
  const operator = random.one(['In', 'NotIn', 'NotIn', 'Exists', 'DoesNotExist', 'DoesNotExist'])
  const byName = namespaces.length > 0 && random.chance(25)
  const key = byName ? 'kubernetes.io/metadata.name' : random.one(keys)
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return random.chance(50) ? { key, operator } : { key, operator, values: [] }
  }
  return { key, operator, values: random.some(byName ? namespaces : values, byName ? 8 : 3) }
}
