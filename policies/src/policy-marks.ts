// SPDX-License-Identifier: Apache-2.0
// Which versions of which policies a node has in force, in five characters each instead of a hundred and fifty: a number
// of 32 bits made of uid and generation, all of them in order as base64. Nodes that agree say the same text.

/** Two of 10,000 policies are taken for one another once in 400,000 times. */
export function markOf(uid: string, generation: number): number {
  let mark = 0x811c9dc5 // FNV-1a, and the last steps of MurmurHash3, which spread it
  for (const byte of Buffer.from(`${uid} ${generation}`))
    mark = Math.imul(mark ^ byte, 0x01000193) >>> 0
  mark = Math.imul(mark ^ (mark >>> 16), 0x85ebca6b) >>> 0
  mark = Math.imul(mark ^ (mark >>> 13), 0xc2b2ae35) >>> 0
  return (mark ^ (mark >>> 16)) >>> 0
}

export function writeMarks(marks: Iterable<number>, most: number): string {
  const sorted = Uint32Array.from(marks).sort().subarray(0, most)
  const bytes = Buffer.alloc(4 * sorted.length)
  sorted.forEach((mark, at) => bytes.writeUInt32BE(mark, 4 * at))
  return bytes.toString('base64')
}

/** Whatever was written: what is no mark is none. */
export function readMarks(text: string): ReadonlySet<number> {
  const bytes = Buffer.from(text, 'base64')
  const count = Math.floor(bytes.length / 4)
  return new Set(Array.from({ length: count }, (_, at) => bytes.readUInt32BE(4 * at)))
}
