// SPDX-License-Identifier: Apache-2.0
// A process in a sandbox's cgroup that does what a test asks for, step by step: JavaScript in, JSON out. Its executable
// has a path of its own, since that is what policies name. And the ends outside, which no policy knows.
import { copyFileSync, existsSync, linkSync } from 'node:fs'
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ChildProcess } from 'node:child_process'
import { readRest } from '../../enforcer/src/report/records.ts'
import { documents, until, type Sandbox } from './sandbox.ts'

const program = String.raw`
const net = require('node:net'), dgram = require('node:dgram'), cp = require('node:child_process')
const kept = {}
const errno = (error) => error.code || String(error)
const connect = (options, keep) => new Promise((resolve) => {
  const socket = net.connect(options)
  let text = ''
  socket.on('data', (data) => (socket.text = text += data))
  socket.once('connect', () => {
    socket.removeAllListeners('error')
    socket.on('error', (error) => (socket.failed = errno(error)))
    if (keep) kept[keep] = socket
    else socket.destroy()
    resolve('ok')
  })
  socket.once('error', (error) => resolve(errno(error)))
  setTimeout(() => { if (!socket.connecting) return; socket.destroy(); resolve('TIMEOUT') }, process.env.UNDERPIN_SLOWER > 1 ? 2100 : 700).unref()
})
const udp = (name, family, port, address) => new Promise((resolve) => {
  const socket = (kept[name] = dgram.createSocket(family))
  socket.heard = []
  socket.on('message', (data, from) => {
    socket.heard.push(String(data))
    if (socket.echo) socket.send('re:' + data, from.port, from.address, (error) => error && socket.heard.push(errno(error)))
  })
  socket.once('error', (error) => resolve(errno(error)))
  socket.bind(port || 0, address, () => resolve('ok'))
})
const sendTo = (name, text, port, address) =>
  new Promise((resolve) => kept[name].send(text, port, address, (error) => resolve(error ? errno(error) : 'ok')))
const listen = (name, port, host) => new Promise((resolve) => {
  const server = (kept[name] = net.createServer((socket) => {
    server.last = socket
    socket.text = ''
    socket.on('error', () => {})
    socket.on('data', (data) => { socket.text += data; if (!server.mute) socket.write('re:' + data) })
  }))
  server.once('error', (error) => resolve(errno(error)))
  server.listen(port, host, () => resolve(server.address().port))
})
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, code } = JSON.parse(line)
  let answer
  try { answer = { id, value: await eval('(async () => { ' + code + ' })()') } }
  catch (error) { answer = { id, error: String(error && error.stack) } }
  process.stdout.write(JSON.stringify(answer) + '\n')
}).on('close', () => process.exit(0))
process.stdout.write('{"id":0}\n')
`

/** A program of this machine under a path of its own. */
export function copyProgram(sandbox: Sandbox, name: string, program = process.execPath): string {
  const path = join(sandbox.files, name)
  if (existsSync(path)) return path
  try {
    linkSync(program, path)
  } catch {
    copyFileSync(program, path) // another file system
  }
  return path
}

export class Actor {
  readonly process: ChildProcess
  private readonly waiting = new Map<
    number,
    (answer: { value?: unknown; error?: string }) => void
  >()
  private last = 0

  private constructor(child: ChildProcess) {
    this.process = child
    child.once('close', (code, signal) => {
      for (const tell of this.waiting.values()) tell({ error: `actor ended: ${code} ${signal}` })
    })
    child.stdin?.on('error', () => {
      // it ended; whoever asks gets no answer
    })
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number; value?: unknown; error?: string }
      this.waiting.get(id)?.(answer)
      this.waiting.delete(id)
    })
  }

  /** `through`: a command that starts it, such as nsenter with its options. */
  static async start(
    sandbox: Sandbox,
    cgroup: string,
    exe: string,
    through: readonly string[] = [],
  ): Promise<Actor> {
    const child = sandbox.spawn(cgroup, [...through, exe, '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const actor = new Actor(child)
    await new Promise<void>((resolve, reject) => {
      actor.waiting.set(0, ({ error }) => (error ? reject(new Error(error)) : resolve()))
    })
    return actor
  }

  /** Runs an async function's body there; what it returns comes back. */
  async do<T = string>(code: string): Promise<T> {
    const id = ++this.last
    const answer = await new Promise<{ value?: unknown; error?: string }>((resolve) => {
      this.waiting.set(id, resolve)
      this.process.stdin?.write(`${JSON.stringify({ id, code })}\n`)
    })
    if (answer.error) throw new Error(answer.error)
    return answer.value as T
  }

  stop(): void {
    this.process.kill('SIGKILL')
  }
}

/** A TCP server outside: answers `re:` and what it hears, and remembers all of it. */
export interface Outside {
  port: number
  connections: Socket[]
  heard: () => string
  close: () => void
}

export async function tcpServer(host = '127.0.0.1', port = 0, echo = true): Promise<Outside> {
  const connections: Socket[] = []
  let heard = ''
  const server: Server = createServer((socket) => {
    connections.push(socket)
    socket.on('error', () => {
      // cut off by policy, as the tests want it
    })
    socket.on('data', (data) => {
      heard += data.toString('latin1')
      if (echo) socket.write(`re:${data.toString()}`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const close = () => {
    for (const socket of connections) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, connections, heard: () => heard, close }
}

export interface OutsideDatagrams {
  port: number
  socket: Datagrams
  heard: string[]
  close: () => void
}

export async function udpPeer(
  address = '127.0.0.1',
  { echo = false, port = 0 } = {},
): Promise<OutsideDatagrams> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const heard: string[] = []
  socket.on('message', (data, from) => {
    heard.push(data.toString())
    if (echo) socket.send(`re:${data.toString()}`, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(port, address, resolve))
  return { port: socket.address().port, socket, heard, close: () => socket.close() }
}

/** What must hold at any time: nothing denied is uncounted, and the ledger's sum is what the counter says. */
export async function expectExact(sandbox: Sandbox): Promise<void> {
  await until('the ledger and the counters agree', () => {
    const { denied, emitted = 0, suppressed = 0, lost = 0 } = sandbox.counters()
    const rows = sandbox.records().reduce((sum, { count }) => sum + count, 0)
    const rest = readRest(sandbox.tables()).reduce((sum, { count }) => sum + count, 0)
    return denied === emitted + suppressed + lost && rows + rest === denied
  })
}

/** Puts policies in force; those that are in force already are no new plan. */
export function policyWriter(sandbox: Sandbox): (...policies: object[]) => Promise<void> {
  let inForce = ''
  return async (...policies) => {
    const text = documents(...policies)
    if (text !== inForce) await sandbox.setPolicies(text)
    inForce = text
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
