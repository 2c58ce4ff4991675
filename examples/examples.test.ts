// SPDX-License-Identifier: Apache-2.0
// The examples are what the demo stands on: real hashes, real shares, real orders, and honest reports when the network fails.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { order } from './order.ts'
import { asNumber, header, sha256d, shareTarget } from './stratum.ts'

type Line = { event: string; [key: string]: unknown }
type Program = { child: ChildProcess; lines: Line[]; status: Promise<number | null> }

const running: ChildProcess[] = []
const sockets: { destroy(): void }[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  for (const socket of sockets.splice(0)) socket.destroy()
})

function start(name: string, ...args: (string | number)[]): Program {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.push(child)
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (line) =>
    lines.push(JSON.parse(line) as Line),
  )
  const status = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  return { child, lines, status }
}

async function seen(program: Program, event: string, times = 1): Promise<Line> {
  const found = (): Line[] => program.lines.filter((line) => line.event === event)
  await expect
    .poll(() => found().length, { timeout: 10_000, interval: 20 })
    .toBeGreaterThanOrEqual(times)
  return found()[times - 1] as Line
}

const genesis = {
  job: {
    id: '1',
    previous: '0'.repeat(64),
    coinbase1:
      '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d',
    coinbase2:
      '6e20627269' +
      '6e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
    branches: [],
    version: '00000001',
    bits: '1d00ffff',
    time: '495fab29',
  },
  // What the first block's script says between the two halves: 'The Times 03/Jan/2009 Chancellor o', after its push.
  extranonce: `0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f`,
}

