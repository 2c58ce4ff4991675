// SPDX-License-Identifier: Apache-2.0
// How much a body would become when it is parsed. A few bytes of JSON can be a value that takes fifty, so a
// body within the size limit may still be too much for the memory. Counted without parsing.

/** Two objects of the 1.5 MiB that etcd takes, made of the smallest fields there are, have fewer. */
export const mostValues = 500_000
/** Kubernetes objects are some 20 deep; a schema in a CustomResourceDefinition some 100. */
export const deepest = 1_000
/** A body of this size can become 16 MiB at worst, so it is not looked through. */
export const harmlessBytes = 256 * 1024

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const [openList, closeList, openMap, closeMap] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Null, or what is too much about it. */
export function beyondBounds(bytes: Buffer): string | null {
  if (bytes.length <= harmlessBytes) return null
  let values = 0
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      at = endOfString(bytes, at + 1)
      continue
    }
    if (byte === comma) values++
    else if (byte === openList || byte === openMap) {
      values++
      if (++depth > deepest) return `the request is nested deeper than ${deepest}`
    } else if (byte === closeList || byte === closeMap) depth--
    else continue
    if (values > mostValues) return `the request has more than ${mostValues} values`
  }
  return null
}

/** Place of the closing quote: the first one in front of which the backslashes are even in number. */
function endOfString(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(quote, from); at !== -1; at = bytes.indexOf(quote, at + 1)) {
    let before = at
    while (before > from && bytes[before - 1] === backslash) before--
    if ((at - before) % 2 === 0) return at
  }
  return bytes.length
}
