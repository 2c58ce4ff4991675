// SPDX-License-Identifier: Apache-2.0
// Around the hooks of sockets: other families, devices, tunnels, namespaces; and sockets that change hands.
import { talker, type Attempt } from '../attempt.ts'

/** Everything that has an address may be sent. */
const around = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: 'socket', decisions: ['socket'] },
  policy: ({ exe }) => ({ processes: [{ exe, egress: [{}], ingress: [{}] }] }),
  ...rest,
})
const byLink: Partial<Attempt> = { arguments: ({ link }) => [link] }
const family = (name: string, ...numbers: number[]): Attempt =>
  around(`family-${name}`, `a socket of the family or protocol "${name}"`, {
    program: 'family',
    arguments: () => numbers.map(String),
    arrival: 'program',
    mayLack: `a socket of "${name}"`,
  })
const [stream, datagram, rawType] = [1, 2, 3]

export const families: Attempt[] = [
  around('packet-raw', 'a frame by a packet socket', byLink),
  around('packet-datagram', 'a packet by a packet socket', byLink),
  around('packet-other-protocol', 'a protocol that is not IP', byLink),
  around('packet-of-inet', 'a packet socket asked for in the old way (SOCK_PACKET)', byLink),
  around('packet-socket-received', 'a packet socket that an unrestricted process made', {
    arguments: ({ giver }) => [giver],
  }),
  around('tun-forwarded', 'packets written to a tun device, forwarded without a socket', {
    arguments: ({ file }) => [file],
    mayLack: 'tun devices',
  }),
  around('tunnel', 'a tunnel to a forbidden host, for an address that is allowed', {
    arguments: ({ number }) => ['/usr/sbin/ip', `${7 + number}`],
    policy: ({ exe }) => ({
      processes: [
        { exe, egress: [{ to: [{ cidr: '10.77.254.0/24' }] }] },
        { exe: ['/usr/bin/ip', '/usr/sbin/ip', '/sbin/ip'] },
      ],
    }),
    mayLack: 'VXLAN',
  }),
  family('vsock', 40, stream, 0),
  family('alg', 38, 5, 0),
  family('xdp', 44, rawType, 0),
  family('key', 15, rawType, 2),
  family('can', 29, rawType, 1),
  family('bluetooth', 31, rawType, 1),
  family('tipc', 30, datagram, 0),
  family('smc', 43, stream, 0),
  family('rds', 21, 5, 0),
  family('netlink-generic', 16, rawType, 16),
  family('netlink-netfilter', 16, rawType, 12),
  family('netlink-audit', 16, rawType, 9),
  family('netlink-sock-diag', 16, rawType, 4),
  family('netlink-uevent', 16, rawType, 15),
]

const elsewhere = (name: string, tries: string): Attempt => ({
  ...{ name, tries, decisions: ['egress'] },
  arguments: ({ outside }) => [`${outside}`],
  policy: ({ exe }) => ({ processes: [talker(exe)] }),
})

export const namespaces: Attempt[] = [
  elsewhere('other-network-namespace', "from the host's network namespace"),
  elsewhere('other-network-namespace-before', 'the same with a socket that was opened before'),
]

/** One program of the container may talk, the other one may not. */
const twoPrograms: Pick<Attempt, 'policy' | 'arguments' | 'decisions' | 'needs' | 'unless'> = {
  policy: ({ exe, other }) => ({ processes: [talker(exe), { exe: other }] }),
  arguments: ({ other }) => [other],
  decisions: ['egress'],
  needs: 'socket',
  unless: /hands over are not decided/,
}
const before: Attempt['before'] = ({ exe, other }) => ({
  processes: [talker(exe), { exe: other }],
})
const nobody: Attempt['policy'] = ({ exe, other }) => ({
  processes: [{ exe: [exe, other], egress: [{ to: [{ cidr: '10.78.0.0/16' }] }] }],
})
const toFree = (name: string, tries: string): Attempt => ({
  ...{ name, tries, decisions: ['egress'], before, policy: nobody },
  arguments: ({ taker }) => [taker],
})

export const handed: Attempt[] = [
  {
    ...twoPrograms,
    name: 'passed-to-denied-program',
    tries: 'a connection of a program that may talk, sent to one that may not',
  },
  { ...twoPrograms, name: 'datagrams-passed-to-denied-program', tries: 'the same with datagrams' },
  {
    ...twoPrograms,
    name: 'fetched-by-denied-program',
    tries: 'the same, fetched by the one that may not (pidfd_getfd)',
    mayLack: 'pidfd_getfd',
  },
  toFree(
    'passed-to-free-process',
    'a connection sent to a process that no policy selects, then forbidden',
  ),
  toFree('datagrams-passed-to-free-process', 'the same with datagrams'),
]
