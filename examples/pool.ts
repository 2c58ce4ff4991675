// SPDX-License-Identifier: Apache-2.0
// A mining pool that speaks Stratum v1 and pays nothing: it hands out jobs and checks the shares of its miners by hashing.
//   node examples/pool.ts [PORT] [DIFFICULTY] [HOST]     port 0, the default, takes a free one; the first line printed says which
// Prints a JSON line for each thing that happens. Ends at SIGTERM, or by itself after ten minutes.
import { randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { asNumber, header, print, receiveLines, send, sha256d, shareTarget } from './stratum.ts'
import type { Job, Message } from './stratum.ts'

const port = Number(process.argv[2] ?? 0)
const difficulty = Number(process.argv[3] ?? 0.00001)
const host = process.argv[4] ?? '127.0.0.1'
const target = shareTarget(difficulty)
const jobEvery = 500 // milliseconds; miners take six times this long a silence for a broken connection
const jobsKept = 16
const minersAtMost = 64
const silenceAtMost = 20_000 // milliseconds; who never logs in takes nobody's place for longer
const extranonce2Size = 4

type Miner = {
  socket: Socket
  extranonce1: string
  worker?: string
  subscribed: boolean
  shares: Set<string>
}

const miners = new Set<Miner>()
const jobs = new Map<string, Job>()
let lastJob = 0

function nextJob(): Job {
  lastJob += 1
  const height = Buffer.alloc(4)
  height.writeUInt32LE(lastJob)
  const job: Job = {
    id: lastJob.toString(16),
    previous: randomBytes(32).toString('hex'),
    // A coinbase transaction: one input from nothing, whose script holds the height and the extranonces, one output of 50 coins.
    coinbase1: `01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0d04${height.toString('hex')}`,
    coinbase2: `ffffffff0100f2052a01000000015100000000`,
    branches: [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')],
    version: '20000000',
    bits: '1d00ffff',
    time: Math.floor(Date.now() / 1000)
      .toString(16)
      .padStart(8, '0'),
  }
  jobs.set(job.id, job)
  for (const old of [...jobs.keys()].slice(0, -jobsKept)) jobs.delete(old)
  return job
}

function notify(miner: Miner, job: Job): void {
  const { id, previous, coinbase1, coinbase2, branches, version, bits, time } = job
  send(miner.socket, {
    id: null,
    method: 'mining.notify',
    params: [id, previous, coinbase1, coinbase2, branches, version, bits, time, false],
  })
}

/** Why the share is refused, as Stratum numbers it; null if it is good. */
function judge(miner: Miner, params: unknown[]): [number, string, null] | null {
  const [worker, jobId, extranonce2, time, nonce] = params.map(String)
  if (miner.worker === undefined || worker !== miner.worker)
    return [24, 'Unauthorized worker', null]
  const job = jobs.get(jobId ?? '')
  if (!job) return [21, 'Job not found', null]
  const word = /^[0-9a-f]{8}$/
  if (!word.test(extranonce2 ?? '') || !word.test(time ?? '') || !word.test(nonce ?? '')) {
    return [20, 'Malformed share', null]
  }
  const share = [jobId, extranonce2, time, nonce].join()
  if (miner.shares.has(share)) return [22, 'Duplicate share', null]
  const attempt = header(job, miner.extranonce1 + String(extranonce2), String(time))
  attempt.writeUInt32LE(Number.parseInt(String(nonce), 16), 76)
  if (asNumber(sha256d(attempt)) > target) return [23, 'Low difficulty share', null]
  miner.shares.add(share)
  for (const old of [...miner.shares].slice(0, -1000)) miner.shares.delete(old)
  return null
}

function answer(miner: Miner, message: Message): void {
  const { id = null, method, params = [] } = message
  const reply = (result: unknown, error: Message['error'] = null): void => {
    send(miner.socket, { id, result, error })
  }
  switch (method) {
    case 'mining.subscribe': {
      miner.subscribed = true
      const channels = ['mining.set_difficulty', 'mining.notify'].map((name) => [
        name,
        miner.extranonce1,
      ])
      reply([channels, miner.extranonce1, extranonce2Size])
      print('subscribed', { agent: params[0] })
      break
    }
    case 'mining.authorize':
      miner.worker = String(params[0])
      reply(true)
      print('authorized', { worker: miner.worker })
      send(miner.socket, { id: null, method: 'mining.set_difficulty', params: [difficulty] })
      notify(miner, [...jobs.values()].at(-1) ?? nextJob())
      break
    case 'mining.submit': {
      const error = judge(miner, params)
      reply(error === null, error)
      if (error === null) print('share', { worker: miner.worker, job: params[1], nonce: params[4] })
      else print('refused', { worker: miner.worker, code: error[0], reason: error[1] })
      break
    }
    default:
      reply(null, [20, `Unknown method ${String(method)}`, null])
  }
}

const server = createServer((socket) => {
  const miner: Miner = {
    socket,
    extranonce1: randomBytes(4).toString('hex'),
    subscribed: false,
    shares: new Set(),
  }
  miners.add(miner)
  print('connected', { address: socket.remoteAddress, miners: miners.size })
  socket.on('error', (error) => {
    print('error', { reason: error.message })
  })
  socket.setTimeout(silenceAtMost, () => socket.destroy())
  socket.on('close', () => {
    miners.delete(miner)
    print('disconnected', { worker: miner.worker, miners: miners.size })
  })
  receiveLines(socket, (message) => {
    answer(miner, message)
  })
})
server.maxConnections = minersAtMost
server.on('error', (error) => {
  print('failed', { reason: error.message })
  process.exit(1)
})
server.listen(port, host, () => {
  print('listening', { host, port: (server.address() as AddressInfo).port, difficulty })
})

setInterval(() => {
  const job = nextJob()
  for (const miner of miners) if (miner.subscribed && miner.worker !== undefined) notify(miner, job)
}, jobEvery)

function stop(): void {
  print('stopped')
  for (const { socket } of miners) socket.destroy()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
setTimeout(stop, 600_000)
