// SPDX-License-Identifier: Apache-2.0
// Connections that were allowed when they were made: the next packet after the policy has tightened does not arrive.
import { talker, type Attempt } from '../attempt.ts'

const established = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name: `established-${name}`, tries, decisions: ['egress'] },
  before: ({ exe }) => ({ processes: [talker(exe, { ingress: [{}] })] }),
  policy: ({ exe }) => ({
    processes: [{ exe, egress: [{ to: [{ cidr: '10.78.0.0/16' }] }], ingress: [{ ports: [1] }] }],
  }),
  ...rest,
})

export const flows: Attempt[] = [
  established('write', 'a connection from before, written to'),
  established('ipv6', 'the same, IPv6'),
  established('promoted', 'a connection that audit let through, after the policy is enforced', {
    program: 'established-write',
    before: ({ exe }) => ({
      mode: 'audit',
      processes: [{ exe, egress: [{ to: [{ cidr: '10.78.0.0/16' }] }] }],
    }),
    policy: ({ exe }) => ({
      processes: [{ exe, egress: [{ to: [{ cidr: '10.78.0.0/16' }] }] }],
    }),
  }),
  established('sendfile', 'sendfile'),
  established('splice', 'splice from a pipe'),
  established('zero-copy', 'data that is not copied (MSG_ZEROCOPY)'),
  established('by-ring', 'send by io_uring', { mayLack: 'io_uring' }),
  established('urgent', 'an urgent byte'),
  established('half-closed', 'a connection whose other end has said all it will'),
  established('left-behind', 'data that the kernel sends after its process is gone'),
  established('inherited', 'by a descendant that inherited it'),
  established('multipath', 'a multipath connection', { mayLack: 'MPTCP' }),
  established('datagrams', 'a connected UDP socket'),
  established('datagrams-unconnected', 'the destination of a moment ago'),
  established('datagram-corked', 'a datagram collected before, sent after'),
  established('accepted', 'a connection that was accepted', {
    arguments: ({ number }) => [`${number}`],
    tells: (port, mark) => `tcp 10.99.0.1 ${port} hello-${mark.length}`,
    decisions: ['ingress'],
  }),
]

const forbidden: Attempt['policy'] = ({ exe }) => ({ processes: [talker(exe)] })

export const floods: Attempt[] = [
  {
    name: 'flood-of-half-open',
    tries: 'three thousand connections, begun and left',
    decisions: ['egress'],
    policy: forbidden,
    arrival: 'packet',
  },
]
