// SPDX-License-Identifier: Apache-2.0
// Out to an address that the policy does not list, by every way to ask for it.
import { talker, type Attempt } from '../attempt.ts'

const attempt = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, decisions: ['egress'] },
  policy: ({ exe }) => ({ processes: [talker(exe)] }),
  ...rest,
})
const neighbour: Partial<Attempt> = { arguments: ({ linkLocal }) => [linkLocal] }
/** Raw sockets are listed, so that each packet is decided. */
const raw: Partial<Attempt> = {
  policy: ({ exe }) => ({ processes: [talker(exe, { sockets: ['raw'] })] }),
}
const noHeaders = 'these IPv6 headers for sockets'

export const connections: Attempt[] = [
  attempt('tcp-connect', 'connect, IPv4'),
  attempt('tcp-connect-ipv6', 'connect, IPv6'),
  attempt('tcp-connect-mapped', 'connect to an IPv4 address in IPv6 form'),
  attempt('tcp-connect-non-blocking', 'connect without waiting for it'),
  attempt('tcp-connect-many-at-once', 'two hundred connections begun at once'),
  attempt('tcp-connect-port-53', 'a connection to port 53 of somebody who is no resolver'),
  attempt('tcp-connect-again', 'a socket that was connected to an allowed host, connected again'),
  attempt('tcp-fast-open', 'data with the first packet (MSG_FASTOPEN)'),
  attempt('tcp-fast-open-connect', 'the same by TCP_FASTOPEN_CONNECT'),
  attempt('tcp-by-ring', 'connect and send by io_uring', { mayLack: 'io_uring' }),
  attempt('tcp-from-bound-port', 'a socket that was bound before it connects'),
  attempt('tcp-by-device', 'a socket bound to the device'),
  attempt('tcp-from-foreign-address', 'from an address that is not its own (IP_TRANSPARENT)', {
    arrival: 'packet',
  }),
  attempt('tcp-source-route', 'to an allowed host by way of the forbidden one (IP_OPTIONS)', {
    arrival: 'packet',
  }),
  attempt('tcp-repair', 'a connection put together without a handshake (TCP_REPAIR)', {
    decisions: ['egress', 'socket'],
    arrival: 'packet',
    mayLack: 'TCP_REPAIR',
  }),
  attempt('mptcp', 'a multipath connection', { mayLack: 'MPTCP' }),
]

export const datagrams: Attempt[] = [
  attempt('udp-sendto', 'sendto, IPv4'),
  attempt('udp-sendto-ipv6', 'sendto, IPv6'),
  attempt('udp-sendto-mapped', 'sendto an IPv4 address in IPv6 form'),
  attempt('udp-port-53', 'a datagram to port 53 of somebody who is no resolver'),
  attempt('udp-connected', 'connect, then send'),
  attempt('udp-connected-elsewhere', 'sendto on a socket that is connected to an allowed host'),
  attempt('udp-sendmmsg', 'between two allowed ones in one sendmmsg'),
  attempt('udp-by-ring', 'sendmsg by io_uring', { mayLack: 'io_uring' }),
  attempt('udp-segmented', 'several datagrams by one call (UDP_SEGMENT)', {
    mayLack: 'UDP_SEGMENT',
  }),
  attempt('udp-fragmented', 'a datagram of several fragments'),
  attempt('udp-fragmented-ipv6', 'the same, IPv6'),
  attempt('udp-broadcast', 'to everybody (255.255.255.255)'),
  attempt('udp-subnet-broadcast', 'to everybody of the subnet'),
  attempt('udp-multicast', 'to a group, IPv4'),
  attempt('udp-multicast-ipv6', 'to a group on the link, IPv6'),
  attempt('udp-link-local', 'to the neighbour by its link-local address and the device', neighbour),
  attempt('udp-flow-label', 'with a flow label'),
  attempt('udp-hop-by-hop', 'behind hop-by-hop options', { mayLack: noHeaders }),
  attempt('udp-destination-options', 'behind destination options', { mayLack: noHeaders }),
  attempt('udp-source-route', 'to an allowed host by way of the forbidden one (IP_OPTIONS)', {
    arrival: 'packet',
  }),
  attempt('udp-routing-header', 'the same by a routing header, IPv6', {
    arrival: 'packet',
    mayLack: noHeaders,
  }),
  attempt('udp-from-foreign-address', 'from an address that is not its own (IP_TRANSPARENT)'),
  attempt('udp-from-chosen-address', 'with a control message that chooses the device'),
  attempt('udp-lite', 'UDP-Lite', { mayLack: 'UDP-Lite' }),
  attempt('sctp', 'an SCTP association', { arrival: 'packet', mayLack: 'SCTP' }),
  attempt('dccp', 'a DCCP connection', { arrival: 'packet', mayLack: 'DCCP' }),
  attempt('ping-socket', 'data in an echo request, by a ping socket'),
  attempt('ping-socket-ipv6', 'the same, IPv6'),
]

export const packets: Attempt[] = [
  attempt('raw-udp', 'a datagram by a raw socket that is listed', raw),
  attempt('raw-own-header', 'a raw packet with an IP header of its own', raw),
  attempt('raw-later-fragment', 'a raw packet that claims to be a later fragment', raw),
  attempt('raw-icmp', 'an echo request by a raw socket', raw),
  attempt('raw-unknown-protocol', 'a protocol number that nobody knows', raw),
  attempt('raw-ipv6', 'the same, IPv6', raw),
  attempt('raw-ipv6-own-header', 'a raw IPv6 packet with a header of its own', raw),
  attempt('raw-not-listed', 'a raw socket that is not listed, to where the process may send', {
    program: 'raw-icmp',
    policy: ({ exe }) => ({ processes: [{ exe, egress: [{}], ingress: [{}] }] }),
    decisions: ['socket'],
  }),
]
