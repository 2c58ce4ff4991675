// SPDX-License-Identifier: Apache-2.0
// Ports of a rule: "443/TCP", 443, "8000-8100/UDP", "*/SCTP", "ICMP". The protocol becomes its IANA number.
import { complain, insist, shown, type Complaint } from './complaint.ts'

/** Both ends included. `protocol` null would mean any; a rule without ports says that, so the text form never gives it. */
export type PortRange = { protocol: number | null; low: number; high: number }

export const protocols = { ICMP: 1, TCP: 6, UDP: 17, SCTP: 132 } as const
export type ProtocolName = keyof typeof protocols
/** What policies call ICMP is two protocols: 1 on IPv4 and this one on IPv6. */
export const icmpForIpv6 = 58

const forms = 'a port such as 443/TCP, 8000-8100/TCP, */UDP or ICMP'

export function readPort(value: string | number): PortRange | Complaint {
  const text = String(value)
  const [, ports, protocol = 'TCP'] = /^(\*|\d+(?:-\d+)?)(?:\/(.*))?$/s.exec(text) ?? []
  if (text === 'ICMP') return { protocol: protocols.ICMP, low: 0, high: 65535 }
  if (/^ICMP\b/i.test(text) || /^ICMP/i.test(protocol))
    return complain(shown(value), forms, 'write ICMP alone: it has no ports')
  if (text === '*')
    return complain(
      shown(value),
      forms,
      'leave ports out for every port and protocol, or write */TCP',
    )
  if (ports === undefined) return complain(shown(value), forms, hint(text))
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
    return complain(
      `protocol ${shown(protocol)}`,
      'TCP, UDP or SCTP',
      `write ${ports}/${/^(udp|sctp)$/i.test(protocol) ? protocol.toUpperCase() : 'TCP'}`,
    )
  if (ports === '*') return { protocol: protocols[protocol], low: 0, high: 65535 }
  const [low = 0, high = low] = ports.split('-').map(Number)
  if (low < 1 || high < 1 || low > 65535 || high > 65535)
    return complain(shown(value), 'ports from 1 to 65535', `for every port write */${protocol}`)
  if (low > high)
    return complain(shown(value), 'the lower port first', `write ${high}-${low}/${protocol}`)
  return { protocol: protocols[protocol], low, high }
}

/** For ports of a loaded policy. */
export function parsePort(value: string | number): PortRange {
  return insist(readPort(value))
}

/** A rule's list as ranges; ICMP becomes two, so that nobody after this needs to know that it has two numbers. */
export function portRanges(ports: readonly (string | number)[]): PortRange[] {
  return ports
    .map(parsePort)
    .flatMap((range) =>
      range.protocol === protocols.ICMP ? [range, { ...range, protocol: icmpForIpv6 }] : [range],
    )
}

export function covers(range: PortRange, protocol: number, port: number): boolean {
  if (range.protocol !== null && range.protocol !== protocol) return false
  return range.low <= port && port <= range.high
}

function hint(text: string): string {
  const swapped = /^([A-Za-z]+)[/:](\d+)$/.exec(text)
  if (swapped) return `write ${swapped[2] ?? ''}/${(swapped[1] ?? '').toUpperCase()}`
  return /^[a-z]/i.test(text)
    ? 'write the number of the port: names are not resolved'
    : 'write the port, "/" and TCP, UDP or SCTP'
}
