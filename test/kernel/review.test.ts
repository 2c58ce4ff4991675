// SPDX-License-Identifier: Apache-2.0
// Attempts to get out from under a policy while plans, agents, cgroups and sockets change hands; each is one that
// succeeded once, or might.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { hashKeyOf } from '../../enforcer/src/plan/apply.ts'
import { words } from '../../enforcer/src/plan/ruleset-rows.ts'
import { hashPath } from '../../enforcer/src/plan/path-hash.ts'
import { copyProgram, expectExact, sleep, tcpServer, udpPeer } from '../harness/actor.ts'
import { documents, ended, need, Sandbox, until } from '../harness/sandbox.ts'

const sh = need('sh')
const perl = need('perl')
const bad = need('true')

let s: Sandbox
beforeEach(() => {
  s = new Sandbox({ alone: true })
})
afterEach(() => s.close())

const denied = () => (s.mechanism() === 'signal' ? 137 : 126)
const status = async (cgroup: string, ...argv: string[]) => {
  const { code, signal } = await s.run(cgroup, argv)
  return code ?? (signal === 'SIGKILL' ? 137 : -1)
}
const swept = () => sleep(2500)

describe('numbers of rulesets', () => {
  test('an agent that begins takes none that left rows or cached answers behind', async () => {
    const only = s.policy('only', 'box', { processes: [{ exe: [sh] }] })
    await s.start(documents(only))
    s.agent?.stop()
    s.agent = undefined
    // As an agent that was killed while it wrote the next plan leaves it: rows, and no ruleset yet.
    const tables = s.tables()
    const next = Math.max(...[...tables.rulesets.keys()].map(({ value }) => value)) + 1
    const { hash } = hashPath(hashKeyOf(tables), bad)
    tables.exes.set({ ruleset: next, kind: 0, hash }, { exe: words(1n), from: words(0n) })
    // And an answer that was cached for a ruleset that is gone.
    tables.grants.set({ ruleset: next + 3, image: 77n }, words(1n))
    await s.start(documents(only))
    expect(await status('box', bad)).toBe(denied())
    const used = [...tables.rulesets.keys()].map(({ value }) => value)
    expect(Math.max(...used)).toBeGreaterThan(next + 3)
    await swept()
    await until('leftovers are gone', () =>
      [...tables.exes.keys()].every(({ ruleset }) => used.includes(ruleset)),
    )
  })

  test('a plan that cannot be put in force changes nothing, and the next one is whole', async () => {
    const pod = (i: number) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `p${i}`,
        namespace: 'shop',
        uid: `00000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`,
      },
    })
    const pods = (processes: object[]) => ({
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name: 'all', namespace: 'shop' },
      spec: { mode: 'enforce', processes },
    })
    const box = (processes: object[]) => s.policy('box', 'box', { processes })
    await s.start(documents(box([{ exe: [sh] }]), pods([])))
    const many = Array.from({ length: 5000 }, (_, i) => pod(i))
    await expect(
      s.setPolicies(documents(box([{ exe: [sh, bad] }]), pods([])), many),
    ).rejects.toThrow(/pods/)
    expect(await status('box', bad)).toBe(denied())
    await s.setPolicies(documents(box([{ exe: [sh] }]), pods([{ exe: [sh] }])), [pod(1)])
    expect(await status('box', bad)).toBe(denied())
    expect(await status('box', sh, '-c', 'exit 0')).toBe(0)
  })
})

test('pods that are gone when an agent begins leave no row behind', async () => {
  const uid = '00000000-0000-0000-0000-0000000000aa'
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'shop', uid },
  }
  const policy = {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name: 'all', namespace: 'shop' },
    spec: { mode: 'enforce', processes: [{ exe: [bad] }] },
  }
  await s.start(documents(policy), { pods: [pod] })
  expect([...s.tables().pods.keys()].length).toBe(1)
  s.agent?.stop()
  s.agent = undefined
  await s.start(documents(policy, s.policy('late', `pod${uid}`, { processes: [] })), { pods: [] })
  expect([...s.tables().pods.keys()].length).toBe(0)
  expect(await status(`pod${uid}`, bad)).toBe(denied())
})

test('patterns that are gone when an agent begins bind nobody', async () => {
  await s.start(documents(s.policy('old', 'box-*', { processes: [] })))
  s.agent?.stop()
  s.agent = undefined
  await s.start(documents())
  expect(s.tables().control.get({ value: 0 })?.cgroupStart).toBe(0)
  expect(await status('box-1', bad)).toBe(0)
})

