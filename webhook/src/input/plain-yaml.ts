// SPDX-License-Identifier: Apache-2.0
// One YAML document as nearly all manifests are written: block mappings and lists, words, quoted text, text
// blocks, short flow values. Reads ten times as fast as the full reader; null when anything is unusual
// (anchors, tags, tabs, values over several lines), and a mistake is unusual as well. What both read is
// the same: tested with random and with damaged documents.

import { codes, flow, isBlank, isIndicator, quoted, Unusual, word, type Cursor } from './flow.ts'
import type { Tell } from './flow.ts'
import { plainScalar } from './scalar.ts'

/** Where a value stands: offset of its first character and of its name. */
export type Mark = { at: number; name: number | null; below: Map<string | number, Mark> }

const deepest = 100

// Control characters, byte order marks, a carriage return that ends no line, line ends of other worlds.
// eslint-disable-next-line no-control-regex -- the point is to find them
const odd = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/

export type PlainOptions = {
  /** Marks only so many levels. */
  levels?: number
  /** The text is cut out of a document, and may go on further to the left. */
  part?: true
}

export function readPlainYaml(
  text: string,
  mark?: Mark,
  { levels = Infinity, part }: PlainOptions = {},
): { value: unknown } | null {
  if (odd.test(text)) return null
  try {
    const tell = mark === undefined ? null : telling(mark, levels)
    return { value: new Reader(text).document(tell, part === true) }
  } catch (error) {
    if (error instanceof Unusual) return null
    throw error
  }
}

const telling =
  (mark: Mark, levels: number): Tell =>
  (key, at, name) => {
    const below: Mark = { at, name, below: new Map() }
    mark.below.set(key, below)
    return levels > 1 ? telling(below, levels - 1) : null
  }

class Reader implements Cursor {
  readonly text: string
  /** Where the line, or what is left of it, begins that is read next. */
  at = 0
  /** Its column; -1 at the end of the text. */
  indent = -1

  constructor(text: string) {
    this.text = text
  }

  document(tell: Tell | null, part: boolean): unknown {
    if (!this.line(0)) return null
    if (this.text.startsWith('---', this.at) && this.indent === 0) {
      if (!this.rest(this.at + 3)) throw new Unusual()
      if (!this.line(this.at)) return null
    }
    const value = this.block(this.indent, tell, 0)
    if (this.indent !== -1 && !part) throw new Unusual()
    return value
  }

  /** Goes to the next line with something in it, from the beginning of a line. */
  line(from: number): boolean {
    const { text } = this
    let at = from
    for (;;) {
      const begin = at
      while (text.charCodeAt(at) === codes.space) at += 1
      const code = text.charCodeAt(at)
      if (Number.isNaN(code)) {
        this.at = at
        this.indent = -1
        return false
      }
      if (code === codes.tab) throw new Unusual()
      if (code === codes.hash) at = this.endOf(at)
      else if (code !== codes.newline) {
        // The end of a document, and directives.
        if (at === begin && (code === 37 || text.startsWith('...', at))) throw new Unusual()
        this.at = at
        this.indent = at - begin
        return true
      }
      at += 1
    }
  }

  endOf(at: number): number {
    const end = this.text.indexOf('\n', at)
    return end === -1 ? this.text.length : end
  }

  /** Nothing but a comment is left of the line; then the cursor is at the beginning of the next. */
  rest(from: number): boolean {
    const { text } = this
    let at = from
    while (text.charCodeAt(at) === codes.space) at += 1
    const code = text.charCodeAt(at)
    if (code === codes.hash && isBlank(text.charCodeAt(at - 1))) at = this.endOf(at)
    else if (code !== codes.newline && !Number.isNaN(code)) return false
    this.at = Math.min(at + 1, text.length)
    return true
  }

  block(indent: number, tell: Tell | null, depth: number): unknown {
    if (depth > deepest) throw new Unusual()
    if (this.dash()) return this.list(indent, tell, depth)
    const code = this.text.charCodeAt(this.at)
    if (code === codes.open || code === codes.openBrace || this.key() === null) {
      return this.inline(indent, tell)
    }
    return this.fields(indent, tell, depth)
  }

  dash(): boolean {
    return (
      this.text.charCodeAt(this.at) === codes.dash && isBlank(this.text.charCodeAt(this.at + 1))
    )
  }

