// SPDX-License-Identifier: Apache-2.0
// A network namespace with a resolver, servers at every address of two networks, and a subject's process in it. The resolver
// says what a test wants it to say, right or wrong; the subject asks by a real resolver library or by bytes of its own.
import { execFileSync } from 'node:child_process'
import { Actor } from './actor.ts'
import { need, type Sandbox } from './sandbox.ts'
import { wireMessage, type MessageLike } from './dns-message.ts'

export const resolver = '10.53.0.1'
export const otherResolver = '10.53.0.2'
export const resolver6 = 'fd53::1'
/** Every address of these is answered by the same servers. */
export const networks = ['10.66.0.0/16', 'fd66::/64'] as const
export const port = 8080

const serverCode = `
const table = (kept.table = new Map())
kept.asked = []
const nameOf = (bytes) => {
  const labels = []
  for (let at = 12; bytes[at]; at += bytes[at] + 1) labels.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]))
  return { name: labels.join('.').toLowerCase(), end: labels.reduce((n, l) => n + l.length + 1, 13) }
}
// Names of their own: n<number>.many.test is 10.66.<number / 256>.<number % 256>
const many = (bytes, { name, end }) => {
  const found = /^n(\\d+)\\.many\\.test$/.exec(name)
  if (!found || bytes.readUInt16BE(end) !== 1) return null
  const n = Number(found[1])
  return Buffer.concat([Buffer.from('81800001000100000000', 'hex'), bytes.subarray(12, end + 4),
    Buffer.from('c00c000100010000003c0004', 'hex'), Buffer.from([10, 66, n >> 8, n & 255])])
}
kept.answer = (bytes) => {
  const question = nameOf(bytes)
  kept.asked.push(question.name)
  const key = question.name + '/' + bytes.readUInt16BE(question.end)
  const all = table.get(key) ?? table.get(question.name)
  const rests = all ? all.map((hex) => Buffer.from(hex, 'hex')) : [many(bytes, question) ??
    Buffer.concat([Buffer.from('81830001000000000000', 'hex'), bytes.subarray(12, question.end + 4)])]
  return rests.map((rest) => Buffer.concat([bytes.subarray(0, 2), rest]))
}
const serve = (address, family) => new Promise((resolve) => {
  const socket = (kept[address] = dgram.createSocket(family))
  socket.on('message', (bytes, from) => {
    if (kept.trick) return kept.trick(socket, bytes, from)
    for (const answer of kept.answer(bytes)) socket.send(answer, from.port, from.address)
  })
  socket.bind(53, address, resolve)
})
await serve('${resolver}', 'udp4')
await serve('${otherResolver}', 'udp4')
await serve('${resolver6}', 'udp6')
const stream = net.createServer((socket) => {
  let rest = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', async (data) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const bytes = rest.subarray(2, 2 + rest.readUInt16BE(0))
      rest = rest.subarray(2 + rest.readUInt16BE(0))
      const whole = Buffer.concat(kept.answer(bytes).flatMap((answer) => {
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        return [length, answer]
      }))
      for (let at = 0; at < whole.length; at += kept.segment ?? whole.length) {
        socket.write(whole.subarray(at, at + (kept.segment ?? whole.length)))
        if (kept.segment) await sleep(20)
      }
    }
  })
})
await new Promise((resolve) => stream.listen(53, '${resolver}', resolve))
kept.reached = []
for (const [host, only] of [['0.0.0.0', false], ['::', true]]) await new Promise((resolve) => net.createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', (data) => socket.write('re:' + data))
  kept.reached.push(socket.localAddress)
}).listen({ port: ${port}, host, ipv6Only: only }, resolve))
for (const family of ['udp4', 'udp6']) await new Promise((resolve) => {
  const socket = dgram.createSocket({ type: family, ipv6Only: family === 'udp6' })
  socket.on('message', (data, from) => socket.send('re:' + data, from.port, from.address))
  socket.bind(${port}, resolve)
})
`

