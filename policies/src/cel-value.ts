// SPDX-License-Identifier: Apache-2.0
// JSON as an expression sees it: whole numbers are CEL integers, and no key of the data can be taken for something of JavaScript's.

/** A label or annotation may be called `constructor`; as a property that would hide what kind of value the object is. */
const dangerous = ['constructor', '__proto__']

export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value ?? null
  if (Array.isArray(value)) return value.map(toCel)
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  if (dangerous.some((key) => Object.hasOwn(value, key)))
    return new Map(entries.map(([key, one]) => [key, toCel(one)]))
  const out: Record<string, unknown> = {}
  for (const [key, one] of entries) out[key] = toCel(one)
  return out
}
