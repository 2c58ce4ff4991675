// SPDX-License-Identifier: Apache-2.0
// Answers that must allow nothing: from somebody else, to a question that nobody asked, cut, bent or ambiguous. And unusual
// ones that are right all the same. Every message is written byte by byte; what counts is whether a connection opens.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { copyProgram, expectExact } from '../harness/actor.ts'
import { bent } from '../harness/dns-bent.ts'
import {
  a,
  asked,
  pointer,
  questionFlags,
  wireMessage,
  wireName,
  type MessageLike,
  type RecordLike,
} from '../harness/dns-message.ts'
import { NameWorld, otherResolver, port, resolver } from '../harness/name-world.ts'
import { documents, Sandbox, until } from '../harness/sandbox.ts'

const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)
const wait = 60 * slower

let sandbox: Sandbox
let world: NameWorld
let last = 0
/** A name and an address that no other test has. */
const fresh = () => {
  last++
  return {
    name: `n${last}.ok.test`,
    address: `10.66.${100 + (last >> 8)}.${last & 255}`,
    id: 1000 + last,
  }
}
const question = (name: string | Buffer, id: number, type: 'A' | 'AAAA' | 'ANY' = 'A') =>
  wireMessage({ id, flags: questionFlags, questions: [{ name, type }] })
const exchange = (message: Buffer, options: object = {}) =>
  world.exchange(message, { wait: 3000 * slower, ...options })
const counted = (name: string) => sandbox.counters()[`dns_${name}`] ?? 0
/** The server's answer to the next questions, as code: `reply(hex, address?, port?)`. */
const trick = (code: string) =>
  world.server.do(`kept.trick = (socket, bytes, from) => {
    const reply = (hex, by = socket) => by.send(Buffer.from(hex, 'hex'), from.port, from.address)
    ${code}
  }`)
const honest = () => world.server.do('kept.trick = undefined')

beforeAll(async () => {
  sandbox = new Sandbox()
  const exe = copyProgram(sandbox, 'client')
  const processes = [
    { exe, egress: [{ to: [{ dns: '*.ok.test' }], ports: [port] }] },
    { exe: ['/usr/bin/**'] },
  ]
  await sandbox.start(
    documents(
      sandbox.policy('names', 'subject/**', { processes }),
      sandbox.policy('neighbours', 'neighbour/**', { processes }),
    ),
    { resolvers: [resolver], times: { floor: 60, grace: 0 } },
  )
  world = await NameWorld.start(sandbox, exe)
})
afterEach(async () => {
  await honest()
  await expectExact(sandbox)
})
afterAll(() => {
  world.close()
  sandbox.close()
})

describe('somebody else’s answer', () => {
  const spoofs: Record<string, (right: MessageLike, id: number) => string> = {
    'another server': (right) => `reply('${hexOf(right)}', kept['${otherResolver}'])`,
    'another port of the resolver': (right) =>
      `const other = dgram.createSocket('udp4'); other.bind(5353, '${resolver}', () => { reply('${hexOf(right)}', other); setTimeout(() => other.close(), 20) })`,
    'another number': (right, id) => `reply('${hexOf({ ...right, id: id + 1 })}')`,
    'another name': (right) =>
      `reply('${hexOf({ ...right, questions: [{ name: 'x.ok.test' }] })}')`,
    'another type': (right) =>
      `reply('${hexOf({ ...right, questions: (right.questions ?? []).map((q) => ({ ...q, type: 'AAAA' as const })) })}')`,
    'no question': (right) => `reply('${hexOf({ ...right, questions: [] })}')`,
  }
  const hexOf = (message: MessageLike) => wireMessage(message).toString('hex')
  test.each(Object.entries(spoofs))('%s', async (_, spoof) => {
    const { name, address, id } = fresh()
    const right = { id, questions: [{ name }], answers: [a(address, { name })] }
    await trick(spoof(right, id))
    const before = counted('learned')
    await exchange(question(name, id))
    expect(counted('learned')).toBe(before)
    expect(await world.connect(address)).toBe('EPERM')
    // The right one, to show that it would have been allowed.
    await trick(`reply('${hexOf(right)}')`)
    await exchange(question(name, id))
    expect(await world.connect(address)).toBe('ok')
  })

  test('nobody asked, or somebody who has asked already', async () => {
    const { name, address, id } = fresh()
    const second = fresh()
    const answer = (to: string) => hexOf({ id, questions: [{ name }], answers: [a(to)] })
    await trick(`reply('${answer(address)}'); reply('${answer(second.address)}')`)
    const before = counted('unasked')
    await world.client.do(`return udp('kept', 'udp4')`)
    await exchange(question(name, id), { socket: 'kept' })
    await until('both came', () => counted('unasked') > before)
    expect(await world.connect(address)).toBe('ok')
    expect(await world.connect(second.address)).toBe('EPERM')
    await world.client.do('kept.kept.close()')
  })

  test('another subject’s question', async () => {
    const { name, address, id } = fresh()
    const neighbour = await world.another(copyProgram(sandbox, 'client'), 'neighbour')
    await world.client.do(`await udp('mine', 'udp4')`)
    const mine = await world.client.do<{ port: number }>('return kept.mine.address()')
    // The neighbour asks; the answer goes to us.
    await trick(
      `socket.send(Buffer.from('${hexOf({ id, questions: [{ name }], answers: [a(address)] })}', 'hex'), ${mine.port}, from.address)`,
    )
    await world.exchange(question(name, id), { wait }, neighbour)
    expect(await world.connect(address)).toBe('EPERM')
    expect(await world.connect(address, neighbour)).toBe('EPERM')
    neighbour.stop()
    await world.client.do('kept.mine.close()')
  })
})

