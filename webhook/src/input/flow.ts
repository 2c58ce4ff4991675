// SPDX-License-Identifier: Apache-2.0
// Values that stand on one line of YAML: quoted text, words, [lists] and {mappings}. Whatever is not
// ordinary stops the reading with `Unusual`: the full YAML reader then has a look.

import { plainScalar } from './scalar.ts'

/** Not wrong, only not ordinary. */
export class Unusual extends Error {}

export type Cursor = { text: string; at: number }

const deepest = 100

export const codes = {
  tab: 9,
  newline: 10,
  space: 32,
  quote: 34,
  hash: 35,
  apostrophe: 39,
  comma: 44,
  dash: 45,
  colon: 58,
  open: 91,
  backslash: 92,
  close: 93,
  openBrace: 123,
  closeBrace: 125,
} as const

/** Characters that mean something else at the beginning of a word. */
const indicators = new Set([...'&*!|>%@`?,[]{}#"\''].map((one) => one.charCodeAt(0)))

export function isBlank(code: number): boolean {
  return code === codes.space || code === codes.newline || Number.isNaN(code)
}

/** "…" or '…', on this line; the cursor is behind it afterwards. */
export function quoted(cursor: Cursor): string {
  const { text, at } = cursor
  const double = text.charCodeAt(at) === codes.quote
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === codes.newline) break
    if (double && code === codes.backslash) end += 1
    else if (!double && code === codes.apostrophe) {
      if (text.charCodeAt(end + 1) !== codes.apostrophe) return taken(cursor, end + 1, unquoted)
      end += 1
    } else if (double && code === codes.quote) return taken(cursor, end + 1, unescaped)
  }
  throw new Unusual()
}

function taken(cursor: Cursor, end: number, read: (text: string) => string): string {
  const raw = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return read(raw)
}

const unquoted = (raw: string): string => raw.slice(1, -1).replaceAll("''", "'")

/** JSON's escapes are YAML's as well; YAML has more. */
function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw.slice(1, -1)
  try {
    // A tab is no character of JSON's: rare enough for the full reader.
    return JSON.parse(raw) as string
  } catch {
    throw new Unusual()
  }
}

/** A word without quotes, up to the end of the line or its comment; may not hold another "key: value". */
export function word(cursor: Cursor): string {
  const { text, at } = cursor
  if (isIndicator(text, at)) throw new Unusual()
  let end = at
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === codes.newline) break
    if (code === codes.tab) throw new Unusual()
    if (code === codes.hash && text.charCodeAt(end - 1) === codes.space) break
    if (code === codes.colon && isBlank(text.charCodeAt(end + 1))) throw new Unusual()
  }
  cursor.at = end
  return text.slice(at, end).trimEnd()
}

/** - ? and : begin a word only when something follows directly. */
export function isIndicator(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (
    indicators.has(code) ||
    ((code === codes.dash || code === codes.colon) && isBlank(text.charCodeAt(at + 1)))
  )
}

/** Told where each value of a list or mapping stands; for findings only. */
export type Tell = (key: string | number, at: number, name: number | null) => Tell | null

export function flow(cursor: Cursor, tell: Tell | null, depth = 0): unknown {
  if (depth > deepest) throw new Unusual()
  const code = cursor.text.charCodeAt(cursor.at)
  if (code === codes.open) return flowList(cursor, tell, depth)
  if (code === codes.openBrace) return flowFields(cursor, tell, depth)
  if (code === codes.quote || code === codes.apostrophe) return quoted(cursor)
  return plainScalar(flowWord(cursor))
}

function flowList(cursor: Cursor, tell: Tell | null, depth: number): unknown[] {
  const out: unknown[] = []
  cursor.at += 1
  for (;;) {
    skip(cursor)
    if (cursor.text.charCodeAt(cursor.at) === codes.close) break
    const below = tell?.(out.length, cursor.at, null) ?? null
    out.push(flow(cursor, below, depth + 1))
    separator(cursor, codes.close)
  }
  cursor.at += 1
  return out
}

function flowFields(cursor: Cursor, tell: Tell | null, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  cursor.at += 1
  for (;;) {
    skip(cursor)
    const { text, at: start } = cursor
    const code = text.charCodeAt(start)
    if (code === codes.closeBrace) break
    const isQuoted = code === codes.quote || code === codes.apostrophe
    const key = isQuoted ? quoted(cursor) : flowWord(cursor)
    if (key === '__proto__' || key === '' || (key === '<<' && !isQuoted)) throw new Unusual()
    if (text.charCodeAt(cursor.at) !== codes.colon) throw new Unusual()
    cursor.at += 1
    if (!isQuoted && text.charCodeAt(cursor.at) !== codes.space) throw new Unusual()
    skip(cursor)
    const below = tell?.(key, cursor.at, start) ?? null
    out[key] = flow(cursor, below, depth + 1)
    separator(cursor, codes.closeBrace)
  }
  cursor.at += 1
  return out
}

function separator(cursor: Cursor, end: number): void {
  skip(cursor)
  const code = cursor.text.charCodeAt(cursor.at)
  if (code === codes.comma) cursor.at += 1
  else if (code !== end) throw new Unusual()
}

function skip(cursor: Cursor): void {
  while (cursor.text.charCodeAt(cursor.at) === codes.space) cursor.at += 1
}

function flowWord(cursor: Cursor): string {
  const { text, at } = cursor
  if (isIndicator(text, at)) throw new Unusual()
  const sign = text.charCodeAt(at) === codes.dash || text.charCodeAt(at) === codes.colon
  if (sign && indicators.has(text.charCodeAt(at + 1))) throw new Unusual()
  let end = at
  for (; ; end++) {
    const code = text.charCodeAt(end)
    // Of a word that goes on in the next line, or the end of the text.
    if (code === codes.newline || code === codes.tab || Number.isNaN(code)) throw new Unusual()
    if (code === codes.comma || code === codes.close || code === codes.closeBrace) break
    if (code === codes.open || code === codes.openBrace || code === codes.hash) throw new Unusual()
    if (code === codes.colon) {
      const next = text.charCodeAt(end + 1)
      if (next === codes.space) break
      // "a:," and "a:}" end the name; rare enough to leave to the full reader.
      if (isBlank(next) || indicators.has(next)) throw new Unusual()
    }
  }
  const found = text.slice(at, end).trimEnd()
  if (found === '') throw new Unusual()
  cursor.at = end
  return found
}
