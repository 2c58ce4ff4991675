// SPDX-License-Identifier: Apache-2.0
// Looking into data that may not have its shape: everything asked for may be missing or something else.
import type { Path } from './problem.ts'

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function at(value: unknown, ...steps: (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? (inner as Record<string | number, unknown>)[step]
        : undefined,
    value,
  )
}

export function listAt(value: unknown, ...steps: (string | number)[]): unknown[] {
  const found = at(value, ...steps)
  return Array.isArray(found) ? found : []
}

/** Every value below and including `value`, outermost first. */
export function* everyValue(
  value: unknown,
  path: Path = [],
): Generator<{ path: Path; value: unknown }> {
  yield { path, value }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    yield* everyValue(inner, [...path, Array.isArray(value) ? Number(key) : key])
}
