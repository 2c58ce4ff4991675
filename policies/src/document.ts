// SPDX-License-Identifier: Apache-2.0
// Text → plain documents that remember where everything was written. YAML of several documents, or JSON.
// Nothing in the text can make this expensive, or make anything but plain data; whatever else it holds is a mistake.
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Document,
  type Node,
} from 'yaml'
import { complain, shown, type Complaint } from './complaint.ts'
import type { Path, Place } from './problem.ts'

export const limits = {
  bytes: 1024 * 1024,
  documents: 10_000,
  /** Values of one file, counted as often as aliases repeat them. */
  values: 200_000,
  aliases: 100,
  depth: 64,
} as const

/** How a text is read. What people write for other programs is read as those read it. */
export type Dialect = {
  limits: Readonly<Record<keyof typeof limits, number>>
  /** A scalar without quotes, tag and alias → its value. Absent: as YAML 1.2 has it. */
  plain?: (source: string) => unknown
  /** The same field twice is a mistake, or the last one counts; "<<" takes over another mapping's fields. */
  lenient: boolean
  /** What a %YAML line may say. */
  versions: readonly string[]
}

const ours: Dialect = { limits, lenient: false, versions: ['1.2'] }

/** Something that is not plain data, and where. */
export type Misprint = { path: Path; place: Place; complaint: Complaint }

export type PlainDocument = {
  /** undefined when the text could not be read. */
  value: unknown
  place: Place
  misprints: Misprint[]
  /** Where a value (or the name of a field) stands; for what is not there, where it would belong. */
  placeOf(path: Path, at?: 'name'): Place
}

export function readDocuments(text: string, dialect: Dialect = ours): PlainDocument[] {
  const { limits } = dialect
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.bytes)
    return [unreadable(complain(`a file of ${bytes} bytes`, `at most ${limits.bytes}`, 'split it'))]
  const lines = new LineCounter()
  const documents: PlainDocument[] = []
  const budget = { values: limits.values, aliases: limits.aliases }
  try {
    for (const document of composed(text, lines, limits)) {
      const plain = plainDocument(document, lines, budget, dialect)
      if (plain.value === null && plain.misprints.length === 0) continue // nothing but comments
      if (documents.length === limits.documents) {
        const tooMany = complain('more documents', `at most ${limits.documents} a file`, 'split it')
        return [...documents, unreadable(tooMany, plain.place)]
      }
      documents.push(plain)
      if (budget.values < 0 || budget.aliases < 0) break // told once; the rest of the file is not read
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const tooMany = error.message === tooManyWords
    documents.push(
      unreadable(
        tooMany
          ? complain('more values', `at most ${limits.values} a file`, 'split the file')
          : complain('values nested too deeply', `at most ${limits.depth} levels`, 'flatten them'),
      ),
    )
  }
  return documents
}

const tooManyWords = 'more words than values allow'

/** One document after the other, and none of the rest once one is too deep: parsing that takes ever longer. */
function* composed(
  text: string,
  lines: LineCounter,
  limits: Dialect['limits'],
): Generator<Document.Parsed> {
  const parser = new Parser(lines.addNewLine)
  const composer = new Composer({
    schema: 'core',
    version: '1.2',
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
  })
  lines.addNewLine(0)
  // A value is several words of the text; far more of them than values are allowed need not be composed.
  let words = 16 * limits.values
  for (const lexeme of new Lexer().lex(text)) {
    if (--words < 0) throw new RangeError(tooManyWords)
    for (const token of parser.next(lexeme)) yield* composer.next(token)
    // A level of nesting takes up to two places of the parser's stack.
    if (parser.stack.length > 2 * limits.depth + 8) throw new RangeError('nested too deeply')
  }
  for (const token of parser.end()) yield* composer.next(token)
  yield* composer.end()
}

function unreadable(complaint: Complaint, place: Place = { line: 1, column: 1 }): PlainDocument {
  return {
    value: undefined,
    place,
    misprints: [{ path: [], place, complaint }],
    placeOf: () => place,
  }
}

type Budget = { values: number; aliases: number }

function plainDocument(
  document: Document.Parsed,
  lines: LineCounter,
  budget: Budget,
  dialect: Dialect,
): PlainDocument {
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const start = at(document.contents?.range[0] ?? document.range[0])
  const [error] = [...document.errors, ...document.warnings]
  if (error) {
    // The first one only: what follows in this document is usually its consequence.
    const { found, expected, remedy } = syntaxComplaint(error.code, error.message)
    return unreadable(complain(found, expected, remedy), at(error.pos[0]))
  }
  const { explicit, version } = document.directives.yaml
  if (explicit && !dialect.versions.includes(version))
    return unreadable(
      complain('another version of YAML', 'YAML 1.2', 'leave out the %YAML line'),
      at(document.range[0]),
    )
  const places = new Map<string, Offsets>()
  const misprints: Misprint[] = []
  const read = reader(budget, dialect, places, (path, offset, complaint) => {
    misprints.push({ path, place: at(offset), complaint })
  })
  const value = document.contents === null ? null : read(document.contents, [], 0)
  const whole = budget.values >= 0 && budget.aliases >= 0
  return {
    value: whole ? value : undefined,
    place: start,
    misprints,
    placeOf(path, which) {
      for (let length = path.length; length >= 0; length--) {
        const found = places.get(JSON.stringify(path.slice(0, length)))
        if (found)
          return at(
            (length === path.length && which === 'name' ? found.name : undefined) ?? found.value,
          )
      }
      return start
    },
  }
}

