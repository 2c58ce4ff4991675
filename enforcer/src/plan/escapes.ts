// SPDX-License-Identifier: Apache-2.0
// JSON allows every letter to be written as \u00XX. The kernel reads text through this table before it looks for words, so
// that words need not be known in every spelling. Source: RFC 8259, section 7.

/** Stands for "nothing yet": a byte that JSON allows nowhere, and that the automaton passes over. */
export const nothing = 0x0b
/** An escaped character that is no letter of a word; also an escaped quotation mark, which ends no string. */
const other = 0

const code = (character: string): number => character.charCodeAt(0)
const hex = (byte: number): number => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(digit) ? -1 : digit
}
/** States: plain, after \, after \u, after \u0, after \u00, and after \u00H for each H. */
const states = 5 + 16

/** Per state and byte: the next state × 256 + the byte that was meant. */
export function escapeTable(): Uint16Array[] {
  return Array.from({ length: states }, (_, state) =>
    Uint16Array.from({ length: 256 }, (_, byte) => {
      const [next, meant] = step(state, byte)
      return next * 256 + meant
    }),
  )
}

function step(state: number, byte: number): [next: number, meant: number] {
  const broken: [number, number] = byte === code('\\') ? [1, other] : [0, other]
  switch (state) {
    case 0:
      return byte === code('\\') ? [1, nothing] : [0, byte]
    case 1:
      return byte === code('u') ? [2, nothing] : [0, other]
    case 2:
    case 3:
      return byte === code('0') ? [state + 1, nothing] : broken
    case 4:
      return hex(byte) < 0 ? broken : [5 + hex(byte), nothing]
    default: {
      if (hex(byte) < 0) return broken
      const meant = (state - 5) * 16 + hex(byte)
      const plain = meant !== code('"') && meant !== code('\\') && meant !== nothing
      return [0, plain ? meant : other]
    }
  }
}

/** The text as the kernel's automaton reads it. */
export function unescape(input: Uint8Array): Uint8Array {
  const table = escapeTable()
  let state = 0
  return input.map((byte) => {
    const entry = table[state]?.[byte] ?? 0
    state = entry >> 8
    return entry & 0xff
  })
}