describe('a subject', () => {
  test('whose cgroup is gone keeps its policy as long as a process carries it', async () => {
    const box = (name: string, mode: 'audit' | 'enforce' = 'enforce') =>
      s.policy(name, 'outer/box', { mode, processes: [{ exe: [sh, perl] }] })
    await s.start(documents(box('one')))
    // An open socket keeps the removed cgroup, and with it the subject, alive.
    const actor = s.spawn('outer/box', [
      perl,
      '-e',
      `use Socket; $^F = 99; socket(S, AF_INET, SOCK_DGRAM, 0);
      open(P, '>', $ARGV[0] . '/cgroup.procs') or die; print P "$$\\n"; close P;
      exec '${sh}', '-c', 'read go; "$0"; echo $?', $ARGV[1]`,
      s.folder('free'),
      bad,
    ])
    let out = ''
    actor.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    const folder = s.folder('outer/box')
    const id = cgroupId(folder)
    await until('it left', () => fs.readFileSync(join(s.folder('free'), 'cgroup.procs'), 'utf8'))
    fs.rmdirSync(folder)
    expect(s.tables().subjects.get({ value: id })).toBeDefined()
    // Another policy beside it: the subject's binding is another one now.
    await s.setPolicies(documents(box('one'), box('two', 'audit')))
    await swept()
    expect(s.tables().subjects.get({ value: id })).toBeDefined()
    actor.stdin?.end('go\n')
    await ended(actor)
    expect(out.trim()).toBe(`${denied()}`)
  })

  test('that no policy selects any more does not hide what is made below it', async () => {
    const above = s.policy('above', 'slice', { processes: [{ exe: [sh] }] })
    const below = s.policy('below', 'slice/*', { processes: [{ exe: [sh] }] })
    s.folder('slice')
    await s.start(documents(above))
    await s.setPolicies(documents(below))
    expect(await status('slice/new', bad)).toBe(denied())
  })

  test('that no policy selects any more is not carried into the next one', async () => {
    const above = s.policy('above', 'slice', { processes: [{ exe: [sh] }] })
    const below = s.policy('below', 'slice/*', { processes: [{ exe: [sh] }] })
    s.folder('slice')
    await s.start(documents(above))
    const child = s.spawn('slice', [
      sh,
      '-c',
      `read go; echo $$ > "$0/cgroup.procs"; echo $$ > "$1/cgroup.procs"; "$2"; echo $?`,
      s.folder('slice/new'),
      s.folder('free'),
      bad,
    ])
    let out = ''
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    await until('it runs', () => fs.readlinkSync(`/proc/${child.pid}/exe`) === sh)
    await s.setPolicies(documents(below))
    child.stdin?.end('go\n')
    await ended(child)
    expect(out.trim()).toBe(`${denied()}`)
  })

  test('that becomes part of another one takes its carriers along', async () => {
    s.folder('pod/inner')
    await s.start(documents(s.policy('inner', 'pod/inner', { processes: [{ exe: [sh, bad] }] })))
    const child = s.spawn('pod/inner', [
      sh,
      '-c',
      `read go; echo $$ > "$0/cgroup.procs"; "$1"; echo $?; read go; "$1"; echo $?`,
      s.folder('free'),
      bad,
    ])
    let out = ''
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
    await until('it runs', () => fs.readlinkSync(`/proc/${child.pid}/exe`) === sh)
    const pod = s.policy('pod', 'pod', { processes: [{ exe: [sh] }] })
    await s.setPolicies(documents(pod))
    child.stdin?.write('go\n')
    await until('it tried', () => out.includes('\n'))
    fs.rmdirSync(s.folder('pod/inner'))
    await s.setPolicies(documents(pod, s.policy('two', 'pod', { mode: 'audit', deny: [] })))
    child.stdin?.end('go\n')
    await ended(child)
    expect(out.trim()).toBe(`${denied()}\n${denied()}`)
  })
})

