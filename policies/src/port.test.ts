// SPDX-License-Identifier: Apache-2.0
// Ports as they are written, and what is said about those that are not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { covers, parsePort, portRanges, readPort } from './port.ts'

describe('ports', () => {
  it.each([
    ['443/TCP', 6, 443, 443],
    ['443', 6, 443, 443],
    [443, 6, 443, 443],
    ['53/UDP', 17, 53, 53],
    ['8000-8100/TCP', 6, 8000, 8100],
    ['8000-8100', 6, 8000, 8100],
    ['*/UDP', 17, 0, 65535],
    ['*/SCTP', 132, 0, 65535],
    ['ICMP', 1, 0, 65535],
  ])('%s', (text, protocol, low, high) => {
    expect(parsePort(text)).toEqual({ protocol, low, high })
  })

  it('covers exactly its range', () => {
    const port = fc.integer({ min: 1, max: 65535 })
    fc.assert(
      fc.property(port, port, port, fc.constantFrom('TCP', 'UDP', 'SCTP'), (a, b, asked, name) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const range = parsePort(`${low}-${high}/${name}`)
        expect(covers(range, range.protocol ?? 0, asked)).toBe(low <= asked && asked <= high)
        expect(covers(range, 47, asked)).toBe(false)
      }),
    )
  })
  it('makes two of ICMP', () => {
    expect(portRanges(['ICMP', 80]).map(({ protocol }) => protocol)).toEqual([1, 58, 6])
  })
  it.each([
    ['http', 'names are not resolved'],
    ['TCP/80', 'write 80/TCP'],
    ['80/tcp', 'write 80/TCP'],
    ['53/udp', 'write 53/UDP'],
    ['*', 'leave ports out'],
    ['0/TCP', '*/TCP'],
    ['65536', 'ports from 1 to 65535'],
    ['9-3/UDP', 'write 3-9/UDP'],
    ['8/ICMP', 'it has no ports'],
    ['', 'write the port'],
    ['80 /TCP', 'write the port'],
    [-1, 'write the port'],
    [1.5, 'write the port'],
    [1e21, 'write the port'],
  ])('%j: %s', (text, said) => {
    expect(JSON.stringify(readPort(text))).toContain(said)
  })
})
