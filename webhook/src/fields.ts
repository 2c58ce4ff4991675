// SPDX-License-Identifier: Apache-2.0
// Reads objects that others wrote. Own properties only, so that a key called "constructor" or "__proto__"
// is a key like any other; a value of the wrong type counts as absent (the API server refuses it anyway).

export type Fields = Readonly<Record<string, unknown>>

/** With the path as a list: handing it on one by one would cost more than the look-up, millions of times. */
function at(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key))
      return undefined
    current = (current as Fields)[key]
  }
  return current
}

export function field(value: unknown, ...path: string[]): unknown {
  return at(value, path)
}

export function fields(value: unknown, ...path: string[]): Fields {
  return fieldsAt(value, path)
}

function fieldsAt(value: unknown, path: readonly string[]): Fields {
  const found = at(value, path)
  return isFields(found) ? found : {}
}

export function text(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, path)
  return typeof found === 'string' ? found : undefined
}

export function number(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, path)
  return typeof found === 'number' ? found : undefined
}

export function isTrue(value: unknown, ...path: string[]): boolean {
  return at(value, path) === true
}

export function list(value: unknown, ...path: string[]): readonly unknown[] {
  return listAt(value, path)
}

function listAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const found = at(value, path)
  return Array.isArray(found) ? found : []
}

export function texts(value: unknown, ...path: string[]): string[] {
  return listAt(value, path).filter((item) => typeof item === 'string')
}

/** Labels and annotations as a Map: looking up any key is safe. A null is an empty text, as the API server decodes it. */
export type Marks = ReadonlyMap<string, string>

/** One for all: of thousands of namespaces most have no annotations. */
const none: Marks = new Map()

export function marks(value: unknown, ...path: string[]): Marks {
  const found = fieldsAt(value, path)
  const keys = Object.keys(found)
  if (keys.length === 0) return none
  const made = new Map<string, string>()
  for (const key of keys) {
    const one = found[key]
    if (one === null) made.set(key, '')
    else if (typeof one === 'string') made.set(key, one)
  }
  return made
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
