// SPDX-License-Identifier: Apache-2.0
// Where the values of a JSON text stand, found only when somebody asks: a whole cluster's list is parsed by
// the machine's own parser, and walked through once for the few fields that a finding points to.

const codes = { quote: 34, backslash: 92, comma: 44, open: 91, close: 93, brace: 123, unbrace: 125 }

/** The texts of JSON values that follow one another, each with its offset; `rest`: where something else begins. */
export function jsonValues(text: string): {
  values: { text: string; at: number }[]
  rest: number | null
} {
  const values: { text: string; at: number }[] = []
  for (let at = space(text, 0); at < text.length;) {
    const code = text.charCodeAt(at)
    const end = code !== codes.brace && code !== codes.open ? null : valueEnd(text, at)
    if (end === null) return { values, rest: at }
    values.push({ text: text.slice(at, end), at })
    at = space(text, end)
  }
  return { values, rest: null }
}

/** Finds values of a text that JSON.parse has accepted. */
export class JsonPlaces {
  readonly #text: string
  /** Lists and objects are walked through once, not once for every question. */
  readonly #lists = new Map<number, number[]>()
  readonly #objects = new Map<number, Map<string, { at: number; name: number }>>()

  constructor(text: string) {
    this.#text = text
  }

  /** The value at the path, or the nearest thing above it: offsets of its begin, its end and its name. */
  find(path: readonly (string | number)[]): { at: number; end: number; name: number | null } {
    let at = space(this.#text, 0)
    let name: number | null = null
    for (const step of path) {
      const inList = this.#text.charCodeAt(at) === codes.open
      const below = inList ? this.#item(at, Number(step)) : this.#field(at, String(step))
      if (below === null) break
      at = below.at
      name = below.name
    }
    return { at, end: valueEnd(this.#text, at) ?? this.#text.length, name }
  }

  #item(list: number, index: number): { at: number; name: null } | null {
    const known = this.#lists.get(list) ?? [...items(this.#text, list)]
    this.#lists.set(list, known)
    const at = known[index]
    return at === undefined ? null : { at, name: null }
  }

  #field(object: number, key: string): { at: number; name: number } | null {
    const known = this.#objects.get(object) ?? fieldsOf(this.#text, object)
    this.#objects.set(object, known)
    return known.get(key) ?? null
  }
}

/** The last of several of the same name counts, as JSON.parse has it. */
function fieldsOf(text: string, object: number): Map<string, { at: number; name: number }> {
  const found = new Map<string, { at: number; name: number }>()
  if (text.charCodeAt(object) !== codes.brace) return found
  let name = space(text, object + 1)
  while (text.charCodeAt(name) === codes.quote) {
    const nameEnd = valueEnd(text, name) ?? text.length
    const at = space(text, space(text, nameEnd) + 1)
    found.set(String(JSON.parse(text.slice(name, nameEnd))), { at, name })
    const after = space(text, valueEnd(text, at) ?? text.length)
    if (text.charCodeAt(after) !== codes.comma) break
    name = space(text, after + 1)
  }
  return found
}

function* items(text: string, list: number): Generator<number> {
  let at = space(text, list + 1)
  while (at < text.length && text.charCodeAt(at) !== codes.close) {
    yield at
    const after = space(text, valueEnd(text, at) ?? text.length)
    if (text.charCodeAt(after) !== codes.comma) return
    at = space(text, after + 1)
  }
}

function space(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at += 1
  }
}

/** The offset behind a value; null when the text ends within it. */
function valueEnd(text: string, from: number): number | null {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === codes.quote) {
      const end = stringEnd(text, at)
      if (end === null) return null
      if (depth === 0) return end
      at = end - 1
    } else if (code === codes.open || code === codes.brace) depth += 1
    else if (code === codes.close || code === codes.unbrace) {
      // The end of what a number or word stands in.
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (code === codes.comma || code <= 32)) return at
  }
  return depth === 0 ? text.length : null
}

function stringEnd(text: string, from: number): number | null {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === codes.backslash) at += 1
    else if (code === codes.quote) return at + 1
  }
  return null
}