describe('an answer that is', () => {
  test.each(Object.entries(bent))('%s', async (_, bend) => {
    const { name, address, id } = fresh()
    await world.says(name, { questions: [{ name }], ...bend(name, address) })
    await exchange(question(name, id))
    expect(await world.connect(address)).toBe('EPERM')
  })

  test('about a name that looks like an allowed one', async () => {
    const { address, id } = fresh()
    for (const [i, name] of [
      Buffer.from('\u0008x.ok.tes\u0001t\u0000', 'latin1'),
      Buffer.from('\u0009x.ok.test\u0000', 'latin1'),
      Buffer.from('\u0001x\u0002ok\u0005test\u0000\u0000', 'latin1'),
      Buffer.from('\u0001x\u0003o\u0000k\u0004test\u0000', 'latin1'),
    ].entries()) {
      await trick(`const answer = Buffer.concat([bytes, Buffer.from('c00c000100010000003c0004', 'hex'), Buffer.from([${address.split('.').join()}])])
        answer.writeUInt16BE(0x8180, 2); answer.writeUInt16BE(1, 6); reply(answer.toString('hex'))`)
      const before = counted('asked')
      expect(await exchange(question(name, id + i))).not.toBe('SILENCE')
      expect(counted('asked'), String(i)).toBe(before + 1)
      expect(await world.connect(address), String(i)).toBe('EPERM')
    }
  })
})

