// SPDX-License-Identifier: Apache-2.0
// In: hearing whom the policy does not let this process hear.
import { knocksFrom, talker, type Attempt } from '../attempt.ts'

const hears = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name: `hears-${name}`, tries, arrival: 'program', decisions: ['ingress', 'bind'] },
  arguments: ({ number }) => [`${number}`],
  policy: ({ exe }) => ({ processes: [talker(exe)] }),
  ...rest,
})
const told = (how: string, address: string): Pick<Attempt, 'tells'> => ({
  tells: (port, mark) => `${how} ${address} ${port} ${mark}`,
})
const own = '10.99.0.1'

export const inward: Attempt[] = [
  hears('tcp', 'listen on a port that is not listed', told('tcp', own)),
  hears('tcp-ipv6', 'the same, IPv6', told('tcp', 'fd99::1')),
  hears('tcp-unbound', 'listen without bind', told('tcp', own)),
  hears('datagrams', 'a port for datagrams that is not listed', told('udp', own)),
  hears('datagrams-unbound', 'datagrams of a stranger to a socket that asked somebody else', {
    ...told('udp', own),
    decisions: ['ingress', 'egress'],
  }),
  hears('multicast', 'what is sent to a group (IP_ADD_MEMBERSHIP)', {
    ...told('udp', '239.9.9.9'),
    decisions: ['ingress', 'egress'],
  }),
  hears('broadcast', 'what is sent to everybody', {
    ...told('udp', '10.99.0.255'),
    decisions: ['ingress', 'egress'],
  }),
  hears('raw', "others' datagrams, by a raw socket", {
    ...told('udp', own),
    policy: ({ exe }) => ({ processes: [talker(exe, { sockets: ['raw'] })] }),
    decisions: ['ingress', 'egress'],
  }),
  hears('packets', "others' packets, by a packet socket", {
    ...told('udp', own),
    needs: 'socket',
    decisions: ['socket'],
  }),
  hears('flood-of-half-open', 'answers to connections that strangers ask for and never make', {
    tells: (port, mark) => `syn ${own} ${port} ${knocksFrom(mark)}`,
    arrival: 'answers',
    decisions: ['ingress'],
  }),
]
