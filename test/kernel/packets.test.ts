// SPDX-License-Identifier: Apache-2.0
// Packets: a tightened policy ends established flows at the next packet, in both directions; what it keeps allowing
// loses nothing; sockets from before the agent are decided from their packets; and nothing is dropped in audit.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  Actor,
  copyProgram,
  expectExact,
  policyWriter,
  sleep,
  tcpServer,
  udpPeer,
  type Outside,
  type OutsideDatagrams,
} from '../harness/actor.ts'
import {
  documents,
  kernelAtLeast,
  need,
  Sandbox,
  until,
  type ClusterSpec,
} from '../harness/sandbox.ts'

let sandbox: Sandbox
let client: Actor
let early: Actor
let clientExe: string
let perl: string
let server: Outside
let mute: Outside
let peer: OutsideDatagrams
let stranger: OutsideDatagrams

const policy = (spec: ClusterSpec) => sandbox.policy('packets', 'subject/**', spec)
const processes = (rules: object) => [
  { exe: [clientExe, perl, '/usr/bin/**'], sockets: ['raw'], ...rules },
]
let use: (...policies: object[]) => Promise<void>
const enforce = (rules: object, more: Partial<ClusterSpec> = {}) =>
  use(policy({ processes: processes(rules), ...more }))
const open = { egress: [{}], ingress: [{}] }
const packets = (outcome: string, port: number) =>
  sandbox
    .records()
    .filter((r) => r.hook === 'packet' && r.outcome === outcome && r.target?.port === port)
    .reduce((sum, { count }) => sum + count, 0)

beforeAll(async () => {
  sandbox = new Sandbox({ alone: true })
  clientExe = copyProgram(sandbox, 'client')
  perl = copyProgram(sandbox, 'perl', need('perl'))
  server = await tcpServer()
  mute = await tcpServer('127.0.0.1', 0, false)
  peer = await udpPeer('127.0.0.1')
  stranger = await udpPeer('127.0.0.1')
  // Connected, sending and listening before there is an agent, or a subject.
  early = await Actor.start(sandbox, 'subject', clientExe)
  await early.do(`await connect({ host: '127.0.0.1', port: ${server.port} }, 'flow');
    await udp('datagrams', 'udp4'); await listen('server', 4710, '127.0.0.1')`)
  await sandbox.start(documents(sandbox.policy('packets', 'nothing', { mode: 'audit', deny: [] })))
  use = policyWriter(sandbox)
  await use(policy({ mode: 'audit', deny: [] }))
  client = await Actor.start(sandbox, 'subject', clientExe)
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  for (const end of [server, mute, peer, stranger]) end.close()
  sandbox.close()
})

