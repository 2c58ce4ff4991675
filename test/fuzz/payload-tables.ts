// SPDX-License-Identifier: Apache-2.0
// The map `automaton` as the agent fills it, as a file for payload.h: the number of the first state, then all rows.
import { automatonRow, Limit } from '../../enforcer/src/kernel/abi.gen.ts'
import { encode } from '../../enforcer/src/kernel/codec.ts'
import { handshakeRows, handshakeStart } from '../../enforcer/src/plan/stratum.ts'

export function handshakeTables(): Buffer {
  const table = Buffer.alloc(4 + Limit.STATES * automatonRow.size)
  table.writeUInt32LE(handshakeStart)
  for (const { index, next, accept } of handshakeRows())
    table.set(encode(automatonRow, { next: [...next], accept }), 4 + index * automatonRow.size)
  return table
}