describe('sockets', () => {
  const open = (sandbox: Sandbox, egress: object[], exe: string) =>
    sandbox.policy('net', 'box', { processes: [{ exe: [exe], egress }] })

  test('connected before the policy, a datagram socket gains nothing by another address', async () => {
    const exe = copyProgram(s, 'perl', perl)
    const bad = await udpPeer()
    const good = await udpPeer()
    try {
      const child = s.spawn('box', [
        exe,
        '-e',
        `use Socket; $| = 1; socket(S, AF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(${bad.port}, inet_aton('127.0.0.1')));
        send(S, 'before', 0); print "ready\\n"; <STDIN>;
        send(S, 'refused', 0, pack_sockaddr_in(9, inet_aton('127.0.0.1'))); send(S, 'hidden0', 0);
        send(S, 'good', 0, pack_sockaddr_in(${good.port}, inet_aton('127.0.0.1'))); send(S, 'hidden1', 0);
        connect(S, pack_sockaddr_in(${good.port}, inet_aton('255.255.255.255'))); send(S, 'hidden2', 0); print "done\\n"; sleep 9`,
      ])
      let out = ''
      child.stdout?.on('data', (data: Buffer) => (out += data.toString()))
      await until('connected', () => out.includes('ready'))
      await s.start(documents(open(s, [{ ports: [`${good.port}/UDP`] }], exe)))
      child.stdin?.write('\n')
      await until('tried', () => out.includes('done'))
      await until('the allowed one arrives', () => good.heard.includes('good'))
      expect(bad.heard.join()).toBe('before')
      child.kill('SIGKILL')
      await expectExact(s)
    } finally {
      bad.close()
      good.close()
    }
  })

  test.runIf(process.arch === 'x64')(
    'a connected datagram socket that sends with a control message asks for its peer',
    async () => {
      const exe = copyProgram(s, 'perl', perl)
      const peer = await udpPeer()
      try {
        await s.start(documents(open(s, [{ ports: [`${peer.port}/UDP`] }], exe)))
        const { stdout } = await s.run('box', [
          exe,
          '-e',
          `use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(${peer.port}, inet_aton('127.0.0.1')));
          my $data = 'with'; my $control = pack('Q l l l x4', 20, 0, 2, 9); my $iov = pack('P Q', $data, 4);
          my $msg = pack('Q L x4 P Q P Q l x4', 0, 0, $iov, 1, $control, length $control, 0);
          print syscall(46, fileno(S), $msg, 0), " $!"`,
        ])
        expect(stdout).toMatch(/^4 /)
        await until('it arrives', () => peer.heard.includes('with'))
        expect(s.records()).toEqual([])
      } finally {
        peer.close()
      }
    },
  )

  test('a source route is an address as well', async () => {
    const exe = copyProgram(s, 'perl', perl)
    const peer = await udpPeer('127.0.0.7')
    try {
      await s.start(
        documents(open(s, [{ to: [{ cidr: '127.0.0.1/32' }, { cidr: '2001:db8::/32' }] }], exe)),
      )
      // Loose source route: by way of 127.0.0.7 to 127.0.0.1. What leaves is addressed to the former.
      const send = (to: string, type: string) =>
        s.run('box', [
          exe,
          '-e',
          `use Socket; socket(S, AF_INET, ${type}, 0); $SIG{ALRM} = sub { print 'SILENCE'; exit }; alarm 1;
          setsockopt(S, 0, 4, pack('C3 a4 C', 131, 7, 4, inet_aton('127.0.0.7'), 0)) or die $!;
          connect(S, pack_sockaddr_in(${peer.port}, inet_aton('${to}'))) or print "connect: $!"; print send(S, 'routed', 0) ? 'sent' : " $!"`,
        ])
      const results = [
        await send('127.0.0.1', 'SOCK_DGRAM'),
        await send('127.0.0.1', 'SOCK_STREAM'),
      ]
      expect(results.map(({ stdout }) => stdout)).not.toContain('sent')
      // The same in IPv6 is a routing header: segment routing by way of another host.
      const ipv6 = await s.run('box', [
        exe,
        '-e',
        `use Socket qw(:DEFAULT inet_pton); socket(S, AF_INET6, SOCK_DGRAM, 0); my ($end, $by) = map { inet_pton(AF_INET6, $_) } '2001:db8::7', '::1';
        setsockopt(S, 41, 57, pack('C6 n a16 a16', 0, 4, 4, 1, 1, 0, 0, $end, $by)) or print("none: $!"), exit;
        print send(S, 'routed', 0, pack_sockaddr_in6(9, $end)) ? 'sent' : "refused: $!"`,
      ])
      expect(ipv6.stdout).toMatch(/^none|^refused: Operation not permitted/)
      const hit = s.records().filter(({ target }) => target?.address === '127.0.0.7')
      expect(hit.length).toBeGreaterThan(0)
    } finally {
      peer.close()
    }
  })

  test('multipath TCP does not shed what a process carries', async () => {
    const exe = copyProgram(s, 'perl', perl)
    const server = await tcpServer()
    try {
      await s.start(documents(open(s, [{ ports: ['9/TCP'] }], exe)))
      const { stdout } = await s.run('box', [
        exe,
        '-e',
        `use Socket; open(P, '>', $ARGV[0] . '/cgroup.procs') or die; print P "$$\\n"; close P;
        socket(S, AF_INET, SOCK_STREAM, 262) or print("none: $!"), exit; $SIG{ALRM} = sub { print 'SILENCE'; exit }; alarm 1;
        print connect(S, pack_sockaddr_in(${server.port}, inet_aton('127.0.0.1'))) ? 'ok' : "$!"`,
        s.folder('free'),
      ])
      expect(stdout).not.toBe('ok')
      expect(server.connections.length).toBe(0)
    } finally {
      server.close()
    }
  })
})
