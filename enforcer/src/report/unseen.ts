// SPDX-License-Identifier: Apache-2.0
// Encrypted connections of processes that a guard rail against a protocol looks into: what is in them nobody can say, so
// the report names them, with the server that was asked for where the client told it.
import { formatAddress } from '../../../policies/src/index.ts'
import type { Tables } from '../kernel/maps.ts'
import { Describer, type PodNames, type SubjectInfo } from './records.ts'

export interface Unseen {
  subject: SubjectInfo
  executable: string | null
  from: string | null
  target: { protocol: 'TCP'; address: string; port: number }
  /** The server's name as the client sent it (TLS server_name); null: none, or not in its first segment. */
  serverName: string | null
  /** Connections. */
  count: number
  first: string
  last: string
  /** The policy whose guard rail could not look into them. */
  policy: string | null
}

/** The most frequent first within a subject. */
export function readUnseen(tables: Tables, pods: PodNames = new Map()): Unseen[] {
  const describer = new Describer(tables, pods)
  return [...tables.unseen.entries()]
    .map(([key, row]) => {
      const four = key.family === 4
      const bytes = four
        ? Uint8Array.from([...new Uint8Array(10), 255, 255, ...key.address.subarray(0, 4)])
        : key.address
      return {
        subject: describer.subject(key.subject),
        executable: describer.path(row.exe),
        from: describer.path(row.from),
        target: {
          protocol: 'TCP' as const,
          address: formatAddress({ family: four ? 4 : 6, bytes }),
          port: key.port,
        },
        serverName: row.length > 0 ? row.name : null,
        count: Number(row.count),
        first: describer.time(row.first),
        last: describer.time(row.last),
        policy: describer.policy(row.policy),
      }
    })
    .sort(
      (a, b) =>
        a.subject.name.localeCompare(b.subject.name) ||
        a.subject.id.localeCompare(b.subject.id) ||
        b.count - a.count,
    )
}