describe('an answer that is right, but unusual:', () => {
  const unusual: Record<string, (name: string, address: string) => MessageLike> = {
    'in capitals as the question': (name, address) => ({
      questions: [{ name: name.toUpperCase() }],
      answers: [a(address, { name: name.replace('ok', 'oK') })],
    }),
    'with EDNS, authority and more': (name, address) => ({
      questions: [{ name }],
      answers: [a(address)],
      authority: [{ name: 'ok.test', type: 'NS', data: wireName('ns.ok.test') }],
      additional: [
        a('10.66.9.9', { name: 'ns.ok.test' }),
        { name: '', type: 'OPT', class: 4096, ttl: 0, data: Buffer.alloc(0) },
      ],
    }),
    'without compression': (name, address) => ({
      questions: [{ name }],
      answers: [a(address, { name })],
    }),
    'cut, and says so': (name, address) => ({
      flags: 0x8380,
      questions: [{ name }],
      answers: [a(address)],
    }),
    'behind sixteen kinds of records': (name, address) => ({
      questions: [{ name }],
      answers: [
        ...Array.from({ length: 16 }, (_, i): RecordLike => ({
          name: asked,
          type: 100 + i,
          data: Buffer.alloc(i),
        })),
        a(address),
      ],
    }),
    'of 4000 bytes': (name, address) => ({
      questions: [{ name }],
      answers: [
        ...Array.from({ length: 15 }, (): RecordLike => ({
          name: asked,
          type: 'TXT',
          data: Buffer.alloc(250, 249),
        })),
        a(address),
      ],
    }),
    'of 60 kB, in fragments': (name, address) => ({
      questions: [{ name }],
      answers: [
        ...Array.from({ length: 30 }, (): RecordLike => ({
          name: asked,
          type: 'TXT',
          data: Buffer.alloc(2000, 3),
        })),
        a(address),
      ],
    }),
    'the last of 96': (name, address) => ({
      questions: [{ name }],
      answers: [...Array.from({ length: 95 }, (_, i) => a(`10.66.90.${i}`)), a(address)],
    }),
    'with a chain of fifteen aliases': (name, address) => ({
      questions: [{ name }],
      answers: [
        ...Array.from({ length: 15 }, (_, i): RecordLike => ({
          name: i === 0 ? asked : `c${i}.cdn.test`,
          type: 'CNAME',
          data: `c${i + 1}.cdn.test`,
        })),
        a(address, { name: 'c15.cdn.test' }),
      ],
    }),
    'with names that point over several others': (name, address) => {
      const at = 12 + wireName(name).length + 4
      return {
        questions: [{ name }],
        answers: [
          {
            name: asked,
            type: 'CNAME',
            data: Buffer.concat([Buffer.from('\u0001y', 'latin1'), pointer(12)]),
          },
          a(address, { name: pointer(at + 12) }),
        ],
      }
    },
  }
  test.each(Object.entries(unusual))('%s', async (_, say) => {
    const { name, address, id } = fresh()
    await world.says(name, say(name, address))
    expect(await exchange(question(name, id))).not.toBe('SILENCE')
    expect(await world.connect(address)).toBe('ok')
  })

  test('connected sockets, several questions at a time, ANY', async () => {
    const [one, two, three] = [fresh(), fresh(), fresh()]
    for (const { name, address } of [one, two])
      await world.says(name, { questions: [{ name }], answers: [a(address)] })
    await world.says(three.name, {
      questions: [{ name: three.name, type: 'ANY' }],
      answers: [a(three.address), { name: asked, type: 'AAAA', data: 'fd66::3' }],
    })
    await exchange(question(one.name, 7), { connected: true })
    await world.client.do(`return udp('several', 'udp4')`)
    const before = counted('learned')
    await Promise.all(
      [two, three].map(({ name, id }) =>
        exchange(question(name, id, name === three.name ? 'ANY' : 'A'), { socket: 'several' }),
      ),
    )
    await until('three addresses are learned', () => counted('learned') >= before + 3)
    for (const { address } of [one, two, three]) expect(await world.connect(address)).toBe('ok')
    expect(await world.connect('fd66::3')).toBe('ok')
  })
})

describe('over TCP', () => {
  const stream = (messages: Buffer[], options: object = {}) =>
    world.client.do<number | string>(
      `return kept.stream(${JSON.stringify(messages.map((m) => m.toString('hex')))}, ${JSON.stringify({ wait: wait * 4, ...options })})`,
    )
  const simple = async () => {
    const one = fresh()
    await world.says(one.name, { questions: [{ name: one.name }], answers: [a(one.address)] })
    return one
  }

  test('one message, several, and a length that comes alone', async () => {
    const all = [await simple(), await simple(), await simple(), await simple()]
    const [first, ...rest] = all.map(({ name, id }) => question(name, id))
    await stream([first as Buffer], { apart: true })
    await stream(rest)
    for (const { address } of all) expect(await world.connect(address)).toBe('ok')
  })

  test('an answer in several segments teaches nothing, and is counted; the next one is read again', async () => {
    const { name, address, id } = await simple()
    await world.server.do('kept.segment = 30')
    const before = counted('unread')
    expect(await stream([question(name, id)])).toBeGreaterThan(30)
    await world.server.do('kept.segment = undefined')
    expect(counted('unread')).toBeGreaterThan(before)
    expect(await world.connect(address)).toBe('EPERM')
  })

  test('a segment that begins in the middle of an answer is no answer', async () => {
    const forged = fresh()
    const carrier = fresh()
    const fake = wireMessage({
      id: forged.id,
      questions: [{ name: forged.name }],
      answers: [a(forged.address)],
    })
    const length = Buffer.alloc(2)
    length.writeUInt16BE(fake.length)
    const head = wireMessage({
      questions: [{ name: carrier.name }],
      answers: [{ name: asked, type: 'TXT', data: Buffer.alloc(0) }],
    })
    const filling = Buffer.alloc(100 - 2 - head.length)
    await world.says(carrier.name, {
      questions: [{ name: carrier.name }],
      answers: [{ name: asked, type: 'TXT', data: Buffer.concat([filling, length, fake]) }],
    })
    // The forged name is asked for, and never answered; the other answer brings the forged one at the start of a segment.
    await world.server.do(`kept.table.set('${forged.name}', []); kept.segment = 100`)
    await stream([question(forged.name, forged.id), question(carrier.name, carrier.id)])
    await world.server.do('kept.segment = undefined')
    expect(await world.connect(forged.address)).toBe('EPERM')
  })
})
