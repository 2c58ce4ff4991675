// SPDX-License-Identifier: Apache-2.0
// Addresses of a pod that runs: a redirect of IPv4 alone leaves nothing out where there is no IPv6.

import { ofAll, ofKind, type ClusterObjects } from '../cluster-objects.ts'
import { list, text, texts } from '../fields.ts'
import type { Hit } from '../finding.ts'
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

/** Nodes tell it before a pod runs: their pods get addresses of both families. */
export function pairsAddresses(objects: ClusterObjects): boolean {
  return somePairs(ofKind(objects, 'Node'))
}

export const somePairs = ofAll((nodes) =>
  nodes.some(({ object }) => {
    const ranges = texts(object, 'spec', 'podCIDRs')
    return [true, false].every((six) => ranges.some((one) => one.includes(':') === six))
  }),
)

/** Of a manifest, by a mesh that redirects IPv4 alone. */
export function willMissIpv6(title: string, { pod }: Subject, objects: ClusterObjects): Hit[] {
  if (!pairsAddresses(objects)) return []
  const message = `pods of this cluster get addresses of IPv6 as well, and ${title} redirects IPv4 only`
  return [{ id: 'ipv6', path: `${pod.prefix}spec`, message }]
}
