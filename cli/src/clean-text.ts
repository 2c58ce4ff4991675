// SPDX-License-Identifier: Apache-2.0
// Names of files and cgroups are chosen by whoever made them, and may hold bytes that a terminal obeys: colours, cursor
// moves, text that reads backwards. People are shown what is there, and their terminal is told nothing by it.

/** Control characters, invisible formatting (text direction, zero width), line and paragraph separators. */
const commanding = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
/** The same but for line ends. */
const commandingInJson = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** One line of text, for a terminal. */
export const clean = (text: string): string =>
  text.replace(commanding, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })

/** The same for text of several lines, such as an error message with a list in it. */
export const cleanLines = (text: string): string => text.split('\n').map(clean).join('\n')

/** What is neither a line end nor printable ASCII; nearly all results have none of it. */
const unusual = /[^\n\x20-\x7e]/

/** JSON that is safe to look at as well: what JSON.stringify leaves as it is becomes an escape of JSON's own. */
export const cleanJson = (value: unknown, indent?: number): string => {
  const text = JSON.stringify(value, null, indent)
  // A result can have a hundred megabytes, and as many line ends that the expression below would stop at.
  if (!unusual.test(text)) return text
  return text.replace(commandingInJson, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
