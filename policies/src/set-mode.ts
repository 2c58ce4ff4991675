// SPDX-License-Identifier: Apache-2.0
// Switches one policy's mode inside the text of its file, and changes nothing else: comments, order, quotes and the
// other documents stay byte for byte. The result is read again, so an edit that went wrong is never handed out.
import { isDeepStrictEqual } from 'node:util'
import { readDocuments, type PlainDocument } from './document.ts'
import { keyOf } from './policy-key.ts'
import type { Mode, Policy } from './policy.gen.ts'
import type { Path, Place } from './problem.ts'
import { at, isFields } from './walk.ts'

/** null: this text is written in a way that cannot be edited here (an alias, for example); somebody has to do it. */
export function setMode(text: string, key: string, mode: Mode): string | null {
  const documents = readDocuments(text)
  const index = documents.findIndex((document) => keyIn(document) === key)
  const document = documents[index]
  if (!document) return null
  const edited =
    at(document.value, 'spec', 'mode') === undefined
      ? insert(text, document, mode)
      : replace(text, offsetOf(text, document.placeOf(['spec', 'mode'])), mode)
  return edited !== null && onlyDiffers(documents, readDocuments(edited), index, mode)
    ? edited
    : null
}

function keyIn({ value }: PlainDocument): string | null {
  const complete = typeof at(value, 'kind') === 'string' && isFields(at(value, 'metadata'))
  return complete ? keyOf(value as Policy) : null
}

function replace(text: string, offset: number, mode: Mode): string | null {
  const written = /^(["']?)(?:audit|enforce)\1(?!\w)/.exec(text.slice(offset, offset + 16))
  if (!written) return null
  const [whole, quote = ''] = written
  return text.slice(0, offset) + quote + mode + quote + text.slice(offset + whole.length)
}

/** As the first field of the spec, in the way in which the spec is written. */
function insert(text: string, document: PlainDocument, mode: Mode): string | null {
  const spec = at(document.value, 'spec')
  if (!isFields(spec)) return null
  const start = offsetOf(text, document.placeOf(['spec']))
  const [first] = Object.keys(spec)
  if (text[start] === '{') return insertBraced(text, start + 1, mode, first !== undefined)
  if (first === undefined) return null
  const offset = offsetOf(text, document.placeOf(['spec', first] satisfies Path, 'name'))
  const indent = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  if (indent.trim() !== '') return null
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  return `${text.slice(0, offset)}mode: ${mode}${newline}${indent}${text.slice(offset)}`
}

/** Quoted where it is JSON; on a line of its own where the next field has one. */
function insertBraced(text: string, offset: number, mode: Mode, more: boolean): string {
  const rest = text.slice(offset)
  const space = /^\s*/.exec(rest)?.[0] ?? ''
  const quote = rest.startsWith('"', space.length) || !more ? '"' : ''
  const comma = more ? ',' : ''
  return `${text.slice(0, offset)}${more ? space : ' '}${quote}mode${quote}: ${quote}${mode}${quote}${comma}${more ? space || ' ' : ' '}${rest.slice(space.length)}`
}

function offsetOf(text: string, { line, column }: Place): number {
  let start = 0
  for (let i = 1; i < line; i++) start = text.indexOf('\n', start) + 1
  return start + column - 1
}

function onlyDiffers(
  before: readonly PlainDocument[],
  after: readonly PlainDocument[],
  index: number,
  mode: Mode,
): boolean {
  return (
    before.length === after.length &&
    after.every(({ value, misprints }, i) => {
      const old = before[i]?.value
      if (misprints.length !== before[i]?.misprints.length) return false
      if (i !== index || !isFields(old) || !isFields(old.spec)) return isDeepStrictEqual(value, old)
      return isDeepStrictEqual(value, { ...old, spec: { ...old.spec, mode } })
    })
  )
}
