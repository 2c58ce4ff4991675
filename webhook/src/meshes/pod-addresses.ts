// SPDX-License-Identifier: Apache-2.0
// Addresses of a pod that runs: a redirect of IPv4 alone leaves nothing out where there is no IPv6.

import { list, text } from '../fields.ts'
import type { Subject } from '../subject.ts'

/** Known only of a pod that runs: the addresses of IPv6 among its own, and whether one is the first. */
export function ipv6Of({ object }: Subject): { at: number; address: string } | null {
  const addresses = list(object, 'status', 'podIPs').map((one) => text(one, 'ip') ?? '')
  const at = addresses.findIndex((one) => one.includes(':'))
  return at === -1 ? null : { at, address: addresses[at] ?? '' }
}

/** Known only of a pod that runs: it has addresses, and none of them is of IPv6. */
export function withoutIpv6({ object }: Subject): boolean {
  const addresses = list(object, 'status', 'podIPs').map((one) => text(one, 'ip') ?? '')
  return addresses.length > 0 && addresses.every((one) => !one.includes(':'))
}
