// SPDX-License-Identifier: Apache-2.0
// IP addresses and networks as the kernel compares them: 16 bytes, an IPv4 address in the last four behind ::ffff:.
// An IPv4 address written in IPv6 form is the IPv4 address; the unspecified address is the loopback, as connect() takes it.
import { complain, insist, shown, type Complaint } from './complaint.ts'

export type Address = { family: 4 | 6; bytes: Uint8Array }
/** `bits` counts within the network's own family: 0–32 for IPv4, 0–128 for IPv6. */
export type Network = Address & { bits: number }

/** Text → address exactly as written, or undefined. */
export function readAddress(text: string): Address | undefined {
  const four = ipv4Bytes(text)
  if (four) return { family: 4, bytes: mapped(four) }
  const bytes = ipv6Bytes(text)
  return bytes && { family: isMapped(bytes) ? 4 : 6, bytes }
}

/** Text → the address a connection to it really reaches. */
export function normaliseAddress(text: string): Address {
  const address = readAddress(text)
  if (!address) throw new RangeError(`found ${shown(text)}, expected an IPv4 or IPv6 address`)
  const { family, bytes } = address
  if (bytes.subarray(family === 4 ? 12 : 0).some((byte) => byte !== 0)) return address
  const loopback = family === 4 ? mapped([127, 0, 0, 1]) : new Uint8Array(16)
  if (family === 6) loopback[15] = 1
  return { family, bytes: loopback }
}

const networkForms = 'a network such as 10.0.0.0/8 or 2001:db8::/32'

export function readCidr(text: string): Network | Complaint {
  const [host = '', length, ...more] = text.split('/')
  const address = readAddress(host)
  if (!address || more.length > 0)
    return complain(
      shown(text),
      networkForms,
      'write an IPv4 or IPv6 address, "/" and a prefix length',
    )
  const written = host.includes(':') ? 128 : 32
  if (length === undefined)
    return complain(shown(text), networkForms, `for this one address write ${host}/${written}`)
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > written)
    return complain(
      `prefix length ${shown(length)}`,
      `a number from 0 to ${written}`,
      `for this one address write ${host}/${written}`,
    )
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8; a shorter prefix covers more than IPv4 addresses and stays an IPv6 network.
  const asFour = address.family === 4 && (written === 32 || Number(length) >= 96)
  const bits = Number(length) - (asFour && written === 128 ? 96 : 0)
  const network: Network = { family: asFour ? 4 : 6, bytes: address.bytes, bits }
  const clear = networkOf(network)
  if (!sameBytes(clear.bytes, network.bytes))
    return complain(
      `${shown(text)} with bits set behind the prefix`,
      'the network itself',
      `write ${formatNetwork(clear)}, or ${formatNetwork({ ...network, bits: asFour ? 32 : 128 })} for the one address`,
    )
  return network
}

/** For networks of a loaded policy. */
export function parseCidr(text: string): Network {
  return insist(readCidr(text))
}

export function contains(network: Network, address: Address): boolean {
  if (network.family !== address.family) return false
  return sameBytes(cleared(address.bytes, prefixOf(network)), network.bytes)
}

/** Inside, and not the whole of it. */
export function strictlyInside(inner: Network, outer: Network): boolean {
  return inner.bits > outer.bits && contains(outer, inner)
}

export function formatAddress({ family, bytes }: Address): string {
  if (family === 4) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  )
  const zeros = [...groups.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)]
  const longest = zeros.sort((a, b) => b[0].length - a[0].length)[0]
  if (!longest) return groups.join(':')
  const text = groups.join(':')
  const before = text.slice(0, longest.index).replace(/:$/, '')
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '')
  return `${before}::${after}`
}

export function formatNetwork(network: Network): string {
  return `${formatAddress(network)}/${network.bits}`
}

const networkOf = (network: Network): Network => ({
  ...network,
  bytes: cleared(network.bytes, prefixOf(network)),
})

const prefixOf = (network: Network) => network.bits + (network.family === 4 ? 96 : 0)

function cleared(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix - i * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
}

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i])

const isMapped = (bytes: Uint8Array) =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff

function mapped(four: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four])
}

/** Four decimal numbers; no leading zeros, which some programs read as octal. */
function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const front = groupBytes(head, tail === undefined)
  const back = tail === undefined ? [] : groupBytes(tail, true)
  if (!front || !back) return undefined
  const missing = 16 - front.length - back.length
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...front, ...new Array<number>(missing).fill(0), ...back])
}

function groupBytes(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    const four = last && i === groups.length - 1 ? ipv4Bytes(group) : undefined
    if (four) bytes.push(...four)
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff)
    else return undefined
  }
  return bytes
}
