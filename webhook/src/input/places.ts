// SPDX-License-Identifier: Apache-2.0
// Offsets in a text → lines and columns, for the few values that findings point to. What was worked out for the
// last text is kept, because the next question is mostly about the same one; for all of them it would be too much.

import { readPlainYaml, type Mark } from './plain-yaml.ts'

export type Path = readonly (string | number)[]

/** Lines and columns count from 1; the region ends before endColumn. */
export type Place = { line: number; column: number; endColumn: number }

export function lineBreaks(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1))
    count += 1
  return count
}

/** Of the text that was asked about last: a long list is asked for one place after the other. */
let breaks: { text: string; at: number[] } = { text: '', at: [] }

function breaksOf(text: string): number[] {
  if (breaks.text !== text) {
    breaks = { text, at: [] }
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) breaks.at.push(at)
  }
  return breaks.at
}

/** The text of a line, which counts from 1. */
export function lineOf(text: string, line: number): string {
  const at = breaksOf(text)
  const begin = line < 2 ? 0 : (at[line - 2] ?? text.length) + 1
  return text.slice(begin, at[line - 1] ?? text.length)
}

function breaksBefore(text: string, offset: number): number {
  const all = breaksOf(text)
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((all[middle] ?? offset) < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** From here on a list is looked at item by item: places of all its values would take more memory than they do. */
const longText = 256 * 1024

type Held = { text: string; root: Mark }

/** Of the document, and of the item of a long list, that was asked about last. */
const held: { whole: Held | null; item: Held | null } = { whole: null, item: null }

export function markIn(
  text: string,
  first: number,
  path: Path,
): { at: number; name: number | null } {
  const [key, index, ...below] = path
  const isLong = text.length > longText && key !== undefined && typeof index === 'number'
  if (held.whole?.text !== text) {
    const root: Mark = { at: first, name: null, below: new Map() }
    held.whole = { text, root }
    readPlainYaml(text, root, isLong ? { levels: 2 } : {})
  }
  const { root } = held.whole
  if (!isLong || below.length === 0) return markAt(root, path)
  const item = markAt(root, [key, index])
  const begin = text.lastIndexOf('\n', item.at) + 1
  const next = root.below.get(key)?.below.get(index + 1)?.at
  const end = next === undefined ? text.length : text.lastIndexOf('\n', next) + 1
  const part = text.slice(begin, end)
  if (held.item?.text !== part) {
    held.item = { text: part, root: { at: item.at - begin, name: null, below: new Map() } }
    readPlainYaml(part, held.item.root, { part: true })
  }
  const isDashed = part.trimStart().startsWith('-')
  const { at, name } = markAt(held.item.root, isDashed ? [0, ...below] : below)
  return { at: at + begin, name: name === null ? null : name + begin }
}

function markAt(root: Mark, path: Path): { at: number; name: number | null } {
  let found = root
  for (const step of path) {
    // A name that looks like a number is still a name.
    const below = found.below.get(step) ?? found.below.get(String(step))
    if (below === undefined) break
    found = below
  }
  return found
}

/** From the name, when it stands on the line of its value, to the end of the value or of that line. */
export function placeIn(
  text: string,
  before: number,
  found: { at: number; end?: number; name: number | null },
): Place {
  const { at, end, name } = found
  const lineStart = text.lastIndexOf('\n', at - 1) + 1
  const lineEnd = text.indexOf('\n', at)
  const from = name !== null && name >= lineStart ? name : at
  const line = text.slice(
    lineStart,
    Math.min(end ?? Infinity, lineEnd === -1 ? text.length : lineEnd),
  )
  return {
    line: before + 1 + breaksBefore(text, lineStart),
    column: from - lineStart + 1,
    endColumn: Math.max(from - lineStart + 2, line.trimEnd().length + 1),
  }
}
