// SPDX-License-Identifier: Apache-2.0
// Who may talk to whom, asked for by real processes on loopback: connect, send, bind, listen and accept. Denial is EPERM
// for what a process asks for, and silence for what arrives; audit lets through and counts exactly.
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
import { documents, need, Sandbox, until, type ClusterSpec } from '../harness/sandbox.ts'
import { connect as connectFrom, type Socket } from 'node:net'

let sandbox: Sandbox
let client: Actor
let other: Actor
let clientExe: string
let otherExe: string
let perl: string
const servers: Record<string, Outside> = {}
const datagrams: Record<string, OutsideDatagrams> = {}

let use: (...policies: object[]) => Promise<void>
const everything = { egress: [{}], ingress: [{}] }
const policy = (spec: ClusterSpec) => sandbox.policy('net', 'subject/**', spec)
/** One policy for the subject: the client as given, and what the tests start besides it. */
const restrict = (client: object, more: Partial<ClusterSpec> = {}) =>
  use(
    policy({
      processes: [{ exe: clientExe, ...client }, { exe: [otherExe, perl, '/usr/bin/**'] }],
      ...more,
    }),
  )
/** Perl can do what node cannot, such as sendto on a connected socket. */
const restrictPerl = (rules: object) =>
  use(
    policy({
      processes: [{ exe: [clientExe, otherExe] }, { exe: [perl, '/usr/bin/**'], ...rules }],
    }),
  )
const at = (name: string) => (servers[name] as Outside).port
const udpAt = (name: string) => (datagrams[name] as OutsideDatagrams).port
const tcp = (host: string, port: number, more = '') =>
  client.do(`return connect({ host: '${host}', port: ${port} ${more} })`)
const grown = async (act: () => Promise<unknown>) => {
  const count = () =>
    new Map(
      sandbox
        .records()
        .map((r) => [
          [
            r.outcome,
            r.decision,
            r.hook,
            r.target?.protocol,
            r.target?.address,
            r.target?.port,
          ].join(' '),
          r.count,
        ]),
    )
  const before = count()
  await act()
  return [...count()]
    .map(([key, n]) => [key, n - (before.get(key) ?? 0)] as const)
    .filter(([, n]) => n > 0)
    .map(([key, n]) => `${n} × ${key}`)
}

beforeAll(async () => {
  sandbox = new Sandbox()
  clientExe = copyProgram(sandbox, 'client')
  otherExe = copyProgram(sandbox, 'other')
  perl = copyProgram(sandbox, 'perl', need('perl'))
  for (const name of ['a', 'b']) servers[name] = await tcpServer()
  servers.six = await tcpServer('::1')
  servers.second = await tcpServer('127.0.0.2')
  for (const name of ['a', 'b', 'c']) datagrams[name] = await udpPeer('127.0.0.1', { echo: true })
  datagrams.six = await udpPeer('::1', { echo: true })
  await sandbox.start(documents(policy({ mode: 'audit', deny: [] })))
  use = policyWriter(sandbox)
  client = await Actor.start(sandbox, 'subject', clientExe)
  other = await Actor.start(sandbox, 'subject', otherExe)
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  for (const end of [...Object.values(servers), ...Object.values(datagrams)]) end.close()
  sandbox.close()
})