  list(indent: number, tell: Tell | null, depth: number): unknown[] {
    const out: unknown[] = []
    while (this.indent === indent && this.dash()) {
      const dash = this.at
      if (this.rest(dash + 1)) {
        if (this.line(this.at) && this.indent > indent) {
          const below = tell?.(out.length, this.at, null) ?? null
          out.push(this.block(this.indent, below, depth + 1))
        } else {
          tell?.(out.length, dash, null)
          out.push(null)
        }
        continue
      }
      let at = dash + 1
      while (this.text.charCodeAt(at) === codes.space) at += 1
      // What follows the dash is a line of its own, further to the right.
      this.indent = indent + at - dash
      this.at = at
      const below = tell?.(out.length, at, null) ?? null
      const isText = this.text.charCodeAt(at) === 124
      out.push(isText ? this.textBlock(indent) : this.block(this.indent, below, depth + 1))
    }
    if (this.indent > indent) throw new Unusual()
    return out
  }

  /** The name at the cursor and the place behind its colon; null when this is no field. */
  key(): { key: string; end: number } | null {
    const { text, at } = this
    const code = text.charCodeAt(at)
    if (code === codes.quote || code === codes.apostrophe) {
      const cursor = { text, at }
      const key = quoted(cursor)
      if (text.charCodeAt(cursor.at) !== codes.colon) return null
      return isBlank(text.charCodeAt(cursor.at + 1)) ? { key, end: cursor.at + 1 } : null
    }
    if (isIndicator(text, at)) throw new Unusual()
    for (let end = at; end < text.length && end - at < 1000; end++) {
      const found = text.charCodeAt(end)
      if (found === codes.newline) return null
      if (found === codes.tab) throw new Unusual()
      if (found === codes.hash && text.charCodeAt(end - 1) === codes.space) return null
      if (found === codes.colon && isBlank(text.charCodeAt(end + 1))) {
        if (text.charCodeAt(end - 1) === codes.space) throw new Unusual()
        return { key: text.slice(at, end), end: end + 1 }
      }
    }
    return null
  }

  fields(indent: number, tell: Tell | null, depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    while (this.indent === indent && !this.dash()) {
      const name = this.at
      const found = this.key()
      if (found === null) throw new Unusual()
      const { key, end } = found
      if (key === '__proto__' || key === '<<' || key === '') throw new Unusual()
      out[key] = this.value(indent, end, depth, (at) => tell?.(key, at, name) ?? null)
    }
    if (this.indent > indent) throw new Unusual()
    return out
  }

  value(indent: number, end: number, depth: number, tell: (at: number) => Tell | null): unknown {
    if (this.rest(end)) {
      const more = this.line(this.at)
      // A list may stand as far left as the name it belongs to.
      const below = this.indent > indent || (this.indent === indent && this.dash())
      if (more && below) return this.block(this.indent, tell(this.at), depth + 1)
      tell(end)
      return null
    }
    let at = end
    while (this.text.charCodeAt(at) === codes.space) at += 1
    this.at = at
    const told = tell(at)
    if (this.text.charCodeAt(at) === 124) return this.textBlock(indent)
    return this.inline(indent, told)
  }

  /** A value that ends with its line; the cursor is at the next line afterwards. */
  inline(indent: number, tell: Tell | null): unknown {
    const code = this.text.charCodeAt(this.at)
    const isPlain =
      code !== codes.quote &&
      code !== codes.apostrophe &&
      code !== codes.open &&
      code !== codes.openBrace
    const value = isPlain ? plainScalar(word(this)) : flow(this, tell)
    if (!this.rest(this.at)) throw new Unusual()
    // A line further to the right goes on with the value.
    if (this.line(this.at) && this.indent > indent) throw new Unusual()
    return value
  }

  /** | with - or + at will: the lines below as they are, without their common margin. */
  textBlock(indent: number): string {
    const { text } = this
    const header = /\|([-+]?) *(?: #[^\n]*)?(?:\n|$)/y
    header.lastIndex = this.at
    const found = header.exec(text)
    if (found === null) throw new Unusual()
    let at = header.lastIndex
    let margin = -1
    let blank = ''
    let out = ''
    while (at < text.length) {
      const end = this.endOf(at)
      let first = at
      while (text.charCodeAt(first) === codes.space) first += 1
      const isEmpty = first >= end
      if (margin === -1) {
        // Blank lines ahead that are longer than the margin are a mistake; the full reader tells.
        if (isEmpty && first - at > indent + 1) throw new Unusual()
        if (!isEmpty && first - at <= indent) break
        if (!isEmpty) margin = first - at
      }
      if (isEmpty && (margin === -1 || first - at <= margin)) blank += '\n'
      else if (first - at < margin) break
      else {
        out += `${blank}${text.slice(at + margin, end)}\n`
        blank = ''
      }
      at = end + 1
    }
    // Ends without a line end, or holds tabs where the margin is: rare.
    if (at > text.length || (margin === -1 && blank !== '')) throw new Unusual()
    this.line(Math.min(at, text.length))
    if (this.indent > indent) throw new Unusual()
    const kept = found[1] === '-' ? out.replace(/\n$/, '') : out
    return found[1] === '+' ? out + blank : kept
  }
}
