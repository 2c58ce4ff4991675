// SPDX-License-Identifier: Apache-2.0
// A miner that speaks Stratum v1: what an intruder most often starts in somebody else's container, here with half a processor.
//   node examples/miner.ts PORT [HOST] [WORKER]
// Prints a JSON line for each thing that happens. It never connects again: when the connection ends, it ends with status 1 and the
// reason. When nothing comes any more it says `stalled`, keeps waiting, and says `resumed` if the pool comes back.
// Ends with status 0 at SIGTERM, or by itself after ten minutes.
import { connect } from 'node:net'
import { asNumber, header, print, receiveLines, send, sha256d, shareTarget } from './stratum.ts'
import type { Job, Message } from './stratum.ts'

const port = Number(process.argv[2])
const host = process.argv[3] ?? '127.0.0.1'
const worker = process.argv[4] ?? 'example.worker'
const silence = 3_000 // the pool sends a job every 500 ms
const batch = 10 // milliseconds of hashing, then as long a pause

let extranonce1 = ''
let extranonce2Size = 4
let target = shareTarget(1)
let firstByte = 0 // of the target
let work: { job: Job; extranonce2: string; header: Buffer; nonce: number } | undefined
let extranonces = 0
let hashes = 0
let accepted = 0
let requests = 0
let heard = Date.now()
let stalled = false
const asked = new Map<number, string>()

const socket = connect({ port, host }, () => {
  print('connected', { host, port })
  ask('mining.subscribe', ['underpin-example-miner/1.0'])
})

function ask(method: string, params: unknown[]): void {
  requests += 1
  asked.set(requests, method)
  send(socket, { id: requests, method, params })
}

function end(status: number, event: string, details: Record<string, unknown>): never {
  print(event, { ...details, hashes, accepted })
  process.exit(status)
}

function take(params: unknown[]): void {
  const [id, previous, coinbase1, coinbase2, branches, version, bits, time] = params as string[]
  const job = {
    id,
    previous,
    coinbase1,
    coinbase2,
    branches,
    version,
    bits,
    time,
  } as unknown as Job
  extranonces += 1
  const extranonce2 = extranonces.toString(16).padStart(extranonce2Size * 2, '0')
  work = { job, extranonce2, header: header(job, extranonce1 + extranonce2, job.time), nonce: 0 }
  print('job', { job: job.id, hashes })
}

function answered(method: string | undefined, { result, error }: Message): void {
  if (method === 'mining.submit') {
    if (result === true) accepted += 1
    print(
      result === true ? 'share-accepted' : 'share-refused',
      result === true ? { accepted } : { reason: error?.[1] },
    )
  } else if (result === null || result === undefined || result === false) {
    end(1, 'refused', { reason: `${String(method)}: ${String(error?.[1])}` })
  } else if (method === 'mining.subscribe') {
    const [, one, size] = result as [unknown, string, number]
    extranonce1 = one
    extranonce2Size = size
    print('subscribed', { extranonce1 })
    ask('mining.authorize', [worker, 'x'])
  } else if (method === 'mining.authorize') {
    print('authorized', { worker })
  }
}

receiveLines(socket, (message) => {
  heard = Date.now()
  if (stalled) print('resumed')
  stalled = false
  if (message.method === 'mining.notify') take(message.params ?? [])
  else if (message.method === 'mining.set_difficulty') {
    target = shareTarget(Number(message.params?.[0]))
    firstByte = Number(target >> 248n)
    print('difficulty', { difficulty: message.params?.[0] })
  } else if (typeof message.id === 'number') {
    const method = asked.get(message.id)
    asked.delete(message.id)
    answered(method, message)
  }
})

/** Hashes for a moment, then lets the network and everybody else have the processor. */
function mine(): void {
  const until = performance.now() + batch
  while (work && !stalled && performance.now() < until) {
    for (let tries = 0; tries < 500; tries += 1) {
      work.header.writeUInt32LE(work.nonce, 76)
      const digest = sha256d(work.header)
      hashes += 1
      // Nearly every hash is too large by its first digit already; making a number of each would cost more than hashing.
      if ((digest[31] ?? 255) <= firstByte && asNumber(digest) <= target) {
        const nonce = work.nonce.toString(16).padStart(8, '0')
        ask('mining.submit', [worker, work.job.id, work.extranonce2, work.job.time, nonce])
      }
      work.nonce = (work.nonce + 1) >>> 0
    }
  }
  setTimeout(mine, batch)
}
mine()

setInterval(() => {
  if (stalled || Date.now() - heard < silence) return
  stalled = true
  print('stalled', { seconds: silence / 1000, hashes, accepted })
}, 100)

socket.on('error', (error) => end(1, 'disconnected', { reason: error.message }))
socket.on('end', () => end(1, 'disconnected', { reason: 'closed by the pool' }))
const stop = (): never => end(0, 'stopped', {})
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
setTimeout(stop, 600_000)