describe('connect', () => {
  test('IPv4, IPv6, mapped, and the unspecified addresses are what the kernel connects to', async () => {
    await restrict({
      egress: [
        { to: [{ cidr: '127.0.0.1/32' }], ports: [at('a')] },
        { to: [{ cidr: '::1/128' }], ports: [at('six')] },
      ],
    })
    expect(await tcp('127.0.0.1', at('a'))).toBe('ok')
    expect(await tcp('::ffff:127.0.0.1', at('a'))).toBe('ok')
    expect(await tcp('0.0.0.0', at('a'))).toBe('ok')
    expect(await tcp('::1', at('six'))).toBe('ok')
    expect(await tcp('::', at('six'))).toBe('ok')
    for (const host of ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0'])
      expect(await tcp(host, at('b')), host).toBe('EPERM')
    expect(await tcp('::1', at('a'))).toBe('EPERM')
    expect(await tcp('127.0.0.2', at('second'))).toBe('EPERM')
  })

  test('a bound socket that asks for 0.0.0.0 reaches its own address, and is judged by that', async () => {
    await restrict({ egress: [{ to: [{ cidr: '127.0.0.1/32' }] }] })
    expect(await tcp('0.0.0.0', at('second'), ", localAddress: '127.0.0.2'")).toBe('EPERM')
    await restrict({ egress: [{ to: [{ cidr: '::1/128' }] }] })
    expect(await tcp('::', at('a'), ", localAddress: '::ffff:127.0.0.1'")).toBe('EPERM')
  })

  test('networks with exceptions, ports and ranges', async () => {
    await restrict({
      egress: [
        {
          to: [{ cidr: '127.0.0.0/8', except: ['127.0.0.2/31'] }],
          ports: [`${at('a')}-${at('a') + 1}/TCP`],
        },
        { to: [{ cidr: '127.0.0.2/32' }], ports: ['1-1023/TCP'] },
      ],
    })
    expect(await tcp('127.0.0.1', at('a'))).toBe('ok')
    expect(await tcp('127.0.0.4', at('a'))).toBe('ECONNREFUSED')
    expect(await tcp('127.0.0.2', at('a'))).toBe('EPERM')
    expect(await tcp('127.0.0.3', at('a'))).toBe('EPERM')
    expect(await tcp('127.0.0.2', 1023)).toBe('ECONNREFUSED')
    expect(await tcp('127.0.0.2', 1024)).toBe('EPERM')
    expect(await tcp('128.0.0.1', at('a'))).toBe('EPERM')
  })

  test('audit lets it through, and the ledger has the exact count and target', async () => {
    await restrict({ egress: [] }, { mode: 'audit' })
    const rows = await grown(async () => {
      for (let i = 0; i < 5; i++) expect(await tcp('127.0.0.1', at('a'))).toBe('ok')
    })
    expect(rows).toContain(`5 × would-deny egress connect TCP 127.0.0.1 ${at('a')}`)
    await restrict({ egress: [] })
    const denied = await grown(async () => {
      for (let i = 0; i < 7; i++) expect(await tcp('127.0.0.1', at('a'))).toBe('EPERM')
    })
    expect(denied).toEqual([`7 × denied egress connect TCP 127.0.0.1 ${at('a')}`])
    const row = sandbox.records().find((r) => r.outcome === 'denied' && r.target?.port === at('a'))
    expect(row).toMatchObject({
      executable: clientExe,
      policy: 'ClusterRuntimePolicy/net',
      rule: 'spec.processes',
    })
    expect(row?.pid).toBe(client.process.pid)
  })

  test('a guard rail wins over every allow', async () => {
    await restrict(everything, {
      deny: [{ egress: { to: [{ cidr: '127.0.0.1/32' }], ports: [at('b')] } }],
    })
    expect(await tcp('127.0.0.1', at('a'))).toBe('ok')
    expect(await tcp('127.0.0.1', at('b'))).toBe('EPERM')
    expect(
      sandbox.records().find((r) => r.target?.port === at('b') && r.rule === 'spec.deny[0]'),
    ).toBeDefined()
  })

  test('in one cgroup each executable has its own rules', async () => {
    await restrict({ egress: [{ ports: [at('a')] }] })
    expect(await tcp('127.0.0.1', at('a'))).toBe('ok')
    expect(await other.do(`return connect({ host: '127.0.0.1', port: ${at('a')} })`)).toBe('EPERM')
  })

  test('exec changes what a process may do, in both directions', async () => {
    await restrict({ egress: [{ ports: [at('a')] }] })
    const script = `net.connect(${at('a')}, '127.0.0.1').on('connect', () => { console.log('ok'); process.exit() }).on('error', (e) => { console.log(e.code); process.exit() });`
    const viaExec = async (first: string, then: string) =>
      (
        await sandbox.run('subject', [
          first,
          '-e',
          `process.execve(${JSON.stringify(then)}, [${JSON.stringify(then)}, '-e', ${JSON.stringify(`const net = require('node:net'); ${script}`)}], process.env)`,
        ])
      ).stdout.trim()
    expect(await viaExec(otherExe, clientExe)).toBe('ok')
    expect(await viaExec(clientExe, otherExe)).toBe('EPERM')
  })

  test('a child in another cgroup keeps its subject', async () => {
    await restrict({ egress: [{ ports: [at('a')] }] })
    const elsewhere = sandbox.folder('elsewhere')
    const move = `require('node:fs').writeFileSync('${elsewhere}/cgroup.procs', String(process.pid));`
    const mover = await Actor.start(sandbox, 'subject', clientExe)
    await mover.do(move)
    expect(await mover.do(`return connect({ host: '127.0.0.1', port: ${at('a')} })`)).toBe('ok')
    expect(await mover.do(`return connect({ host: '127.0.0.1', port: ${at('b')} })`)).toBe('EPERM')
    mover.stop()
  })
})

describe('datagrams', () => {
  const send = (name: string, to: string, address = '127.0.0.1') =>
    client.do(`return sendTo('${name}', 'hello', ${udpAt(to)}, '${address}')`)

  test('many destinations on one socket, each by its own rule; replies come back', async () => {
    await restrict({
      egress: [
        { to: [{ cidr: '127.0.0.1/32' }], ports: [`${udpAt('a')}/UDP`, `${udpAt('b')}/UDP`] },
      ],
    })
    await client.do(`return udp('many', 'udp4')`)
    const heard = (datagrams.c as OutsideDatagrams).heard.length
    const rows = await grown(async () => {
      for (let i = 0; i < 3; i++) {
        expect(await send('many', 'a')).toBe('ok')
        expect(await send('many', 'c')).toBe('EPERM')
        expect(await send('many', 'b')).toBe('ok')
      }
    })
    expect(rows).toEqual([`3 × denied egress sendmsg UDP 127.0.0.1 ${udpAt('c')}`])
    await sleep(50)
    expect(await client.do('return kept.many.heard.length')).toBe(6)
    expect((datagrams.c as OutsideDatagrams).heard.length).toBe(heard)
  })

  test('IPv6 and mapped', async () => {
    await restrict({ egress: [{ to: [{ cidr: '127.0.0.1/32' }], ports: [`${udpAt('a')}/UDP`] }] })
    await client.do(`return udp('six', 'udp6')`)
    expect(await send('six', 'six', '::1')).toBe('EPERM')
    expect(await send('six', 'a', '::ffff:127.0.0.1')).toBe('ok')
    expect(await send('six', 'b', '::ffff:127.0.0.1')).toBe('EPERM')
  })

  test('connected', async () => {
    await restrict({ egress: [{ ports: [`${udpAt('a')}/UDP`] }] })
    const connected = (to: string) =>
      client.do(`const s = dgram.createSocket('udp4');
        const how = await new Promise((r) => { s.once('connect', () => r('ok')); s.once('error', (e) => r(e.code)); s.connect(${udpAt(to)}, '127.0.0.1') });
        s.close(); return how`)
    expect(await connected('a')).toBe('ok')
    expect(await connected('b')).toBe('EPERM')
  })

  test('what a forbidden peer sends does not change what is kept for another one', async () => {
    await restrict({ egress: [{ ports: [`${udpAt('a')}/UDP`] }] })
    await client.do(`return udp('stale', 'udp4')`)
    const { port } = await client.do<{ port: number }>(`return kept.stale.address()`)
    expect(await send('stale', 'a')).toBe('ok')
    ;(datagrams.b as OutsideDatagrams).socket.send('unasked', port, '127.0.0.1')
    await sleep(30)
    expect(await send('stale', 'a')).toBe('ok')
    await until('both replies', () => (datagrams.a as OutsideDatagrams).heard.length > 0)
    await sleep(30)
    expect(await client.do<string[]>('return kept.stale.heard')).toEqual(['re:hello', 're:hello'])
  })

  test('nor does an allowed one make an address allowed again that was kept', async () => {
    await restrictPerl({ egress: [{ ports: [`${udpAt('a')}/UDP`] }] })
    const to = `pack_sockaddr_in(${udpAt('a')}, inet_aton('127.0.0.1'))`
    const child = sandbox.spawn('subject', [
      perl,
      '-e',
      `use Socket; $| = 1; socket(S, AF_INET, SOCK_DGRAM, 0); send(S, 'first', 0, ${to}) or die $!;
       my ($port) = unpack_sockaddr_in(getsockname(S)); print "$port\n"; <STDIN>;
       print send(S, 'ESCAPED', 0, ${to}) ? 'sent' : 'refused'`,
    ])
    let out = ''
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    const port = Number(await until('it has sent', () => /^(\d+)\n/.exec(out)?.[1]))
    await restrictPerl({ egress: [{ ports: [`${udpAt('b')}/UDP`] }] })
    datagrams.b?.socket.send('allowed now', port, '127.0.0.1')
    await sleep(30)
    child.stdin?.write('\n')
    expect(await until('it has tried', () => /sent|refused/.exec(out)?.[0])).toBe('refused')
    expect(datagrams.a?.heard).not.toContain('ESCAPED')
  })

  test('a rail about a destination holds for a server that may hear anybody', async () => {
    await restrict(
      { ingress: [{ ports: ['4500/UDP'] }], egress: [] },
      { deny: [{ egress: { to: [{ cidr: '127.0.0.1/32' }], ports: [`${udpAt('c')}/UDP`] } }] },
    )
    expect(await client.do(`return udp('railed', 'udp4', 4500, '127.0.0.1')`)).toBe('ok')
    expect(await send('railed', 'a')).toBe('ok') // a reply cannot be told from a request
    expect(await send('railed', 'c')).toBe('EPERM')
    await client.do('kept.railed.close()')
  })

  test('a connected socket keeps no right by asking for something else', async () => {
    const open = { egress: [{ ports: [`${udpAt('a')}/UDP`, `${udpAt('b')}/UDP`] }] }
    const run = (trick: string) =>
      sandbox.spawn('subject', [
        perl,
        '-e',
        `use Socket; $| = 1;
        socket(S, AF_INET, SOCK_DGRAM, 0); sub at { pack_sockaddr_in($_[0], inet_aton('127.0.0.1')) }
        connect(S, at(${udpAt('a')})) or die; send(S, 'first', 0); print "ready\\n"; <STDIN>;
        ${trick}; send(S, 'ESCAPED', 0); print "done\\n"`,
      ])
    for (const trick of [
      `send(S, 'x', 0, at(${udpAt('b')}))`,
      `connect(S, pack_sockaddr_in(${udpAt('b')}, inet_aton('255.255.255.255')))`,
    ]) {
      await restrictPerl(open)
      const child = run(trick)
      let out = ''
      child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
      await until('connected', () => out.includes('ready'))
      await restrictPerl({ egress: [{ ports: [`${udpAt('b')}/UDP`] }] })
      child.stdin?.write('\n')
      await until('tried', () => out.includes('done'))
      await sleep(30)
      expect((datagrams.a as OutsideDatagrams).heard, trick).not.toContain('ESCAPED')
    }
  })
})

describe('bind, listen and accept', () => {
  const knock = (port: number, from: string, say = 'x') =>
    new Promise<string>((resolve) => {
      const socket: Socket = connectFrom({ host: '127.0.0.1', port, localAddress: from })
      socket.once('connect', () => socket.write(say))
      socket.once('data', (data) => done(data.toString()))
      socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''))
      const timer = setTimeout(() => done('SILENCE'), 600)
      const done = (how: string) => {
        clearTimeout(timer)
        socket.destroy()
        resolve(how)
      }
    })

  test('bind only to ports of ingress rules; port 0 is free', async () => {
    await restrict({ ingress: [{ ports: ['4600-4607/TCP', '4600/UDP'] }] })
    expect(await client.do(`return listen('l1', 4600, '127.0.0.1')`)).toBe(4600)
    expect(await client.do(`return listen('l2', 4608, '127.0.0.1')`)).toBe('EPERM')
    expect(await client.do(`return listen('l2', 4608, '::1')`)).toBe('EPERM')
    expect(await client.do(`return typeof await listen('l3', 0, '127.0.0.1')`)).toBe('number')
    expect(await client.do(`return udp('u1', 'udp4', 4600, '127.0.0.1')`)).toBe('ok')
    expect(await client.do(`return udp('u2', 'udp4', 4601, '127.0.0.1')`)).toBe('EPERM')
    expect(await other.do(`return listen('l1', 4601, '127.0.0.1')`)).toBe('EPERM')
    await client.do('kept.l1.close(); kept.l3.close(); kept.u1.close()')
  })

  test('whom a server may hear; the ledger names the remote address and the local port', async () => {
    await restrict({ ingress: [{ from: [{ cidr: '127.0.0.1/32' }], ports: ['4610/TCP'] }] })
    await client.do(`return listen('s', 4610, '127.0.0.1')`)
    expect(await knock(4610, '127.0.0.1')).toBe('re:x')
    const rows = await grown(async () => expect(await knock(4610, '127.0.0.2')).toBe('SILENCE'))
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatch(/^\d+ × denied ingress packet TCP 127\.0\.0\.2 4610$/)
    await client.do('kept.s.close()')
  })

  test('in audit everybody is heard and counted', async () => {
    await restrict(
      { ingress: [{ from: [{ cidr: '127.0.0.1/32' }], ports: ['4611/TCP'] }] },
      { mode: 'audit' },
    )
    await client.do(`return listen('s', 4611, '127.0.0.1')`)
    const rows = await grown(async () => expect(await knock(4611, '127.0.0.2')).toBe('re:x'))
    expect(rows.join()).toMatch(/^\d+ × would-deny ingress packet TCP 127\.0\.0\.2 4611$/)
    await client.do('kept.s.close()')
  })

  test('a listener that never called bind, also after it was a client, hears nobody new', async () => {
    await restrictPerl({ egress: [{ ports: [at('a')] }] })
    for (const before of [
      '',
      `connect(S, pack_sockaddr_in(${at('a')}, inet_aton('127.0.0.1'))) or die $!; connect(S, pack('S x14', 0));`,
    ]) {
      const child = sandbox.spawn('subject', [
        perl,
        '-e',
        `use Socket; $| = 1; socket(S, AF_INET, SOCK_STREAM, 0); ${before}
        listen(S, 5) or die $!; my ($port) = unpack_sockaddr_in(getsockname(S)); print "$port\\n"; accept(C, S); print C "re:escaped"; close C; sleep 5`,
      ])
      let out = ''
      child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
      const port = Number(await until('it listens', () => /^(\d+)\n/.exec(out)?.[1]))
      expect(await knock(port, '127.0.0.1'), before).toBe('SILENCE')
      child.kill('SIGKILL')
    }
  })

  test('a datagram server answers whom it may hear, and hears nobody else', async () => {
    await restrict({ ingress: [{ from: [{ cidr: '127.0.0.1/32' }], ports: ['4620/UDP'] }] })
    await client.do(`await udp('s', 'udp4', 4620, '127.0.0.1'); kept.s.echo = true`)
    const friend = await udpPeer('127.0.0.1')
    const stranger = await udpPeer('127.0.0.2')
    friend.socket.send('ping', 4620, '127.0.0.1')
    await until('it answers', () => friend.heard.includes('re:ping'))
    const rows = await grown(async () => {
      for (let i = 0; i < 4; i++) stranger.socket.send('ping', 4620, '127.0.0.1')
      await sleep(60)
    })
    expect(rows).toEqual(['4 × denied ingress packet UDP 127.0.0.2 4620'])
    expect(stranger.heard).toEqual([])
    expect(await client.do('return kept.s.heard.length')).toBe(1)
    expect(await client.do(`return sendTo('s', 'unasked', ${stranger.port}, '127.0.0.2')`)).toBe(
      'EPERM',
    )
    friend.close()
    stranger.close()
    await client.do('kept.s.close()')
  })
})
