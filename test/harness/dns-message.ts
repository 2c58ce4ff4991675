// SPDX-License-Identifier: Apache-2.0
// DNS messages as tests want them: right ones, and every kind of wrong one. Written by hand, so that nothing that a careful
// library would refuse to write is missing.

export const types = { A: 1, NS: 2, CNAME: 5, TXT: 16, AAAA: 28, OPT: 41, ANY: 255 } as const
export type TypeName = keyof typeof types

/** A name in wire form. Text with dots, or bytes as they are to be: pointers, odd labels. */
export type NameLike = string | Buffer

export interface RecordLike {
  name: NameLike
  type: TypeName | number
  class?: number
  ttl?: number
  /** A name for CNAME; an address for A and AAAA; bytes as they are. */
  data: string | Buffer
  /** What the length field says, when that is not the truth. */
  length?: number
}

export interface MessageLike {
  id?: number
  /** An answer, without error, recursion wanted and available; or as it is to be. */
  flags?: number
  questions?: { name: NameLike; type?: TypeName | number; class?: number }[]
  answers?: RecordLike[]
  authority?: RecordLike[]
  additional?: RecordLike[]
  /** What the header says, when that is not the truth. */
  counts?: [number, number, number, number]
  /** After everything. */
  tail?: Buffer
}

export const answerFlags = 0x8180
export const questionFlags = 0x0100

/** Points to what is at `offset` of the message. */
export const pointer = (offset: number): Buffer =>
  Buffer.from([0xc0 | (offset >> 8), offset & 0xff])
/** Where the question's name is. */
export const asked = pointer(12)

export function wireName(name: NameLike): Buffer {
  if (typeof name !== 'string') return name
  const labels = name === '' ? [] : name.replace(/\.$/, '').split('.')
  return Buffer.concat([
    ...labels.map((label) =>
      Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    ),
    Buffer.from([0]),
  ])
}

export function wireMessage(message: MessageLike): Buffer {
  const { id = 0, flags = answerFlags, questions = [], answers = [] } = message
  const { authority = [], additional = [], tail = Buffer.alloc(0) } = message
  const counts = message.counts ?? [questions, answers, authority, additional].map((l) => l.length)
  return Buffer.concat([
    words(id, flags, ...counts),
    ...questions.map(({ name, type = 'A', class: of = 1 }) =>
      Buffer.concat([wireName(name), words(numberOf(type), of)]),
    ),
    ...[...answers, ...authority, ...additional].map(wireRecord),
    tail,
  ])
}

function wireRecord(record: RecordLike): Buffer {
  const { name, type, class: of = 1, ttl = 60, data } = record
  const bytes = typeof data === 'string' ? dataOf(numberOf(type), data) : data
  const seconds = Buffer.alloc(4)
  seconds.writeUInt32BE(ttl)
  return Buffer.concat([
    wireName(name),
    words(numberOf(type), of),
    seconds,
    words(record.length ?? bytes.length),
    bytes,
  ])
}

const numberOf = (type: TypeName | number) => (typeof type === 'number' ? type : types[type])

function dataOf(type: number, text: string): Buffer {
  if (type === types.A) return Buffer.from(text.split('.').map(Number))
  if (type === types.AAAA) return sixteen(text)
  return wireName(text)
}

export function sixteen(text: string): Buffer {
  const [head = '', tail = ''] = text.split('::')
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((one) => parseInt(one, 16))
  const [front, back] = [groups(head), groups(tail)]
  const middle = new Array<number>(8 - front.length - back.length).fill(0)
  return words(...front, ...(text.includes('::') ? middle : []), ...back)
}

function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2)
  for (const [i, number] of numbers.entries()) bytes.writeUInt16BE(number, i * 2)
  return bytes
}

/** An address of the name that was asked, or of another one. */
export const a = (data: string, more: Partial<RecordLike> = {}): RecordLike => ({
  name: asked,
  type: 'A',
  data,
  ...more,
})
