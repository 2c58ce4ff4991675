// SPDX-License-Identifier: Apache-2.0
// How miners talk, said a second time, for other parsers: JSON.parse for messages, regular expressions for any bytes.

const words = [
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
]

const shapes = [
  `"(?:${words.map((word) => word.replaceAll('.', '\\.')).join('|')})"`,
  '"method"\\s*:\\s*"login".*"(?:agent|algo|rigid)"',
  '"(?:agent|algo|rigid)".*"method"\\s*:\\s*"login"',
  '"(?:job|params)"\\s*:\\s*\\{\\s*"blob"',
  '"job_id"\\s*:\\s*"[^"]*"\\s*,\\s*"nonce"\\s*:',
  '"login"\\s*:\\s*"[48][1-9A-HJ-NP-Za-km-z]{94}',
  '^\\x00{3}.[\\x00\\x01]\\x00\\x00\\x02\\x00\\x02\\x00.\\x00{3}',
].map((shape) => new RegExp(shape.replaceAll('\\s', '[ \\t\\r\\n]'), 's'))

/** A letter, an escape that is broken or stands for no letter, and a byte that JSON allows nowhere. */
const escape = new RegExp(
  [
    '\\\\u00([0-9a-fA-F]{2})',
    '\\\\u(?:0(?:0[0-9a-fA-F]?)?)?(?:[^\\\\]|(?=\\\\)|$)',
    '\\\\(?:[^u]|$)',
    '\\x0b',
  ].join('|'),
  'gs',
)

/** The text as JSON means it. What stands for an escaped quotation mark or backslash is no part of a word. */
const unescaped = (text: string): string =>
  text.replace(escape, (found, hex: string | undefined) => {
    if (found === '\x0b') return ''
    if (hex === undefined) return '\0'
    const meant = String.fromCharCode(Number.parseInt(hex, 16))
    return '"\\\x0b'.includes(meant) ? '\0' : meant
  })

/** Of the first bytes of a connection, as Latin-1. */
export function talksLikeAMiner(text: string): boolean {
  const meant = unescaped(text)
  return shapes.some((shape) => shape.test(meant))
}

/** Of a JSON value: a method, or the members of a login, as a pool reads them. */
export function meansMining(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(meansMining)
  const object = value as Record<string, unknown>
  const { method, params } = object
  if (typeof method === 'string' && words.includes(method)) return true
  if (method === 'login' && typeof params === 'object' && params !== null)
    return ['agent', 'algo', 'rigid'].some((key) => key in params)
  return false
}
