// SPDX-License-Identifier: Apache-2.0
// What a mining pool and a miner must agree on (Stratum v1): how a job becomes an 80-byte block header, what hash it has,
// and how small that hash must be for a share. Messages are JSON, one a line.
import { hash } from 'node:crypto'
import type { Socket } from 'node:net'

/** The parameters of `mining.notify`, in its order; all of it hexadecimal, as on the wire. */
export type Job = {
  id: string
  previous: string // hash of the block before; every four bytes reversed, a peculiarity of the protocol
  coinbase1: string
  coinbase2: string
  branches: string[] // the merkle path from the coinbase to the root
  version: string
  bits: string
  time: string
}

export type Message = {
  id?: number | null
  method?: string
  params?: unknown[]
  result?: unknown
  error?: [number, string, null] | null
}

export function sha256d(data: Uint8Array): Buffer {
  return hash('sha256', hash('sha256', data, 'buffer'), 'buffer')
}

/** The header with nonce 0; the nonce is its last four bytes, little-endian. */
export function header(job: Job, extranonce: string, time: string): Buffer {
  const coinbase = Buffer.from(job.coinbase1 + extranonce + job.coinbase2, 'hex')
  const merkle = job.branches.reduce(
    (root, branch) => sha256d(Buffer.concat([root, Buffer.from(branch, 'hex')])),
    sha256d(coinbase),
  )
  const reversed = (text: string): Buffer => Buffer.from(text, 'hex').reverse()
  return Buffer.concat([
    reversed(job.version),
    Buffer.from(job.previous, 'hex').swap32(),
    merkle,
    reversed(time),
    reversed(job.bits),
    Buffer.alloc(4),
  ])
}

/** The largest hash that is a share; difficulty 1 takes 2^32 attempts on average. */
export function shareTarget(difficulty: number): bigint {
  const scale = 1_000_000_000_000
  return ((0xffffn << 208n) * BigInt(scale)) / BigInt(Math.max(1, Math.round(difficulty * scale)))
}

/** A hash as the number it is compared as: the last byte counts most. */
export function asNumber(digest: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(digest).reverse().toString('hex')}`)
}

/** Calls `receive` for each message of the other side; one that is not JSON, or longer than a job can be, ends the connection. */
export function receiveLines(socket: Socket, receive: (message: Message) => void): void {
  let pending = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    if (pending.length > 16_384) {
      socket.destroy(new Error('line too long'))
      return
    }
    for (const line of lines.filter((text) => text.trim() !== '')) {
      try {
        receive(JSON.parse(line) as Message)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
        return
      }
    }
  })
}

export function send(socket: Socket, message: Message): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

/** One line of JSON on standard output, for whoever started this program. */
export function print(event: string, details: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`)
}
