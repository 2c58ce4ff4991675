// SPDX-License-Identifier: Apache-2.0
// A mining handshake on any port: reported in audit, never complete at the pool in enforce, however it is cut into segments
// or written; and nothing else is taken for one.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  Actor,
  copyProgram,
  expectExact,
  policyWriter,
  sleep,
  tcpServer,
  type Outside,
} from '../harness/actor.ts'
import { documents, need, Sandbox, until } from '../harness/sandbox.ts'
import { harmless, mining, pools } from '../../enforcer/src/plan/handshakes.ts'
import { readUnseen } from '../../enforcer/src/index.ts'
import { spawn } from 'node:child_process'

let sandbox: Sandbox
let client: Actor
let minerExe: string
let perl: string
let pool: Outside
let use: (...policies: object[]) => Promise<void>
const children: ChildProcess[] = []
const rail = (mode: 'audit' | 'enforce', deny: object[] = [{ protocol: 'stratum' }]) =>
  use(sandbox.policy('deny-miners', 'subject/**', { mode, deny }))
const example = (name: string) => {
  const path = new URL(`../../examples/${name}.ts`, import.meta.url).pathname
  if (!existsSync(path)) throw new Error(`no ${path}`)
  return path
}
const lines = (child: ChildProcess) => {
  const all: string[] = []
  child.stdout?.on('data', (data: Buffer) =>
    all.push(...data.toString().split('\n').filter(Boolean)),
  )
  return {
    all,
    said: (event: string) => all.find((line) => line.includes(`"event":"${event}"`)),
  }
}
const realPool = async () => {
  const child = spawn(process.execPath, [example('pool'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const { all, said } = lines(child)
  const listening = await until('the pool listens', () => said('listening'))
  return { port: (JSON.parse(listening) as { port: number }).port, all, said }
}
const realMiner = (port: number) => {
  const child = sandbox.spawn('subject', [minerExe, example('miner'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, ...lines(child) }
}
const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)
/** Says it and waits; what the pool heard. */
async function say(pieces: string[], pause = 0): Promise<string> {
  const before = pool.heard().length
  expect(
    await client.do(
      `return connect({ host: '127.0.0.1', port: ${pool.port}, noDelay: true }, 'say')`,
    ),
  ).toBe('ok')
  await client.do(`const pieces = ${JSON.stringify(pieces)}
    for (const piece of pieces) { kept.say.write(piece, 'latin1'); await sleep(${pause}) }`)
  const all = pieces.join('').length
  const end = Date.now() + 120 * slower
  while (pool.heard().length - before < all && Date.now() < end) await sleep(2)
  await client.do('kept.say.resetAndDestroy()')
  return pool.heard().slice(before)
}

/** Packets; those of miners that were killed are not among them, which TCP sends again for minutes. */
const deniedAtPool = () =>
  sandbox
    .records()
    .filter(({ outcome, target }) => outcome === 'denied' && target?.port === pool.port)
    .reduce((sum, { count }) => sum + count, 0)

beforeAll(async () => {
  sandbox = new Sandbox()
  minerExe = copyProgram(sandbox, 'miner')
  perl = copyProgram(sandbox, 'perl', need('perl'))
  pool = await tcpServer('127.0.0.1', 0, false)
  await sandbox.start(
    documents(sandbox.policy('deny-miners', 'subject/**', { mode: 'audit', deny: [] })),
  )
  use = policyWriter(sandbox)
  client = await Actor.start(sandbox, 'subject', copyProgram(sandbox, 'client'))
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  pool.close()
  sandbox.close()
})

describe('a real miner and a real pool', () => {
  test('audit: it mines, and the report names the pool', async () => {
    await rail('audit')
    const there = await realPool()
    const miner = realMiner(there.port)
    await until('a job came', () => miner.said('job'))
    expect(there.said('authorized')).toBeDefined()
    const row = sandbox
      .records()
      .find((r) => r.decision === 'protocol' && r.target?.port === there.port)
    expect(row).toMatchObject({
      outcome: 'would-deny',
      executable: minerExe,
      target: { protocol: 'TCP', address: '127.0.0.1', port: there.port },
      policy: 'ClusterRuntimePolicy/deny-miners',
      rule: 'spec.deny[0]',
    })
    // Promoted: the next packet is the last, although it greeted long ago.
    await rail('enforce')
    await until(
      'it hears nothing any more',
      () => miner.said('stalled') ?? miner.said('disconnected'),
      8000,
    )
    const shares = there.all.length
    await sleep(300)
    expect(there.all.length).toBe(shares)
    miner.child.kill('SIGKILL')
  })

  test('enforce: the pool never hears the handshake', async () => {
    await rail('enforce')
    const there = await realPool()
    const miner = realMiner(there.port)
    await until('it connected', () => miner.said('connected'))
    await sleep(500)
    expect(there.said('connected')).toBeDefined()
    expect(there.said('subscribed')).toBeUndefined()
    expect(
      sandbox.records().find((r) => r.decision === 'protocol' && r.target?.port === there.port),
    ).toMatchObject({ outcome: 'denied' })
    miner.child.kill('SIGKILL')
  })

  test('a rail that comes when it mines already', async () => {
    await rail('enforce', [])
    const there = await realPool()
    const miner = realMiner(there.port)
    await until('it mines', () => miner.said('share-accepted'))
    await rail('enforce')
    await until(
      'its next share is its last',
      () => miner.said('stalled') ?? miner.said('disconnected'),
      8000,
    )
    miner.child.kill('SIGKILL')
  })
})

describe('handshakes', () => {
  test.each(Object.entries(mining))('%s: whole, never heard', async (_, text) => {
    await rail('enforce')
    expect(await say([text])).toBe('')
  })

  test.each(Object.entries(mining))('%s: byte by byte, never complete', async (_, text) => {
    await rail('enforce')
    // The closing bytes of the handshake's own words are what the pool must not hear.
    const heard = await say([...text])
    expect(text.startsWith(heard)).toBe(true)
    expect(heard.length).toBeLessThan(text.length - 1)
  })

  test.each(Object.entries(harmless))('%s: passes, whole and in pieces', async (_, text) => {
    await rail('enforce')
    const before = deniedAtPool()
    expect(await say([text])).toBe(text)
    expect(await say([text.slice(0, 7), text.slice(7)], 2)).toBe(text)
    expect(deniedAtPool()).toBe(before)
  })

  test('sent again by TCP it stays unheard', async () => {
    await rail('enforce')
    await client.do(`await connect({ host: '127.0.0.1', port: ${pool.port}, noDelay: true }, 'again')
      kept.again.write('{"id":1,"method":"mining.sub'); await sleep(20)
      kept.again.write('scribe"}\\n'); await sleep(900)`)
    expect(pool.heard()).toMatch(/mining\.sub$/)
    await client.do('kept.again.resetAndDestroy()')
  })

  test('a byte out of band does not hide it', async () => {
    await rail('enforce')
    const { stdout } = await sandbox.run('subject', [
      perl,
      '-e',
      `use Socket; socket(S, AF_INET, SOCK_STREAM, 6); setsockopt(S, 6, 1, 1); setsockopt(S, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
       connect(S, pack_sockaddr_in(${pool.port}, inet_aton('127.0.0.1'))) or die $!;
       send(S, '{"id":1,"method":"mining.subX', 1); select(undef, undef, undef, 0.05);
       send(S, 'scribe"}', 0); select(undef, undef, undef, 0.1); print 'done'`,
    ])
    expect(stdout).toBe('done')
    expect(pool.heard()).not.toMatch(/scribe"}$/)
  })

  test('a rail for one executable leaves others alone', async () => {
    await rail('enforce', [{ protocol: 'stratum', exe: minerExe }])
    const text = mining['stratum v1 subscribe'] ?? ''
    expect(await say([text])).toBe(text)
  })
})

/** A connection out of the subject; `kept.heard` is what came back over it. */
async function conversation(): Promise<(typeof pool.connections)[number]> {
  const open = pool.connections.length
  await client.do(`await connect({ host: '127.0.0.1', port: ${pool.port}, noDelay: true }, 'talk')
    kept.heard = ''; kept.talk.on('data', (data) => (kept.heard += data.toString('latin1')))`)
  const there = await until('the pool has it', () => pool.connections[open])
  there.setNoDelay(true)
  return there
}
const heardInside = () => client.do<string>('await sleep(80); return kept.heard')
const sayInside = (text: string) =>
  client.do(`kept.talk.write(${JSON.stringify(text)}, 'latin1'); await sleep(30)`)
const random = (bytes: number) => {
  // As a key is: some bytes of it are no ASCII.
  for (;;) {
    const made = randomBytes(bytes)
    if (made.filter((byte) => byte > 127).length >= bytes / 4) return made.toString('latin1')
  }
}

describe('what a pool says', () => {
  test.each(Object.entries(pools))('%s: never heard', async (_, text) => {
    await rail('enforce')
    const there = await conversation()
    there.write(text, 'latin1')
    expect(await heardInside()).toBe('')
    await client.do('kept.talk.resetAndDestroy()')
  })

  test.each(Object.entries(pools))('%s: in pieces, never complete', async (_, text) => {
    await rail('enforce')
    const there = await conversation()
    for (let at = 0; at < text.length; at += 5) {
      there.write(text.slice(at, at + 5), 'latin1')
      await sleep(2)
    }
    const heard = await heardInside()
    expect(text.startsWith(heard)).toBe(true)
    expect(heard.length).toBeLessThan(text.length)
    await client.do('kept.talk.resetAndDestroy()')
  })

  test('in audit it is heard, and reported', async () => {
    await rail('audit')
    const there = await conversation()
    const text = pools['a difficulty'] ?? ''
    there.write(text)
    expect(await heardInside()).toBe(text)
    const row = sandbox
      .records()
      .find(
        (r) =>
          r.decision === 'protocol' && r.outcome === 'would-deny' && r.target?.port === pool.port,
      )
    expect(row).toMatchObject({ policy: 'ClusterRuntimePolicy/deny-miners', rule: 'spec.deny[0]' })
    await client.do('kept.talk.resetAndDestroy()')
  })
})

describe('a pool in a container', () => {
  const listen = () =>
    client.do<number>(`kept.heard = ''
      const server = require('node:net').createServer((socket) => {
        kept.talk = socket; socket.on('error', () => {})
        socket.on('data', (data) => (kept.heard += data.toString('latin1')))
      })
      kept.server = server
      return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))`)

  test('hears no miner', async () => {
    await rail('enforce')
    const port = await listen()
    const miner = connect({ host: '127.0.0.1', port, noDelay: true })
    miner.on('error', () => {
      // reset by the end of the test
    })
    miner.write(mining['stratum v1 subscribe'] ?? '')
    await vi.waitFor(() => {
      expect(
        sandbox.records().find(
          (r) => r.decision === 'protocol' && r.outcome === 'denied' && r.target?.port === port, // ours: what a rule about ingress names
        ),
      ).toBeDefined()
    })
    expect(await heardInside()).toBe('')
    miner.destroy()
    await client.do('kept.server.close()')
  })

  test('hears everybody else', async () => {
    await rail('enforce')
    const port = await listen()
    for (const text of Object.values(harmless)) {
      await client.do("kept.heard = ''")
      const peer = connect({ host: '127.0.0.1', port, noDelay: true })
      peer.write(text, 'latin1')
      await vi.waitFor(async () => expect(await heardInside()).toBe(text), { timeout: 10_000 })
      peer.destroy()
    }
    await client.do('kept.server.close()')
  })
})

describe('stratum v2, encrypted', () => {
  const handshake = async (pieces: string[], answers: string[]) => {
    const before = pool.heard().length
    const there = await conversation()
    for (const piece of pieces) await sayInside(piece)
    for (const answer of answers) {
      there.write(answer, 'latin1')
      await sleep(10)
    }
    await heardInside()
    await sayInside('SetupConnection')
    await sleep(50)
    await client.do('kept.talk.resetAndDestroy()')
    return pool.heard().slice(before)
  }

  test('is told by its shape: nothing follows the handshake', async () => {
    await rail('enforce')
    const key = random(64)
    expect(await handshake([key], [random(234)])).toBe(key)
    expect(await handshake([key.slice(0, 30), key.slice(30)], [random(100), random(134)])).toBe(key)
  })

  test.each([
    ['another length', 63, 234],
    ['another answer', 64, 235],
    ['a shorter answer', 64, 170],
  ] as const)('%s is something else', async (_, first, answer) => {
    await rail('enforce')
    const key = random(first)
    expect(await handshake([key], [random(answer)])).toBe(`${key}SetupConnection`)
  })

  test('text of that length is something else', async () => {
    await rail('enforce')
    const line = `GET /${'a'.repeat(48)} HTTP/1.0`.slice(0, 60).concat('\r\n\r\n')
    expect(line).toHaveLength(64)
    expect(await handshake([line], [random(234)])).toBe(`${line}SetupConnection`)
  })
})

describe('TLS', () => {
  const hello = (options: object) =>
    client.do(`const socket = require('node:tls').connect({ host: '127.0.0.1', port: ${pool.port}, rejectUnauthorized: false, ...${JSON.stringify(options)} })
      socket.on('error', () => {}); await sleep(80); socket.destroy()`)
  const seen = () => readUnseen(sandbox.tables()).filter(({ target }) => target.port === pool.port)

  const by = (name: string | null) => seen().find(({ serverName }) => serverName === name)

  test('passes, and the report says that nobody sees what is in it', async () => {
    await rail('enforce')
    const before = pool.heard().length
    const nameless = by(null)?.count ?? 0
    await hello({ servername: 'pool.example' })
    await hello({ servername: 'pool.example' })
    await hello({ servername: 'shop.example', ALPNProtocols: ['h2', 'http/1.1'] })
    await hello({})
    expect(pool.heard().length).toBeGreaterThan(before)
    expect(by('pool.example')).toMatchObject({
      count: 2,
      executable: join(sandbox.files, 'client'),
      target: { protocol: 'TCP', address: '127.0.0.1', port: pool.port },
      policy: 'ClusterRuntimePolicy/deny-miners',
    })
    expect(by('shop.example')).toMatchObject({ count: 1 })
    expect(by(null)).toMatchObject({ count: nameless + 1 })
  })

  test('the longest name, and a damaged one', async () => {
    await rail('audit')
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(59)}.ee`
    await hello({ servername: long })
    expect(seen().some(({ serverName }) => serverName === long)).toBe(true)
    const count = seen().reduce((sum, one) => sum + one.count, 0)
    // A client hello that ends in the middle of its extensions is still one.
    const cut = `\u0016\u0003\u0001\u0000\u00ff\u0001\u0000\u0000\u00fb\u0003\u0003${'r'.repeat(32)}\u0000\u0000\u0002\u0013\u0001\u0001\u0000\u0000\u00ff\u0000`
    expect(await say([cut])).toBe(cut)
    expect(seen().reduce((sum, one) => sum + one.count, 0)).toBe(count + 1)
  })

  test('of whom no guard rail speaks is not listed', async () => {
    await rail('enforce', [{ protocol: 'stratum', exe: minerExe }])
    const before = seen().reduce((sum, one) => sum + one.count, 0)
    await hello({ servername: 'other.example' })
    expect(seen().reduce((sum, one) => sum + one.count, 0)).toBe(before)
  })
})
