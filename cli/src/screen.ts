// SPDX-License-Identifier: Apache-2.0
// Where a command writes, and in which colours: only on a terminal, and not where NO_COLOR says no.
import { stripVTControlCharacters } from 'node:util'
import { cleanJson } from './clean-text.ts'

export interface Screen {
  /** One or more lines of the answer. */
  say: (text?: string) => void
  /** A line beside the answer: a hint, a failure. */
  note: (text: string) => void
  paint: Paint
}

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow'
export type Paint = (colour: Colour, text: string) => string

const codes: Record<Colour, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }
const plain: Paint = (_, text) => text

export function processScreen(): Screen {
  const { stdout, stderr, env } = process
  const colours = stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
  return {
    say: (text = '') => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    paint: colours ? (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m` : plain,
  }
}

/** Keeps what was said; for tests. */
export function quietScreen(): Screen & { said: string[]; noted: string[] } {
  const said: string[] = []
  const noted: string[] = []
  return {
    said,
    noted,
    say: (text = '') => void said.push(...text.split('\n')),
    note: (text) => void noted.push(text),
    paint: plain,
  }
}

export const json = (screen: Screen, value: unknown): void => screen.say(cleanJson(value, 2))

/** Columns as wide as their widest cell; numbers to the right. The last column is never padded. */
export function columns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, lengthOf(cell))
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat((widths[i] ?? 0) - lengthOf(cell))
        if (right.includes(i)) return space + cell
        return i === row.length - 1 ? cell : cell + space
      })
      .join('  ')
      .trimEnd(),
  )
}

const lengthOf = (text: string): number => stripVTControlCharacters(text).length

/** 1 policy, 2 policies */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
