// SPDX-License-Identifier: Apache-2.0
// Answers that are wrong in one way each, for a name and an address that they must not open.
import { a, asked, pointer, wireName, type MessageLike } from './dns-message.ts'

const header = 12
/** Bytes of a record of ours whose owner is whatever. */
export const bent: Record<string, (name: string, address: string) => Partial<MessageLike>> = {
  'a question': (name, address) => ({ flags: 0x0180, answers: [a(address, { name })] }),
  'another operation': (_, address) => ({ flags: 0x8980, answers: [a(address)] }),
  'an error': (_, address) => ({ flags: 0x8183, answers: [a(address)] }),
  'about two questions': (name, address) => ({
    questions: [{ name }, { name: 'b.ok.test' }],
    answers: [a(address, { name })],
  }),
  'of another class': (_, address) => ({ answers: [a(address, { class: 3 })] }),
  'about another name': (_, address) => ({ answers: [a(address, { name: 'other.ok.test' })] }),
  'only in the additional section': (name, address) => ({
    answers: [],
    additional: [a(address, { name })],
  }),
  'one record short': (_, address) => ({
    answers: [a(address)],
    counts: [1, 2, 0, 0],
  }),
  'cut in a record': (_, address) => ({ answers: [a(address), a(address, { length: 40 })] }),
  'of five bytes': (_, address) => ({
    answers: [a(address), a(address, { data: Buffer.from([10, 66, 1, 1, 0]) })],
  }),
  'an address of the wrong type': (_, address) => ({ answers: [a(address, { type: 'AAAA' })] }),
  'an alias that is not connected': (_, address) => ({
    answers: [
      { name: 'x.ok.test', type: 'CNAME', data: 'y.ok.test' },
      a(address, { name: 'y.ok.test' }),
    ],
  }),
  'an alias the other way round': (name, address) => ({
    answers: [{ name: 'y.ok.test', type: 'CNAME', data: name }, a(address, { name: 'y.ok.test' })],
  }),
  'an alias with more behind its name': (_, address) => ({
    answers: [
      {
        name: asked,
        type: 'CNAME',
        data: Buffer.concat([wireName('y.ok.test'), Buffer.from([0])]),
      },
      a(address, { name: 'y.ok.test' }),
    ],
  }),
  'a pointer to itself': (name, address) => ({
    answers: [a(address), a(address, { name: pointer(header + wireName(name).length + 4 + 16) })],
  }),
  'a pointer forwards': (_, address) => ({
    answers: [a(address), a(address, { name: pointer(300) })],
  }),
  'a pointer into the header': (_, address) => ({
    answers: [a(address), a(address, { name: pointer(2) })],
  }),
  'two pointers in a circle': (name, address) => {
    const at = header + wireName(name).length + 4
    const data = Buffer.concat([pointer(at + 14), pointer(at + 12)])
    return {
      answers: [a(address, { type: 16, data }), a(address, { name: pointer(at + 12) }), a(address)],
    }
  },
  'a label of a kind that nobody uses': (_, address) => ({
    answers: [a(address), a(address, { name: Buffer.from([0x41, 1, 0]) })],
  }),
  'a name of 256 bytes': (_, address) => ({
    answers: [
      a(address),
      a(address, { name: wireName(Array.from({ length: 127 }, () => 'd').join('.') + '.dd') }),
    ],
  }),
}
