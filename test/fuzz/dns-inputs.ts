// SPDX-License-Identifier: Apache-2.0
// Random DNS answers for the parser: whole ones with few names that meet each other often, and bent ones. The same seed gives
// the same inputs.
import {
  answerFlags,
  pointer,
  sixteen,
  types,
  wireMessage,
  wireName,
  type NameLike,
  type RecordLike,
} from '../harness/dns-message.ts'
import { pick, type Random } from './random.ts'

const names = [
  'a.test',
  'b.test',
  'A.tEst',
  'x.a.test',
  'test',
  '',
  'c.d.e.f.test',
  `${'l'.repeat(63)}.test`,
]
function name(next: Random): NameLike {
  switch (next(8)) {
    case 0:
      return pointer(12)
    case 1:
      return pointer(next(80))
    case 2:
      return Buffer.concat([Buffer.from([1, 97 + next(4)]), pointer(next(60))])
    default:
      return pick(next, names)
  }
}

function record(next: Random): RecordLike {
  const type = pick(next, ['A', 'A', 'A', 'AAAA', 'CNAME', 'CNAME', 'TXT', 'NS'] as const)
  const owner = name(next)
  const ttl = pick(next, [0, 1, 60, 300, 86_400, 0x7fffffff, 0x80000000])
  const of = next(20) === 0 ? next(300) : 1
  const more = { name: owner, type, ttl, class: of, ...(next(40) === 0 && { length: next(20) }) }
  switch (type) {
    case 'A':
      return { ...more, data: Buffer.from([10, next(3), next(3), next(256)]) }
    case 'AAAA':
      return {
        ...more,
        data: next(4) === 0 ? sixteen('::ffff:a00:1') : sixteen(`fd00::${next(9)}`),
      }
    case 'TXT':
      return { ...more, data: Buffer.from([next(3)]) }
    default:
      return { ...more, data: wireName(name(next)) }
  }
}

/** `whole`: nothing in it is wrong, so that what it says must be learned. */
export function message(next: Random): { bytes: Buffer; whole: boolean } {
  if (next(4) === 0) return { bytes: simple(next), whole: true }
  const bytes = wireMessage({
    id: next(65536),
    flags: next(10) === 0 ? next(65536) : answerFlags,
    questions: [
      {
        name: next(30) === 0 ? name(next) : pick(next, names),
        type: pick(next, ['A', 'A', 'AAAA', 'ANY'] as const),
      },
    ],
    answers: Array.from({ length: next(7) }, () => record(next)),
    ...(next(10) === 0 && { authority: [record(next)] }),
  })
  const changes = next(3) === 0 ? next(4) : 0
  for (let i = 0; i < changes; i++) bytes[next(bytes.length)] = next(2) === 0 ? next(256) : 0xc0
  const cut = next(15) === 0 ? next(bytes.length) : bytes.length
  return { bytes: bytes.subarray(0, cut), whole: false }
}

function simple(next: Random): Buffer {
  const asked = pick(next, names.slice(0, 5))
  const alias = `alias${next(5)}.other`
  const six = next(3) === 0
  const end: RecordLike = {
    name: next(2) === 0 ? alias : pointer(12),
    type: six ? 'AAAA' : 'A',
    ttl: next(1000),
    data: six ? sixteen(`fd00::${next(999)}`) : Buffer.from([10, next(256), next(256), next(256)]),
  }
  return wireMessage({
    questions: [{ name: asked, type: six ? 'AAAA' : 'A' }],
    answers: [end, { name: asked.toUpperCase(), type: types.CNAME, ttl: 5000, data: alias }],
  })
}
