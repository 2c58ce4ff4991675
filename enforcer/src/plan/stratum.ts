// SPDX-License-Identifier: Apache-2.0
// How miners and pools talk: Stratum v1 is JSON-RPC, one object a line, and what each side says first is one of these.
// Spaces where JSON allows them are read as a pool reads them; letters written as \u00XX are so before (escapes.ts).
// Sources: the Stratum v1 protocol as bitcoin pools document it (mining.*), ethereum pools (eth_…), cryptonote pools
// (method "login" with an agent, an algo, a rig id or a wallet; jobs; shares), and the calls by which a miner asks a
// node for work (BIP 22 getblocktemplate, getwork, Monero's json_rpc).
import { Limit } from '../kernel/abi.gen.ts'
import { buildAutomaton, text, type Part, type State } from './automaton.ts'
import { escapeTable, nothing } from './escapes.ts'

const bytes = (value: string): Part => ({ bytes: Uint8Array.from(Buffer.from(value)) })
const space: Part = { repeat: bytes(' \t\r\n') }
const anything: Part = { repeat: { any: true } }

const quoted = (value: string): Part => text(JSON.stringify(value))
const member = (key: string, value: string): Part => ({
  sequence: [quoted(key), space, bytes(':'), space, quoted(value)],
})
const anyOf = (...values: string[]): Part => ({ choice: values.map(quoted) })

const login = member('method', 'login')
const minersOwn = anyOf('agent', 'algo', 'rigid')
const times = (count: number, part: Part): Part[] => Array.from({ length: count }, () => part)
const base58 = bytes('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz')
const colon: Part = { sequence: [space, bytes(':'), space] }
const object: Part = { sequence: [colon, bytes('{'), space] }
const noQuote: Part = {
  repeat: { bytes: Uint8Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 0x22) },
}
/** Cryptonote jobs, after a login or by themselves. */
const job: Part = { sequence: [anyOf('job', 'params'), object, quoted('blob')] }
const share: Part = {
  sequence: [
    ...[quoted('job_id'), colon, bytes('"'), noQuote, bytes('"')],
    ...[space, bytes(','), space, quoted('nonce'), colon],
  ],
}
/** A Monero address in place of a user's name; what pools allow after it (a rig, a difficulty) may follow. */
const wallet: Part = {
  sequence: [quoted('login'), colon, bytes('"'), bytes('48'), ...times(94, base58)],
}

export const handshakes: Part[] = [
  anyOf(
    'mining.subscribe',
    'mining.authorize',
    'mining.configure',
    'mining.submit',
    'mining.extranonce.subscribe',
    'mining.suggest_difficulty',
    'mining.suggest_target',
    'mining.hello',
    'mining.notify',
    'mining.set_difficulty',
    'mining.set_extranonce',
    'mining.set_target',
    'eth_submitLogin',
    'eth_getWork',
    'eth_submitWork',
    'eth_submitHashrate',
    'getblocktemplate',
    'get_block_template',
    'getjobtemplate',
    'getwork',
    'submitblock',
    'submit_block',
  ),
  { sequence: [login, anything, minersOwn] },
  { sequence: [minersOwn, anything, login] },
  job,
  share,
  wallet,
]

const byte = (value: number): Part => ({ bytes: Uint8Array.of(value) })
const any: Part = { any: true }
/** SetupConnection of the mining protocol, versions 2 to 2, without its usual encryption: frame header (extension 0, message
 * 0, length below 512), protocol 0, versions, flags below 256. Source: the Stratum v2 specification, Protocol Overview. */
const setup: Part = {
  sequence: [
    ...[byte(0), byte(0), byte(0)],
    ...[any, { bytes: Uint8Array.of(0, 1) } as Part, byte(0)],
    ...[byte(0), byte(2), byte(0), byte(2), byte(0)],
    ...[any, byte(0), byte(0), byte(0)],
  ],
}

/** Room kept for it: a version with other handshakes must not write over the patterns that are in force. */
export const stratumLimit = Limit.STRATUM_STATES

export function stratumAutomaton(limit = stratumLimit): State[] {
  const states = buildAutomaton(
    [
      ...handshakes.map((part) => ({ part, means: 1 })),
      { part: setup, means: 1, first: true as const },
    ],
    { search: true, limit, what: 'mining handshakes' },
  )
  for (const [index, state] of states.entries()) state.next[nothing] = index
  return states
}

const escapes = escapeTable()
/** The first state of the search, in the map `automaton`. */
export const handshakeStart = 1
/** The first row of that map that is free for others. */
export const handshakeEnd = stratumLimit + 1 + escapes.length

/** Rows of the map `automaton`: the search first, then the table of escapes; the same in every plan. */
export function handshakeRows(): { index: number; next: Uint16Array; accept: number }[] {
  return [
    ...stratumAutomaton().map(({ next, accepts }, at) => ({
      index: handshakeStart + at,
      next: moved(next),
      accept: accepts[0] ?? 0,
    })),
    ...escapes.map((next, at) => ({ index: stratumLimit + 1 + at, next, accept: 0 })),
  ]
}

/** Half a million entries: a loop, since a function called for each takes several times as long. */
function moved(next: Int32Array): Uint16Array {
  const rows = new Uint16Array(next)
  for (let byte = 0; byte < rows.length; byte++)
    rows[byte] = (next[byte] as number) + handshakeStart
  return rows
}
