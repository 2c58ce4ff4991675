// SPDX-License-Identifier: Apache-2.0
// Every attempt to talk that there is.
import type { Attempt } from './attempt.ts'
import { families, handed, namespaces } from './table/around.ts'
import { floods, flows } from './table/established.ts'
import { inward } from './table/inward.ts'
import { connections, datagrams, packets } from './table/outward.ts'

export const networkSections: Record<string, readonly Attempt[]> = {
  'connections out': connections,
  'datagrams and other transports out': datagrams,
  'packets with headers of their own': packets,
  'around the sockets of IP': families,
  'other network namespaces': namespaces,
  'sockets that change hands': handed,
  'established flows': flows,
  'connections and datagrams in': inward,
  'floods of connections': floods,
}
export const networkAttempts: readonly Attempt[] = Object.values(networkSections).flat()
