// SPDX-License-Identifier: Apache-2.0
// A name as it is in a message → text. What is no letter, digit, "-" or "_" is written as zone files write it (RFC 1035,
// section 5.1), so that two names never look the same and none can do harm to a terminal.
const plain = /^[A-Za-z0-9_-]$/

/** `bytes`: lengths and labels, without the end. Lower case, since case means nothing. */
export function nameText(bytes: Uint8Array): string {
  const labels: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0)) {
    const label = bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0))
    labels.push([...label].map(letter).join(''))
  }
  return labels.length === 0 ? '.' : labels.join('.').toLowerCase()
}

function letter(byte: number): string {
  const text = String.fromCharCode(byte)
  return plain.test(text) ? text : `\\${String(byte).padStart(3, '0')}`
}