describe('established flows', () => {
  test('TCP: nothing leaves after the policy tightened, and nothing comes in', async () => {
    await enforce(open)
    const first = mute.connections.length
    expect(
      await client.do(`return connect({ host: '127.0.0.1', port: ${mute.port} }, 'cut')`),
    ).toBe('ok')
    await client.do(`kept.cut.write('before')`)
    await until('it arrives', () => mute.heard().endsWith('before'))
    await enforce({ egress: [{ ports: [server.port] }] })
    await client.do(`kept.cut.write('AFTER')`)
    mute.connections[first]?.write('INWARDS')
    await sleep(300)
    expect(mute.heard()).toMatch(/before$/)
    expect(await client.do(`return kept.cut.text || ''`)).toBe('')
    expect(packets('denied', mute.port)).toBeGreaterThan(1)
    await enforce({ egress: [{ ports: [server.port, mute.port] }] })
    expect(
      await client.do(`return connect({ host: '127.0.0.1', port: ${mute.port} }, 'again')`),
    ).toBe('ok')
    await client.do(`kept.again.write('anew')`)
    await until('a new flow works', () => mute.heard().includes('anew'))
    await until('the old one goes on', () => mute.heard().includes('AFTER'))
    await client.do(`kept.cut.destroy(); kept.again.destroy()`)
  })

  test('TCP accepted: the same', async () => {
    await enforce({ ingress: [{ ports: ['4700/TCP'] }] })
    await client.do(`return listen('s', 4700, '127.0.0.1')`)
    const { connect } = await import('node:net')
    const socket = connect(4700, '127.0.0.1')
    let heard = ''
    socket.on('data', (data) => (heard += data.toString()))
    socket.on('error', () => {
      // cut
    })
    socket.write('one')
    await until('it answers', () => heard === 're:one')
    await enforce({ ingress: [{ ports: ['4700/TCP'], from: [{ cidr: '10.0.0.0/8' }] }] })
    socket.write('two')
    await client.do(`kept.s.last.write('OUT')`)
    await sleep(250)
    expect(heard).toBe('re:one')
    expect(await client.do(`return kept.s.last.text`)).toBe('one')
    socket.destroy()
    await client.do(`kept.s.last.destroy(); kept.s.close()`)
  })

  test('calling bind on a connected socket changes nothing', async () => {
    await enforce({ egress: [{ ports: [mute.port] }], ingress: [{}] })
    const child = sandbox.spawn('subject', [
      perl,
      '-e',
      `use Socket; $| = 1; socket(S, AF_INET, SOCK_STREAM, 0);
      connect(S, pack_sockaddr_in(${mute.port}, inet_aton('127.0.0.1'))) or die $!; print "ready\\n"; <STDIN>;
      bind(S, pack_sockaddr_in(0, inet_aton('127.0.0.1'))); send(S, 'ESCAPED', 0); print "done\\n"; sleep 5`,
    ])
    let out = ''
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    await until('connected', () => out.includes('ready'))
    await enforce({ egress: [], ingress: [{}] })
    child.stdin?.write('\n')
    await until('tried', () => out.includes('done'))
    await sleep(250)
    expect(mute.heard()).not.toContain('ESCAPED')
    child.kill('SIGKILL')
  })

  test('UDP: what a socket sent to a moment ago', async () => {
    await enforce({ egress: [{ ports: [`${peer.port}/UDP`] }] })
    await client.do(`kept.u = dgram.createSocket('udp4'); kept.u.on('error', () => {}); kept.u.heard = []
      kept.u.on('message', (data) => kept.u.heard.push(String(data)))
      return new Promise((r) => kept.u.connect(${peer.port}, '127.0.0.1', r))`)
    const say = (text: string) =>
      client.do(`return new Promise((r) => kept.u.send('${text}', (e) => r(e ? e.code : 'ok')))`)
    const { port } = await client.do<{ port: number }>(`return kept.u.address()`)
    expect(await say('one')).toBe('ok')
    await until('it arrives', () => peer.heard.includes('one'))
    await enforce({ egress: [] })
    expect(await say('TWO')).toBe('EPERM')
    peer.socket.send('BACK', port, '127.0.0.1')
    await sleep(50)
    expect(peer.heard).not.toContain('TWO')
    expect(await client.do('return kept.u.heard')).toEqual([])
    await enforce({ egress: [{ ports: [`${peer.port}/UDP`] }] })
    expect(await say('three')).toBe('ok')
    await until('it arrives', () => peer.heard.includes('three'))
    await client.do('kept.u.close()')
  })

  test('a plan that goes on allowing it loses nothing', async () => {
    await enforce({ egress: [{ ports: [server.port] }] })
    await client.do(`await connect({ host: '127.0.0.1', port: ${server.port} }, 'loop'); kept.sent = 0
      kept.timer = setInterval(() => kept.loop.write('<' + kept.sent++ + '>'), 2)`)
    const before = packets('denied', server.port)
    for (let i = 0; i < 8; i++)
      await enforce({
        egress: [{ ports: [server.port, 5000 + i] }, { to: [{ cidr: `10.${i}.0.0/16` }] }],
      })
    await client.do(`clearInterval(kept.timer); await sleep(100)`)
    const { sent, text } = await client.do<{ sent: number; text: string }>(
      `return { sent: kept.sent, text: kept.loop.text }`,
    )
    expect(sent).toBeGreaterThan(20)
    expect(text.replaceAll('re:', '')).toBe(
      Array.from({ length: sent }, (_, i) => `<${i}>`).join(''),
    )
    expect(packets('denied', server.port)).toBe(before)
    await client.do('kept.loop.destroy()')
  })
})

test('in audit packets of a forbidden flow pass, and are counted', async () => {
  await enforce(open)
  await client.do(`return connect({ host: '127.0.0.1', port: ${server.port} }, 'audited')`)
  await enforce({ egress: [] }, { mode: 'audit' })
  const before = packets('would-deny', server.port)
  await client.do(
    `kept.audited.write('x'); await sleep(60); kept.audited.write('y'); await sleep(60)`,
  )
  expect(await client.do('return kept.audited.text')).toBe('re:xre:y')
  // Each way: two segments with data, and acknowledgements.
  expect(packets('would-deny', server.port) - before).toBeGreaterThanOrEqual(4)
  await client.do('kept.audited.destroy()')
})