function syntaxComplaint(code: string, message: string): Complaint {
  const text = message.replace(/ at line \d+, column \d+[\s\S]*$/, '').slice(0, 200)
  if (code === 'TAG_RESOLVE_FAILED')
    return complain(text.toLowerCase(), 'plain data', 'leave out the tag')
  if (code === 'RESOURCE_EXHAUSTION')
    return complain('values nested too deeply', `at most ${limits.depth} levels`, 'flatten them')
  return complain(`text that is not YAML: ${text}`, 'YAML or JSON', 'correct it here')
}

type Offsets = { value: number; name?: number }
type Reader = (node: Node, path: Path, depth: number) => unknown

/** Composed nodes → plain data; `places` learns where each value begins. */
function reader(
  budget: Budget,
  { limits, plain: plainScalar, lenient }: Dialect,
  places: Map<string, Offsets>,
  tell: (path: Path, offset: number, complaint: Complaint) => void,
): Reader {
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()

  const read: Reader = (node, path, depth) => {
    const offset = node.range?.[0] ?? 0
    const key = JSON.stringify(path)
    places.set(key, { ...places.get(key), value: offset })
    const refuse = (found: string, expected: string, remedy: string) => {
      tell(path, offset, complain(found, expected, remedy))
      return undefined
    }
    if (--budget.values < 0)
      return budget.values < -1
        ? undefined
        : refuse('more values', `at most ${limits.values} a file`, 'split the file')
    if (depth > limits.depth)
      return refuse('values nested too deeply', `at most ${limits.depth} levels`, 'flatten them')
    if (isAlias(node)) {
      if (--budget.aliases < 0)
        return budget.aliases < -1
          ? undefined
          : refuse('more aliases', `at most ${limits.aliases} a file`, 'write the values out')
      const target = anchors.get(node.source)
      if (target && !open.has(target)) return read(target, path, depth + 1)
      return refuse(
        `alias ${shown(node.source)} of ${target ? 'what contains it' : 'nothing'}`,
        'plain data',
        'write the value out',
      )
    }
    if ('anchor' in node && node.anchor) anchors.set(node.anchor, node)
    if (isScalar(node)) {
      const asWritten = node.type === 'PLAIN' && node.tag === undefined ? node.source : undefined
      const value = plainScalar && asWritten !== undefined ? plainScalar(asWritten) : node.value
      const plain = value === null || typeof value === 'string' || typeof value === 'boolean'
      if (plain || (typeof value === 'number' && Number.isFinite(value))) return value
      return refuse(
        typeof value === 'number' ? String(value) : 'a value that is not plain',
        'plain data',
        'write text or a number',
      )
    }
    open.add(node)
    const value = isSeq(node)
      ? (node.items as Node[]).map((item, i) => read(item, [...path, i], depth + 1))
      : isMap(node)
        ? fields(node.items as Field[], path, depth)
        : undefined
    open.delete(node)
    return value
  }

  const fields = (items: readonly Field[], path: Path, depth: number) => {
    const out: Record<string, unknown> = {}
    for (const { key, value } of items) {
      const offset = key.range?.[0] ?? 0
      const name = isScalar(key) ? key.value : undefined
      if (typeof name !== 'string') {
        tell(
          path,
          offset,
          complain('a field whose name is not text', 'text', 'write the name itself'),
        )
        continue
      }
      const below = [...path, name]
      if (lenient && name === '<<' && isScalar(key) && key.type === 'PLAIN')
        merge(out, value === null ? null : read(value, below, depth + 1))
      // The name reaches into every object of the program; no policy needs it.
      else if (name === '__proto__' && !lenient)
        tell(below, offset, complain('a field "__proto__"', 'another name', 'remove it'))
      else if (!lenient && Object.hasOwn(out, name))
        tell(
          below,
          offset,
          complain(`field ${shown(name)} a second time`, 'each field once', 'remove one of them'),
        )
      else {
        places.set(JSON.stringify(below), { value: offset, name: offset })
        setOwn(out, name, value === null ? null : read(value, below, depth + 1))
      }
    }
    return out
  }

  return read
}

type Field = { key: Node; value: Node | null }

/** Never into the prototype, whatever the name is. */
function setOwn(out: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') out[name] = value
  else Object.defineProperty(out, name, { value, ...{ enumerable: true, writable: true } })
}

/** One mapping, or several of which the first wins. */
function merge(out: Record<string, unknown>, from: unknown): void {
  const all: unknown[] = Array.isArray(from) ? from.toReversed() : [from]
  for (const one of all)
    if (typeof one === 'object' && one !== null && !Array.isArray(one))
      for (const [name, value] of Object.entries(one)) setOwn(out, name, value)
}
