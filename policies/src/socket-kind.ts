// SPDX-License-Identifier: Apache-2.0
// Ways to talk that no address rule is about, by name and number: socket families by the kernel's number
// (include/linux/socket.h), netlink protocols from 64 on (include/uapi/linux/netlink.h), and what is neither from 96
// on, as in enum socket_use of bpf/. IPv4, IPv6, unix sockets and netlink's routing protocol are not among them:
// everybody may make these, and what they carry is decided by addresses, files and `network-admin`.
import type { SocketUse } from './policy.gen.ts'

const families = {
  ax25: 3,
  ipx: 4,
  appletalk: 5,
  netrom: 6,
  atmpvc: 8,
  x25: 9,
  rose: 11,
  key: 15,
  packet: 17,
  atmsvc: 20,
  rds: 21,
  pppox: 24,
  llc: 26,
  infiniband: 27,
  mpls: 28,
  can: 29,
  tipc: 30,
  bluetooth: 31,
  isdn: 34,
  rxrpc: 33,
  phonet: 35,
  ieee802154: 36,
  caif: 37,
  alg: 38,
  nfc: 39,
  vsock: 40,
  kcm: 41,
  qipcrtr: 42,
  smc: 43,
  xdp: 44,
  mctp: 45,
} as const satisfies Partial<Record<SocketUse, number>>

const netlink = {
  'netlink-usersock': 2,
  'netlink-sock-diag': 4,
  'netlink-nflog': 5,
  'netlink-xfrm': 6,
  'netlink-selinux': 7,
  'netlink-iscsi': 8,
  'netlink-audit': 9,
  'netlink-fib-lookup': 10,
  'netlink-connector': 11,
  'netlink-netfilter': 12,
  'netlink-dnrtmsg': 14,
  'netlink-uevent': 15,
  'netlink-generic': 16,
  'netlink-scsi-transport': 18,
  'netlink-ecryptfs': 19,
  'netlink-rdma': 20,
  'netlink-crypto': 21,
  'netlink-smc': 22,
} as const satisfies Partial<Record<SocketUse, number>>

const netlinkFirst = 64

const acts = { 'network-admin': 96, raw: 97 } as const satisfies Partial<Record<SocketUse, number>>

const numbers = new Map<string, number>([
  ...Object.entries(families),
  ...Object.entries(netlink).map(([name, number]) => [name, netlinkFirst + number] as const),
  ...Object.entries(acts),
])
const names = new Map([...numbers].map(([name, number]) => [number, name as SocketUse]))

export const socketUses: readonly SocketUse[] = [...names.values()]

export function socketUseNumber(name: SocketUse): number {
  const number = numbers.get(name)
  if (number === undefined) throw new RangeError(`no kind of socket is named "${name}"`)
  return number
}

/** null: a family or protocol that a newer kernel has, or that nobody has a name for. */
export function socketUseName(number: number): SocketUse | null {
  return names.get(number) ?? null
}