describe('sockets from before the subject', () => {
  test('keep working as far as any process of the subject may, and not further', async () => {
    await enforce({
      egress: [{ ports: [server.port, `${peer.port}/UDP`] }],
      ingress: [{ ports: ['4710/TCP'] }],
    })
    await early.do(`kept.flow.write('allowed'); await sleep(50)`)
    expect(await early.do('return kept.flow.text')).toBe('re:allowed')
    expect(await early.do(`return sendTo('datagrams', 'early', ${peer.port}, '127.0.0.1')`)).toBe(
      'ok',
    )
    expect(
      await early.do(`return sendTo('datagrams', 'EARLY', ${stranger.port}, '127.0.0.1')`),
    ).toBe('EPERM')
    await enforce({ egress: [], ingress: [] })
    const heard = server.heard()
    await early.do(`kept.flow.write('FORBIDDEN'); await sleep(200)`)
    expect(server.heard()).toBe(heard)
    expect(stranger.heard).toEqual([])
    await enforce(open)
    await until('it goes on', () => server.heard().includes('FORBIDDEN'))
  })

  // Before 5.11 no program gets from a process to its sockets: there any process of the subject counts.
  test.runIf(kernelAtLeast('5.11'))('belong to the program that holds them', async () => {
    const of = (exe: string, port: number) => ({ exe, egress: [{ ports: [port] }] })
    await use(policy({ processes: [of(clientExe, server.port), of(perl, mute.port)] }))
    await early.do(`kept.flow.write('mine'); await sleep(50)`)
    await until('it arrives', () => server.heard().endsWith('mine'))
    await use(policy({ processes: [of(clientExe, mute.port), of(perl, server.port)] }))
    await early.do(`kept.flow.write('NOT MINE'); await sleep(200)`)
    expect(server.heard()).not.toContain('NOT MINE')
    await enforce(open)
    await until('it goes on', () => server.heard().includes('NOT MINE'))
  })

  test('a listener stays a listener: rails about egress do not cut its answers', async () => {
    const { connect } = await import('node:net')
    const ask = () =>
      new Promise<string>((resolve) => {
        const socket = connect(4710, '127.0.0.1')
        const done = (how: string) => {
          socket.destroy()
          resolve(how)
        }
        socket.on('connect', () => socket.write('q'))
        socket.on('data', (data) => done(data.toString()))
        socket.on('error', () => done('ERROR'))
        setTimeout(() => done('SILENCE'), 500)
      })
    await enforce({ ingress: [{ ports: ['4710/TCP'] }] }, { deny: [{ egress: {} }] })
    expect(await ask()).toBe('re:q')
    await enforce({ ingress: [{ ports: ['4711/TCP'] }] })
    expect(await ask()).toBe('SILENCE')
  })
})

describe('what no connect announces', () => {
  const run = (code: string) => sandbox.run('subject', [perl, '-e', `use Socket; ${code}`])
  const to = (port: number) => `pack_sockaddr_in(${port}, inet_aton('127.0.0.1'))`
  const udpPacket = (payload: string) =>
    `pack('nnnn', 4999, ${'PORT'}, 8 + length('${payload}'), 0) . '${payload}'`

  test('raw sockets: each packet by its header', async () => {
    await enforce({ egress: [{ ports: [`${peer.port}/UDP`] }] })
    const send = (port: number) =>
      run(`socket(R, AF_INET, SOCK_RAW, 17) or die $!;
        print send(R, ${udpPacket('raw').replace('PORT', String(port))}, 0, ${to(0)}) ? 'ok' : $!{EPERM} ? 'EPERM' : $!`)
    expect((await send(peer.port)).stdout).toBe('ok')
    await until('it arrives', () => peer.heard.includes('raw'))
    expect((await send(stranger.port)).stdout).toBe('EPERM')
    expect(stranger.heard).not.toContain('raw')
  })

  test('fast open: the address of the first send', async () => {
    await enforce({ egress: [{ ports: [server.port] }] })
    const send = (port: number) =>
      run(
        `socket(S, AF_INET, SOCK_STREAM, 6); print send(S, 'fast', 0x20000000, ${to(port)}) ? 'ok' : $!{EPERM} ? 'EPERM' : $!`,
      )
    expect((await send(server.port)).stdout).toBe('ok')
    expect((await send(mute.port)).stdout).toBe('EPERM')
  })

  test('multipath TCP', async () => {
    await enforce({ egress: [{ ports: [server.port] }] })
    const open = (port: number) =>
      run(`socket(S, AF_INET, SOCK_STREAM, 262) or print 'none'; $SIG{ALRM} = sub { print 'SILENCE'; exit }; alarm 1;
        print connect(S, ${to(port)}) ? 'ok' : $!{EPERM} ? 'EPERM' : $!`)
    const reached = mute.connections.length
    const { stdout } = await open(server.port)
    if (stdout.startsWith('none')) return // this kernel has none
    expect(stdout).toBe('ok')
    expect((await open(mute.port)).stdout).not.toBe('ok')
    expect(mute.connections.length).toBe(reached)
  })

  test('ICMP: allowed only where the policy says ICMP, per packet', async () => {
    const ping = (first: string, then: string) =>
      run(`socket(P, AF_INET, SOCK_RAW, 1) or die $!; connect(P, pack_sockaddr_in(0, inet_aton('${first}')));
        $m = pack('C2 n3', 8, 0, 0xf7fd, 1, 1);
        print send(P, $m, 0, pack_sockaddr_in(0, inet_aton('${then}'))) ? 'ok' : $!{EPERM} ? 'EPERM' : $!`)
    await enforce({ egress: [{ to: [{ cidr: '127.0.0.1/32' }], ports: ['ICMP'] }] })
    expect((await ping('127.0.0.1', '127.0.0.1')).stdout).toBe('ok')
    expect((await ping('127.0.0.1', '127.0.0.2')).stdout).toBe('EPERM')
    await enforce({ egress: [{ ports: ['1-65535/TCP'] }] })
    expect((await ping('127.0.0.1', '127.0.0.1')).stdout).toBe('EPERM')
  })
})
