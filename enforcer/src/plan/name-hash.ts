// SPDX-License-Identifier: Apache-2.0
// The hash by which the kernel knows a name of a host: SipHash-1-3 over its labels, the top first, without regard to case,
// with a hash for every domain on the way. The same as bpf/dns-message.bpf.h.
import { Sip, type HashKey } from './path-hash.ts'

export interface NameHash {
  hash: bigint
  /** Of its last label, its last two labels …: the domains strictly above the name. */
  above: bigint[]
}

/** `labels` in the order in which they are written. */
export function hashLabels(key: HashKey, labels: readonly Uint8Array[]): NameHash {
  const sip = new Sip(key)
  sip.absorb(0x736e64n) // a path of the same letters is something else
  const above: bigint[] = []
  for (const [i, label] of labels.toReversed().entries()) {
    const padded = Buffer.alloc(Math.ceil(label.length / 8) * 8)
    padded.set(label.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)))
    for (let at = 0; at < padded.length; at += 8) sip.absorb(padded.readBigUInt64LE(at))
    sip.absorb((0x2en << 56n) | BigInt(label.length))
    if (i + 1 < labels.length) above.push(sip.value())
  }
  return { hash: sip.value(), above }
}

/** Of a name as policies have it: letters, digits, "-" and "." only. */
export function hashName(key: HashKey, name: string): NameHash {
  return hashLabels(
    key,
    name.split('.').map((label) => Buffer.from(label)),
  )
}
