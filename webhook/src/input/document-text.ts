// SPDX-License-Identifier: Apache-2.0
// Text of a file → its documents, each with the places of its values. Four ways to the same result, the
// quickest first: JSON, several JSON values, ordinary YAML, and YAML with everything that it has.

import { parseDocuments, type Dialect, type PlainDocument } from '../../../policies/src/index.ts'
import { JsonPlaces, jsonValues } from './json-text.ts'
import { lineBreaks, lineOf, markIn, placeIn, type Path, type Place } from './places.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { plainScalar } from './scalar.ts'

export type { Place } from './places.ts'

export type TextDocument = { value: unknown; placeOf: (path: Path) => Place }
export type Mistake = { line: number; message: string }

/** How kubectl and Helm read: words, numbers, repeated fields, merges. */
export const kubernetesDialect: Dialect = {
  limits: {
    bytes: 16 * 1024 * 1024,
    documents: 10_000,
    values: 500_000,
    aliases: 10_000,
    depth: 100,
  },
  plain: plainScalar,
  lenient: true,
  versions: ['1.1', '1.2'],
}

/** Settings that people write for us: "1.30" without quotes is a version, and not the number 1.3. */
export const settingsDialect: Dialect = {
  ...kubernetesDialect,
  plain: (source) => (/^v?\d+\.\d+$/.test(source) ? source : plainScalar(source)),
  lenient: false,
}

export function readText(given: string): { documents: TextDocument[]; mistakes: Mistake[] } {
  const text = given.includes('\r\n') ? given.replaceAll('\r\n', '\n') : given
  const documents: TextDocument[] = []
  const mistakes: Mistake[] = []
  for (const part of partsOf(text)) {
    const read = readPart(part)
    documents.push(...read.documents)
    mistakes.push(...read.mistakes)
  }
  return { documents, mistakes }
}

type Part = { text: string; /** Lines ahead of it in the file. */ before: number }
type Read = { documents: TextDocument[]; mistakes: Mistake[] }

/** A line that begins with --- always begins a document, so the text can be cut there. */
function* partsOf(text: string): Generator<Part> {
  let from = 0
  let before = 0
  const cut = (to: number): Part => {
    const part = { text: text.slice(from, to), before }
    before += lineBreaks(text, from, to)
    from = to
    return part
  }
  for (let at = text.indexOf('\n---'); at !== -1; at = text.indexOf('\n---', at + 1)) {
    const code = text.charCodeAt(at + 4)
    if (code === 32 || code === 9 || code === 10 || Number.isNaN(code)) yield cut(at + 1)
  }
  yield cut(text.length)
}

function readPart(given: Part): Read {
  const part = given.text.startsWith('\ufeff') ? { ...given, text: given.text.slice(1) } : given
  const json = readJson(part)
  if (json !== null) return json
  const { text, before } = part
  const plain = text.length > plainLength ? null : readPlainYaml(text)
  if (plain === null) return readAnyYaml(part)
  if (plain.value === null) return { documents: [], mistakes: [] }
  const first = Math.max(0, text.search(/^[ ]*(?!---)[^#\s]/m))
  const placeOf = (path: Path) => {
    if (path.length === 0) return placeIn(text, before, { at: first, name: null })
    return placeIn(text, before, markIn(text, first, path))
  }
  return { documents: [{ value: plain.value, placeOf }], mistakes: [] }
}

/** Without aliases a text is never more than it looks like; a list of a whole cluster is one document. */
const plainLength = 64 * 1024 * 1024

function readJson({ text, before }: Part): Read | null {
  const body = text.startsWith('---') ? text.slice(3) : text
  const first = /^\s*([{[])/.exec(body)
  if (first === null) return null
  const cut = text.length - body.length
  const whole = parsed(body)
  const read =
    whole === null
      ? manyJson(body)
      : { values: [{ value: whole.value, text: body, at: 0 }], wrong: [] }
  if (read === null) return null
  const documents = read.values.map(({ value, text: own, at }): TextDocument => {
    const places = new JsonPlaces(own)
    return {
      value,
      placeOf: (path) => {
        const { at: begin, end, name } = places.find(path)
        const from = cut + at
        return placeIn(text, before, {
          at: from + begin,
          end: from + end,
          name: name === null ? null : from + name,
        })
      },
    }
  })
  const mistakes = read.wrong.map((at) => {
    const line = before + 1 + lineBreaks(text, 0, cut + at)
    return {
      line,
      message: 'found text that is not JSON, expected another JSON value (correct it here)',
    }
  })
  return { documents, mistakes }
}

type Many = {
  values: { value: unknown; text: string; at: number }[]
  /** Offsets. */ wrong: number[]
}

/** Null when it does not begin with a JSON value: a mapping in braces is YAML as well. */
function manyJson(body: string): Many | null {
  const { values: texts, rest } = jsonValues(body)
  // One mapping in braces and then a comment: YAML. Two of them are none.
  if (rest !== null && texts.length < 2 && !'{['.includes(body.charAt(rest))) return null
  const read: Many = { values: [], wrong: rest === null ? [] : [rest] }
  for (const one of texts) {
    const value = parsed(one.text)
    if (value !== null) read.values.push({ ...one, ...value })
    else if (read.values.length === 0) return null
    else read.wrong.push(one.at)
  }
  return read.values.length === 0 ? null : { ...read, wrong: read.wrong.sort((a, b) => a - b) }
}

function parsed(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

function readAnyYaml({ text, before }: Part): Read {
  const documents: TextDocument[] = []
  const mistakes: Mistake[] = []
  for (const one of parseDocuments(text, kubernetesDialect)) {
    const [mistake] = one.misprints
    if (mistake === undefined) {
      documents.push({ value: one.value, placeOf: (path) => anyPlace(one, path, text, before) })
      continue
    }
    const { found, expected, remedy } = mistake.complaint
    const message = `found ${found}, expected ${expected} (${remedy})`
    mistakes.push({ line: mistake.place.line + before, message })
  }
  return { documents, mistakes }
}

function anyPlace(document: PlainDocument, path: Path, text: string, before: number): Place {
  const value = document.placeOf(path)
  const name = document.placeOf(path, 'name')
  const line = lineOf(text, value.line)
  const column = name.line === value.line ? Math.min(name.column, value.column) : value.column
  const endColumn = Math.max(column + 1, line.trimEnd().length + 1)
  return { line: value.line + before, column, endColumn }
}
