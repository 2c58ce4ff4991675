// SPDX-License-Identifier: Apache-2.0
// First bytes of random connections: JSON-RPC with the words of miners and their neighbours, written in every way that JSON
// allows; real transcripts, bent; and how they come in segments. The same seed gives the same inputs.
import { Limit } from '../../enforcer/src/kernel/abi.gen.ts'
import { harmless, mining, pools } from '../../enforcer/src/plan/handshakes.ts'
import { pick, type Random } from './random.ts'

const transcripts = [mining, pools, harmless].flatMap((all) => Object.values(all))
const strings = [
  ...['login', 'agent', 'algo', 'rigid', 'mining.subscribe', 'mining.notify', 'mining.statistics'],
  ...['mining', 'eth_getWork', 'eth_blockNumber', 'getwork', 'getworks', 'submitblock', 'XMRig'],
  ...['', 'a"b', 'back\\slash', 'line\nbreak', 'tab\t', 'é', 'x', '"mining.submit"', 'job', 'blob'],
]
const methods = [
  'login',
  'login',
  'mining.subscribe',
  'eth_getWork',
  'getwork',
  'submitblock',
  'sum',
]
const keys = [
  ...['id', 'jsonrpc', 'method', 'method', 'params', 'params', 'agent', 'algo', 'rigid', 'login'],
  ...['job', 'job_id', 'nonce', 'blob', 'result', 'x"', 'result'],
]

function value(next: Random, depth: number): unknown {
  switch (next(depth > 2 ? 4 : 7)) {
    case 0:
      return next(1000)
    case 1:
      return pick(next, [null, true, false])
    case 2:
    case 3:
      return pick(next, strings)
    case 4:
      return Array.from({ length: next(3) }, () => value(next, depth + 1))
    default:
      return Object.fromEntries(
        Array.from({ length: 1 + next(4) }, () => {
          const key = pick(next, keys)
          return [key, key === 'method' ? pick(next, methods) : value(next, depth + 1)]
        }),
      )
  }
}

const gap = (next: Random): string =>
  next(6) === 0 ? Array.from({ length: next(4) }, () => pick(next, [...' \t\r\n'])).join('') : ''

/** JSON, each string with some of its letters escaped, with gaps where JSON allows them. */
function write(next: Random, of: unknown): string {
  if (typeof of === 'string')
    return `"${[...of].map((letter) => writeLetter(next, letter)).join('')}"`
  if (typeof of !== 'object' || of === null) return JSON.stringify(of)
  const inner = Array.isArray(of)
    ? of.map((one) => write(next, one))
    : Object.entries(of).map(
        ([key, one]) => `${write(next, key)}${gap(next)}:${gap(next)}${write(next, one)}`,
      )
  const [open, close] = Array.isArray(of) ? ['[', ']'] : ['{', '}']
  return `${open}${gap(next)}${inner.join(`${gap(next)},${gap(next)}`)}${gap(next)}${close}`
}

function writeLetter(next: Random, letter: string): string {
  const code = letter.charCodeAt(0)
  const hex = code.toString(16).padStart(4, '0')
  if (next(12) === 0 || code > 126) return `\\u${next(2) === 0 ? hex : hex.toUpperCase()}`
  return letter === '/' && next(2) === 0 ? '\\/' : JSON.stringify(letter).slice(1, -1)
}

/** `value`: what the text means, if it is one JSON text. */
export interface Talk {
  text: string
  value?: unknown
}

export function talk(next: Random): Talk {
  const kind = next(8)
  if (kind < 4) {
    const of = value(next, 0)
    return { text: write(next, of), value: of }
  }
  let text = pick(next, transcripts)
  if (kind === 4) text = pick(next, transcripts).slice(next(40)) + text
  if (kind === 5) text = write(next, value(next, 0)) + text
  for (let i = kind === 6 ? next(5) : 0; i > 0; i--) {
    const at = next(text.length)
    const put = pick(next, ['"', '\\', '\\u', '\\u00', '\x0b', ' ', String.fromCharCode(next(256))])
    text = text.slice(0, at) + put + text.slice(at + next(2))
  }
  return { text }
}

/** A part of the text, and how it is sent. */
export interface Segment {
  seq: number
  /** TCP's urgent pointer: 1 + the offset of a byte that the other end does not read; 0: none. */
  urgent: number
  payload: Buffer
}

/** The text in segments; some are sent twice, some begin before the last one ended; sequence numbers may wrap. */
export function segments(next: Random, text: string): { all: Segment[]; read: string } {
  const bytes = Buffer.from(text, 'latin1')
  const start = next(3) === 0 ? 2 ** 32 - next(600) : next(2 ** 31)
  const pieces = next(3) === 0 ? 1 : 1 + next(6)
  const ends = Array.from({ length: pieces - 1 }, () => next(bytes.length + 1))
  ends.sort((a, b) => a - b)
  const all: Segment[] = []
  const out: number[] = []
  let from = 0
  for (const end of [...ends, bytes.length]) {
    const again = next(5) === 0 ? next(Math.min(from, 30) + 1) : 0
    const payload = bytes.subarray(from - again, end)
    const urgent = next(25) === 0 && end > from ? 1 + again + next(end - from) : 0
    if (urgent > 0) out.push(from - again + urgent - 1)
    all.push({ seq: (start + from - again) >>> 0, urgent, payload })
    from = end
  }
  const read = Buffer.from(bytes.filter((_, at) => at < Limit.INSPECT && !out.includes(at)))
  return { all, read: read.toString('latin1') }
}