/** Of the subject: real library calls, and bytes. */
const clientCode = `
const dns = require('node:dns/promises')
kept.resolver = (server, options) => {
  const resolver = new dns.Resolver({ timeout: 1500, tries: 2, ...options })
  resolver.setServers([server])
  return resolver
}
kept.library = kept.resolver('${resolver}')
kept.reach = async (name, type = 'A') => {
  const addresses = await kept.library.resolve(name, type).catch((error) => error.code)
  if (!Array.isArray(addresses)) return addresses
  const how = []
  for (const host of addresses) how.push(await connect({ host, port: ${port} }))
  return how.join()
}
kept.exchange = (hex, { server = '${resolver}', family = 'udp4', wait = 400, socket, connected } = {}) => new Promise((resolve) => {
  const own = socket ? kept[socket] : dgram.createSocket(family)
  const done = (how) => { clearTimeout(timer); own.removeAllListeners('message'); if (!socket) own.close(); resolve(how) }
  const timer = setTimeout(() => done('SILENCE'), wait)
  own.once('message', (data) => done(data.toString('hex')))
  own.once('error', (error) => done(error.code))
  const bytes = Buffer.from(hex, 'hex')
  if (connected) own.connect(53, server, (error) => error ? done(error.code) : own.send(bytes))
  else own.send(bytes, 53, server, (error) => error && done(error.code))
})
kept.stream = (hexes, { server = '${resolver}', wait = 400, apart = false } = {}) => new Promise((resolve) => {
  const socket = net.connect({ host: server, port: 53 })
  socket.setNoDelay(true)
  let got = Buffer.alloc(0)
  socket.on('data', (data) => (got = Buffer.concat([got, data])))
  socket.on('error', (error) => resolve(error.code))
  socket.on('connect', async () => {
    for (const hex of hexes) {
      const bytes = Buffer.from(hex, 'hex')
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      if (apart) { socket.write(length); await sleep(20); socket.write(bytes); await sleep(20) }
      else socket.write(Buffer.concat([length, bytes]))
    }
    setTimeout(() => { socket.destroy(); resolve(got.length) }, wait)
  })
})
`

export class NameWorld {
  readonly server: Actor
  readonly client: Actor
  private readonly sandbox: Sandbox
  private readonly namespace: string

  private constructor(sandbox: Sandbox, server: Actor, client: Actor, namespace: string) {
    this.sandbox = sandbox
    this.server = server
    this.client = client
    this.namespace = namespace
  }

  /** The client's executable is `exe`, in the cgroup `subject`; the agent must be there, so that it belongs to its subject. */
  static async start(sandbox: Sandbox, exe: string): Promise<NameWorld> {
    const server = await Actor.start(sandbox, 'outside', process.execPath, [
      need('unshare'),
      '-n',
      '--',
    ])
    const namespace = `--net=/proc/${server.process.pid}/ns/net`
    const ip = (...args: string[]) =>
      execFileSync(need('nsenter'), [namespace, need('ip'), ...args])
    ip('link', 'set', 'lo', 'up')
    for (const address of [`${resolver}/32`, `${otherResolver}/32`, '10.66.0.1/16', '10.99.0.1/32'])
      ip('addr', 'add', address, 'dev', 'lo')
    ip('-6', 'addr', 'add', `${resolver6}/128`, 'dev', 'lo', 'nodad')
    ip('-6', 'route', 'add', 'local', networks[1], 'dev', 'lo')
    await server.do(serverCode)
    const client = await NameWorld.enter(sandbox, exe, namespace)
    return new NameWorld(sandbox, server, client, namespace)
  }

  private static async enter(sandbox: Sandbox, exe: string, namespace: string, cgroup = 'subject') {
    const client = await Actor.start(sandbox, cgroup, exe, [need('nsenter'), namespace, '--'])
    await client.do(clientCode)
    return client
  }

  /** One more process in the same network. */
  another(exe: string, cgroup: string): Promise<Actor> {
    return NameWorld.enter(this.sandbox, exe, this.namespace, cgroup)
  }

  /** What the resolvers say of a name, to every question or to those of one type; several answers come one after the other. */
  async says(name: string, ...answers: MessageLike[]): Promise<void> {
    const rests = answers.map((answer) => wireMessage(answer).subarray(2).toString('hex'))
    await this.server.do(`kept.table.set(${JSON.stringify(name)}, ${JSON.stringify(rests)})`)
  }

  /** By the library: what connecting to each address said, or the resolver's error. */
  reach(name: string, type = 'A', client = this.client): Promise<string> {
    return client.do(`return kept.reach(${JSON.stringify(name)}, '${type}')`)
  }

  connect(host: string, client = this.client): Promise<string> {
    return client.do(`return connect({ host: '${host}', port: ${port} })`)
  }

  /** Bytes to a resolver, and the answer's bytes. */
  exchange(message: Buffer, options: object = {}, client = this.client): Promise<string> {
    return client.do(
      `return kept.exchange('${message.toString('hex')}', ${JSON.stringify(options)})`,
    )
  }

  close(): void {
    this.client.stop()
    this.server.stop()
  }
}
