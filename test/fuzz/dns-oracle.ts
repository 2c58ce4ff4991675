// SPDX-License-Identifier: Apache-2.0
// A second reading of DNS answers, by a library (dns-packet): which addresses belong to the name that was asked.
import { answer, name as names, question } from 'dns-packet'

/** Addresses as "4:" or "6:" and bytes in hexadecimal digits → TTL, the longest of several. null: no answer that can be read. */
export function addressesOf(message: Buffer): Map<string, number> | null {
  try {
    return read(message)
  } catch {
    return null
  }
}

/** ASCII only: other letters have no case in names. */
const lower = (name: unknown) => String(name).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())

function read(message: Buffer): Map<string, number> | null {
  const flags = message.readUInt16BE(2)
  if ((flags & 0xf80f) !== 0x8000 || message.readUInt16BE(4) !== 1) return null
  const asked = question.decode(message, 12)
  let at = 12 + question.decode.bytes
  if (asked.class !== 'IN') return null
  const aliases: { owner: string; target: string }[] = []
  const addresses: { owner: string; type: string; text: string; ttl: number }[] = []
  for (let i = 0; i < message.readUInt16BE(6); i++) {
    names.decode(message, at)
    const head = at + names.decode.bytes
    // What other records say is nobody's business here; the library would refuse a message for it.
    const internet = (message.readUInt16BE(head + 2) & 0x7fff) === 1
    if (!internet || ![1, 5, 28].includes(message.readUInt16BE(head))) {
      at = head + 10 + message.readUInt16BE(head + 8)
      if (at > message.length) return null
      continue
    }
    const { name, type, class: of, ttl = 0, data } = answer.decode(message, at)
    at += answer.decode.bytes
    if (of !== 'IN') continue
    if (type === 'CNAME') aliases.push({ owner: lower(name), target: lower(data) })
    // The bytes themselves: how an address is written is another question.
    const size = type === 'A' ? 4 : type === 'AAAA' ? 16 : 0
    if (size > 0 && (type === asked.type || asked.type === 'ANY'))
      addresses.push({
        owner: lower(name),
        type,
        text: message.subarray(at - size, at).toString('hex'),
        ttl,
      })
  }
  const chain = new Set([lower(asked.name)])
  for (let before = 0; before !== chain.size;) {
    before = chain.size
    for (const { owner, target } of aliases) if (chain.has(owner)) chain.add(target)
  }
  const found = new Map<string, number>()
  for (const { owner, type, text, ttl } of addresses) {
    if (!chain.has(owner)) continue
    const mapped = type === 'AAAA' && text.startsWith('00000000000000000000ffff')
    const key = type === 'A' ? `4:${text}` : mapped ? `4:${text.slice(24)}` : `6:${text}`
    found.set(key, Math.max(found.get(key) ?? 0, ttl))
  }
  return found
}
