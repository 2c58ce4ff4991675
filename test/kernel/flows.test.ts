// SPDX-License-Identifier: Apache-2.0
// Who talks with whom: connections, packets and bytes in both directions, of processes with and without a policy, allowed
// and denied ones, by each process.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countFlows, openFlows, readFlows, type Flow } from '../../enforcer/src/index.ts'
import { Actor, copyProgram, tcpServer, udpPeer, type Outside } from '../harness/actor.ts'
import { documents, objects, Sandbox, until } from '../harness/sandbox.ts'

let s: Sandbox
let client: Actor
let free: Actor
let outside: Outside
const flows = (): Flow[] => {
  const count = openFlows(s.pins)
  try {
    return readFlows(count.flows, s.tables(), new Map())
  } finally {
    count.close()
  }
}
const of = (actor: Actor, port: number) =>
  flows().find(({ pid, target }) => pid === actor.process.pid && target?.port === port)

beforeAll(async () => {
  s = new Sandbox()
  await s.start(documents(s.policy('web', 'web', { mode: 'audit', processes: [] })), {})
  countFlows({ objects, pins: s.pins, cgroup: s.cgroup, pinned: true }).close()
  const exe = copyProgram(s, 'client')
  client = await Actor.start(s, 'web', exe)
  free = await Actor.start(s, 'free', exe)
  outside = await tcpServer()
}, 120_000)
afterAll(() => {
  outside?.close()
  s?.close()
})

const talk = (actor: Actor, port: number, times: number) =>
  actor.do(`for (let i = 0; i < ${times}; i++) {
      await connect({ host: '127.0.0.1', port: ${port}, noDelay: true }, 'talk')
      kept.talk.write('x'.repeat(1000)); await sleep(30); kept.talk.destroy(); await sleep(10)
    }`)

test('connections that a process begins, under a policy and without one', async () => {
  for (const [actor, times] of [
    [client, 3],
    [free, 2],
  ] as const) {
    await talk(actor, outside.port, times)
    const flow = of(actor, outside.port)
    expect(flow).toMatchObject({
      direction: 'out',
      target: { protocol: 'TCP', address: '127.0.0.1', port: outside.port },
      connections: times,
      executable: `${s.files}/client`,
    })
    // Headers, the handshake, and what the server sends back: "re:" and the same again.
    expect(flow?.sent.bytes).toBeGreaterThan(times * 1000)
    expect(flow?.sent.bytes).toBeLessThan(times * 2000)
    expect(flow?.heard.bytes).toBeGreaterThan(times * 1003)
    expect(flow?.sent.packets).toBeGreaterThanOrEqual(times * 3)
  }
  expect(of(client, outside.port)?.subject).toMatchObject({ scope: 'unmanaged', name: 'web' })
  expect(of(free, outside.port)?.subject.cgroup).toMatch(/free$/)
})

test('connections that come in, at the port that was asked for', async () => {
  const port = await client.do<number>(`
    const server = require('node:net').createServer((socket) => socket.on('error', () => {}).end('y'.repeat(5000)))
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))`)
  await talk(free, port, 2)
  await until('both ends are counted', () => of(client, port)?.connections === 2)
  const [here, there] = [of(client, port), of(free, port)]
  expect(here).toMatchObject({
    direction: 'in',
    target: { protocol: 'TCP', address: '127.0.0.1', port },
  })
  expect(there).toMatchObject({ direction: 'out', connections: 2 })
  expect(here?.sent.bytes).toBeGreaterThan(10_000)
  // What one end sends the other hears.
  expect(here?.sent).toEqual(there?.heard)
  expect(here?.heard).toEqual(there?.sent)
})

test('datagrams, and addresses of both kinds', async () => {
  const peer = await udpPeer('::1', { echo: true })
  await free.do(`const socket = require('node:dgram').createSocket('udp6')
    for (let i = 0; i < 4; i++) { socket.send('hello', ${peer.port}, '::1'); await sleep(20) }
    socket.close()`)
  await until('all are counted', () => of(free, peer.port)?.heard.packets === 4)
  expect(of(free, peer.port)).toMatchObject({
    direction: 'out',
    target: { protocol: 'UDP', address: '::1', port: peer.port },
    connections: 1,
    sent: { packets: 4, bytes: 4 * (40 + 8 + 5) },
    heard: { packets: 4, bytes: 4 * (40 + 8 + 8) },
  })
  peer.close()
})

test('a new agent counts on from nothing, and disarm ends it', async () => {
  countFlows({ objects, pins: s.pins, cgroup: s.cgroup, pinned: true }).close()
  expect(of(free, outside.port)).toBeUndefined()
  await talk(free, outside.port, 1)
  expect(of(free, outside.port)?.connections).toBe(1)
})