test('a job becomes the header that its block really had', () => {
  const block = header(genesis.job, genesis.extranonce, genesis.job.time)
  block.writeUInt32LE(2083236893, 76)
  expect(block.length).toBe(80)
  expect(sha256d(block).reverse().toString('hex')).toBe(
    '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  )
  expect(asNumber(sha256d(block)) <= shareTarget(1)).toBe(true)
  block.writeUInt32LE(2083236894, 76)
  expect(asNumber(sha256d(block)) <= shareTarget(0.001)).toBe(false)
})

test('a difficulty is a share of the largest target', () => {
  expect(shareTarget(1)).toBe(0xffffn << 208n)
  expect(shareTarget(2)).toBe(0xffffn << 207n)
  expect(shareTarget(0.5)).toBe(0xffffn << 209n)
})

test('the miner finds shares that the pool accepts, and says why it ends', async () => {
  const pool = start('pool', 0, 0.000001)
  const { port } = await seen(pool, 'listening')
  const miner = start('miner', Number(port))
  await seen(miner, 'share-accepted', 3)
  await seen(pool, 'share', 3)
  expect(miner.lines.slice(0, 3).map((line) => line.event)).toEqual([
    'connected',
    'subscribed',
    'authorized',
  ])
  expect(miner.lines.some((line) => line.event === 'share-refused')).toBe(false)
  pool.child.kill('SIGTERM')
  expect(await pool.status).toBe(0)
  expect(await miner.status).toBe(1)
  expect(miner.lines.at(-1)).toMatchObject({
    event: 'disconnected',
    reason: expect.any(String) as string,
  })
})

test('the miner ends at SIGTERM with status 0, and with 1 where nobody listens', async () => {
  const pool = start('pool')
  const { port } = await seen(pool, 'listening')
  const miner = start('miner', Number(port))
  await seen(miner, 'job')
  miner.child.kill('SIGTERM')
  expect(await miner.status).toBe(0)
  pool.child.kill('SIGTERM')
  await pool.status
  const refused = start('miner', Number(port))
  expect(await refused.status).toBe(1)
  expect(refused.lines).toMatchObject([
    { event: 'disconnected', reason: expect.stringContaining('ECONNREFUSED') as string },
  ])
})

test('the miner reports silence, keeps waiting, and goes on when the pool comes back', async () => {
  const pool = start('pool')
  const listening = await seen(pool, 'listening')
  // In the middle, where packets can be lost without either side being told.
  let lost = false
  const middle = createServer((socket) => {
    const onward = connect(Number(listening['port']), '127.0.0.1')
    sockets.push(socket, onward)
    socket.on('data', (chunk) => onward.write(chunk))
    onward.on('data', (chunk) => lost || socket.write(chunk))
    socket.on('close', () => onward.destroy())
  }).listen(0, '127.0.0.1')
  sockets.push({ destroy: () => middle.close() })
  await once(middle, 'listening')
  const miner = start('miner', (middle.address() as AddressInfo).port)
  await seen(miner, 'job')
  lost = true
  await seen(miner, 'stalled')
  lost = false
  await seen(miner, 'resumed')
  const jobs = miner.lines.filter((line) => line.event === 'job').length
  await seen(miner, 'job', jobs + 1)
  expect(miner.child.exitCode).toBe(null)
}, 20_000)

test('the pool refuses what is not a share', async () => {
  const pool = start('pool')
  const { port } = await seen(pool, 'listening')
  const socket: Socket = connect(Number(port), '127.0.0.1')
  sockets.push(socket)
  const answers: {
    id: number | null
    result: unknown
    error: unknown
    method?: string
    params?: unknown[]
  }[] = []
  createInterface({ input: socket }).on('line', (line) =>
    answers.push(JSON.parse(line) as (typeof answers)[0]),
  )
  const say = (id: number, method: string, params: unknown[]) =>
    socket.write(`${JSON.stringify({ id, method, params })}\n`)
  const answered = async (id: number): Promise<(typeof answers)[0] | undefined> => {
    await expect.poll(() => answers.some((line) => line.id === id)).toBe(true)
    return answers.find((line) => line.id === id)
  }
  say(1, 'mining.submit', ['me', '1', '00000000', '00000000', '00000000'])
  expect(await answered(1)).toMatchObject({
    result: false,
    error: [24, 'Unauthorized worker', null],
  })
  say(2, 'mining.subscribe', [])
  say(3, 'mining.authorize', ['me', 'x'])
  await answered(3)
  await expect.poll(() => answers.some((line) => line.method === 'mining.notify')).toBe(true)
  const job = answers.find((line) => line.method === 'mining.notify')?.params as string[]
  say(4, 'mining.submit', ['me', 'ffff', '00000000', '00000000', '00000000'])
  expect(await answered(4)).toMatchObject({ error: [21, 'Job not found', null] })
  say(5, 'mining.submit', ['me', job[0], 'xyz', job[7], '00000000'])
  expect(await answered(5)).toMatchObject({ error: [20, 'Malformed share', null] })
  say(6, 'mining.submit', ['me', job[0], '00000000', job[7], '00000000']) // one chance in 43,000 to be a share
  expect(await answered(6)).toMatchObject({ error: [23, 'Low difficulty share', null] })
  const closed = once(socket, 'close')
  socket.on('error', () => undefined)
  socket.write('this is not JSON\n')
  await closed
  expect(pool.child.exitCode).toBe(null)
})

test('an order is always the same, and its total is the sum of its items', () => {
  for (const number of [0, 1, 42, 999_999]) {
    const { items, total } = order(number)
    expect(items.reduce((sum, { pieces, cents }) => sum + pieces * cents, 0)).toBe(total)
    expect(order(number)).toEqual(order(number))
  }
  expect(order(1).receipt).not.toBe(order(2).receipt)
})

test('the shopper counts true answers, and those that stop coming', async () => {
  const shop = start('shop')
  const { port } = await seen(shop, 'listening')
  expect(await (await fetch(`http://127.0.0.1:${Number(port)}/health`)).json()).toMatchObject({
    status: 'ok',
  })
  expect((await fetch(`http://127.0.0.1:${Number(port)}/basket`)).status).toBe(404)
  const good = start('shopper', Number(port))
  await seen(good, 'shopping', 3)
  good.child.kill('SIGTERM')
  expect(await good.status).toBe(0)
  const last = good.lines.at(-1) as Line & {
    sent: number
    ok: number
    kept: { ok: number }
    fresh: { ok: number }
  }
  expect(last).toMatchObject({ event: 'stopped', failed: 0 })
  expect(last.kept.ok).toBeGreaterThan(5)
  expect(last.fresh.ok).toBeGreaterThan(5)
  expect(last.sent - last.ok).toBeLessThanOrEqual(2) // those under way

  const disappointed = start('shopper', Number(port))
  await seen(disappointed, 'shopping')
  shop.child.kill('SIGTERM')
  expect(await shop.status).toBe(0)
  await expect
    .poll(() => disappointed.lines.at(-1)?.['failed'], { timeout: 5_000 })
    .toBeGreaterThan(0)
  disappointed.child.kill('SIGTERM')
  expect(await disappointed.status).toBe(1)
})
