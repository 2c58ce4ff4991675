// SPDX-License-Identifier: Apache-2.0
// The hash by which the kernel knows a path: SipHash-1-3 over its components, root first, with a hash for every
// directory on the way. The same as bpf/path.bpf.h, which says why it is keyed.

const mask = 0xffffffffffffffffn
export type HashKey = readonly [bigint, bigint]
export interface PathHash {
  hash: bigint
  /** Of "/", "/a", "/a/b" …: the directories strictly above the file, at most 17. */
  dirs: bigint[]
}

const maxDirs = 17
const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask

export class Sip {
  private v0: bigint
  private v1: bigint
  private v2: bigint
  private v3: bigint

  constructor(key: HashKey) {
    this.v0 = key[0] ^ 0x736f6d6570736575n
    this.v1 = key[1] ^ 0x646f72616e646f6dn
    this.v2 = key[0] ^ 0x6c7967656e657261n
    this.v3 = key[1] ^ 0x7465646279746573n
  }

  private round(): void {
    this.v0 = (this.v0 + this.v1) & mask
    this.v1 = rotate(this.v1, 13n) ^ this.v0
    this.v0 = rotate(this.v0, 32n)
    this.v2 = (this.v2 + this.v3) & mask
    this.v3 = rotate(this.v3, 16n) ^ this.v2
    this.v0 = (this.v0 + this.v3) & mask
    this.v3 = rotate(this.v3, 21n) ^ this.v0
    this.v2 = (this.v2 + this.v1) & mask
    this.v1 = rotate(this.v1, 17n) ^ this.v2
    this.v2 = rotate(this.v2, 32n)
  }

  absorb(word: bigint): void {
    this.v3 ^= word
    this.round()
    this.v0 ^= word
  }

  value(): bigint {
    const { v0, v1, v2, v3 } = this
    this.v2 ^= 0xffn
    this.round()
    this.round()
    this.round()
    const value = this.v0 ^ this.v1 ^ this.v2 ^ this.v3
    this.v0 = v0
    this.v1 = v1
    this.v2 = v2
    this.v3 = v3
    return value
  }
}

/** `path` is absolute and clean: no empty, "." or ".." components. */
export function hashPath(key: HashKey, path: string): PathHash {
  const sip = new Sip(key)
  const dirs: bigint[] = []
  for (const component of path.split('/').filter((part) => part !== '')) {
    if (dirs.length < maxDirs) dirs.push(sip.value())
    const bytes = Buffer.from(component)
    const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8)
    bytes.copy(padded)
    for (let at = 0; at < padded.length; at += 8) sip.absorb(padded.readBigUInt64LE(at))
    sip.absorb((0x2fn << 56n) | BigInt(bytes.length))
  }
  return { hash: sip.value(), dirs }
}

/** Number of (executable, caller); the same as image_of() in bpf/image.bpf.h. 0 and 1 have meanings of their own. */
export function imageOf(exe: bigint, from: bigint): bigint {
  const image = ((exe * 0x9e3779b97f4a7c15n) & mask) ^ rotate(from, 31n)
  return image > 1n ? image : image + 2n
}
