// SPDX-License-Identifier: Apache-2.0
// Names of files and cgroups are chosen by whoever made them, and may hold bytes that a terminal obeys: colours, cursor
// moves, text that reads backwards. People are shown what is there, and their terminal is told nothing by it.

const commanding = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]',
  'g',
)

const escaped = (character: string): string => {
  const code = character.charCodeAt(0)
  return code < 256
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** One line of text, for a terminal. */
export const clean = (text: string): string => text.replace(commanding, escaped)

/** The same for text of several lines, such as an error message with a list in it. */
export const cleanLines = (text: string): string => text.split('\n').map(clean).join('\n')

/** JSON that is safe to look at as well: what JSON.stringify leaves as it is becomes an escape of JSON's own. */
export const cleanJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(commanding, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
