// SPDX-License-Identifier: Apache-2.0
// A mining handshake on any port: reported in audit, never complete at the pool in enforce, however it is cut into segments
// or written; and nothing else is taken for one.
import { existsSync } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
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
import { harmless, mining } from '../../enforcer/src/plan/handshakes.ts'
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
  const end = Date.now() + 120
  while (pool.heard().length - before < all && Date.now() < end) await sleep(2)
  await client.do('kept.say.resetAndDestroy()')
  return pool.heard().slice(before)
}

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
    const before = sandbox.counters().denied
    expect(await say([text])).toBe(text)
    expect(await say([text.slice(0, 7), text.slice(7)], 2)).toBe(text)
    expect(sandbox.counters().denied).toBe(before)
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
      `use Socket; socket(S, AF_INET, SOCK_STREAM, 6); setsockopt(S, 6, 1, 1);
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
