// SPDX-License-Identifier: Apache-2.0
// How a mining client greets its pool: Stratum v1 is JSON-RPC, one object a line, and the first thing a client sends is
// one of these. Spaces where JSON allows them, and letters written as \u00XX, are read as a pool reads them.
// Sources: the Stratum v1 protocol as bitcoin pools document it (mining.*), ethereum pools (eth_submitLogin), and
// cryptonote pools (method "login" with an agent, an algo or a rig id).
import { buildAutomaton, type Part, type State } from './automaton.ts'

const bytes = (value: string): Part => ({ bytes: Uint8Array.from(Buffer.from(value)) })
const space: Part = { repeat: bytes(' \t\r\n') }
const anything: Part = { repeat: { any: true } }

/** A letter as itself or as its JSON escape. */
function letter(c: string): Part {
  const hex = c.charCodeAt(0).toString(16).padStart(4, '0')
  const escape = [...hex].map((h) => bytes(h.toLowerCase() + h.toUpperCase()))
  return { choice: [bytes(c), { sequence: [bytes('\\'), bytes('u'), ...escape] }] }
}

const quoted = (value: string): Part => ({
  sequence: [bytes('"'), ...[...value].map(letter), bytes('"')],
})
const member = (key: string, value: string): Part => ({
  sequence: [quoted(key), space, bytes(':'), space, quoted(value)],
})
const anyOf = (...values: string[]): Part => ({ choice: values.map(quoted) })

const login = member('method', 'login')
const minersOwn = anyOf('agent', 'algo', 'rigid')

export const handshakes: Part[] = [
  anyOf(
    'mining.subscribe',
    'mining.authorize',
    'mining.configure',
    'mining.submit',
    'mining.extranonce.subscribe',
    'eth_submitLogin',
  ),
  { sequence: [login, anything, minersOwn] },
  { sequence: [minersOwn, anything, login] },
]

export function stratumAutomaton(limit: number): State[] {
  return buildAutomaton(
    handshakes.map((part) => ({ part, means: 1 })),
    { search: true, limit, what: 'mining handshakes' },
  )
}
