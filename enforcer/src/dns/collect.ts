// SPDX-License-Identifier: Apache-2.0
// Takes out of the kernel what nobody needs any more of names: rows of subjects that are gone, and, when it is getting full,
// rows whose names have all expired. The kernel decides by their times and bounds each subject by itself; an expired row is
// kept as long as there is room, since a connection that began in time may be decided anew.
import { uptime } from 'node:os'
import { DnsLimit, type DnsAddressRow } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'

/** Half of dns_addresses in bpf/names.bpf.h. */
const half = 65_536
const second = 1_000_000_000n

/** `now`: nanoseconds since boot. Answers how many addresses were taken out. */
export function collectNames(
  tables: Pick<Tables, 'subjects' | 'dns_turns' | 'dns_places' | 'dns_addresses'>,
  now = BigInt(Math.floor(uptime())) * second - second,
  limit = half,
): number {
  const owners = [...tables.dns_turns.keys()].map(({ value }) => value)
  const gone = new Set(owners.filter((value) => !tables.subjects.get({ value })))
  const crowded = owners.length * DnsLimit.LIMIT_ADDRESSES > limit
  if (gone.size === 0 && !crowded) return 0
  let taken = 0
  const rows = [...tables.dns_addresses.entries()]
  const full = rows.length > limit
  for (const [key, row] of rows)
    if (gone.has(key.subject) || (full && hasExpired(row, now)))
      if (tables.dns_addresses.delete(key)) taken++
  if (gone.size === 0) return taken
  for (const key of tables.dns_places.keys())
    if (gone.has(key.subject)) tables.dns_places.delete(key)
  for (const value of gone) tables.dns_turns.delete({ value })
  return taken
}

const hasExpired = ({ belief }: DnsAddressRow, now: bigint) =>
  belief.every(({ expires }) => expires < now)
