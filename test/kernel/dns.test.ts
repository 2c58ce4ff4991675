// SPDX-License-Identifier: Apache-2.0
// Names in policies: an address is allowed by what the subject's own resolver told it, before the process reads the answer,
// and as long as that counts. Asked by a real resolver library, answered by a real resolver, in a network of their own.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { copyProgram, expectExact, policyWriter, sleep } from '../harness/actor.ts'
import { NameWorld, otherResolver, port, resolver, resolver6 } from '../harness/name-world.ts'
import { asked } from '../harness/dns-message.ts'
import { documents, Sandbox, type ClusterSpec } from '../harness/sandbox.ts'

const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)
/** Look-ups that are followed by a first connection at once. */
const lookUps = Number(process.env['UNDERPIN_LOOKUPS'] ?? (slower > 1 ? 300 : 10_000))
const floor = 2 * slower

let sandbox: Sandbox
let world: NameWorld
let exe: string
let otherExe: string
let use: (...policies: object[]) => Promise<void>
const policy = (spec: ClusterSpec) => sandbox.policy('names', 'subject/**', spec)
const to = (...dns: string[]) => ({
  to: dns.map((name) => ({ dns: name })),
  ports: [port, `${port}/UDP`],
})
const spec = (...egress: object[]): ClusterSpec => ({
  processes: [{ exe, egress }, { exe: [otherExe, '/usr/bin/**'] }],
})
const allow = (...egress: object[]) => use(policy(spec(...egress)))
const resolvers = [resolver, resolver6]

beforeAll(async () => {
  sandbox = new Sandbox()
  exe = copyProgram(sandbox, 'client')
  otherExe = copyProgram(sandbox, 'other')
  await sandbox.start(documents(policy(spec(to('x.test')))), {
    resolvers,
    times: { floor, grace: 0 },
    child: true,
  })
  use = policyWriter(sandbox)
  world = await NameWorld.start(sandbox, exe)
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  world.close()
  sandbox.close()
})

const says = (name: string, ...addresses: string[]) =>
  world.says(name, {
    questions: [{ name }],
    answers: addresses.map((data) => ({ name: asked, type: 'A', ttl: 60, data })),
  })

describe('a name', () => {
  test('allows what the resolver says of it, and nothing before that', async () => {
    await allow(to('api.example.test'))
    await says('api.example.test', '10.66.1.1', '10.66.1.2')
    await says('evil.example.test', '10.66.1.3')
    expect(await world.connect('10.66.1.1')).toBe('EPERM')
    expect(await world.reach('api.example.test')).toBe('ok,ok')
    expect(await world.reach('evil.example.test')).toBe('EPERM')
    expect(await world.reach('API.Example.TEST')).toBe('ok,ok')
    expect(await world.connect('10.66.1.4')).toBe('EPERM')
  })

  test('only at the ports of its rule, and for the process of its rule', async () => {
    await use(
      policy({
        processes: [
          { exe, egress: [{ to: [{ dns: 'one.test' }], ports: [port] }] },
          { exe: otherExe, egress: [{ to: [{ dns: 'two.test' }], ports: [port] }] },
          { exe: ['/usr/bin/**'] },
        ],
      }),
    )
    await says('one.test', '10.66.1.10')
    const other = await world.another(otherExe, 'subject')
    expect(await world.reach('one.test')).toBe('ok')
    expect(await world.client.do(`return connect({ host: '10.66.1.10', port: ${port + 1} })`)).toBe(
      'EPERM',
    )
    expect(await world.connect('10.66.1.10', other)).toBe('EPERM')
    other.stop()
  })

  test('with a star is every name below, however deep, and not the domain itself', async () => {
    await allow(to('*.star.test', '*.a.b.c.d.e.f.g.test'))
    const allowed = ['a.star.test', 'a.b.c.d.e.f.g.h.i.j.star.test', 'x.a.b.c.d.e.f.g.test']
    const denied = ['star.test', 'astar.test', 'a.star.test.evil.test', 'b.c.d.e.f.g.test', 'test']
    for (const [i, name] of [...allowed, ...denied].entries()) await says(name, `10.66.2.${i}`)
    for (const name of allowed) expect(await world.reach(name), name).toBe('ok')
    for (const name of denied) expect(await world.reach(name), name).toBe('EPERM')
  })

  test('of 253 letters and labels of 63, and one more label than any domain of a rule', async () => {
    const label = 'l'.repeat(63)
    const long = [label, label, label, 'm'.repeat(61)].join('.')
    const deep = Array.from({ length: 127 }, () => 'd').join('.')
    await allow(to(long, deep))
    await says(long, '10.66.3.1')
    await says(deep, '10.66.3.2')
    expect(await world.reach(long)).toBe('ok')
    expect(await world.reach(deep)).toBe('ok')
  })

  test('reached by aliases in any order belongs to the name that was asked', async () => {
    await allow(to('www.alias.test'))
    const cname = (name: string, data: string, ttl = 60) =>
      ({ name, type: 'CNAME', data, ttl }) as const
    const chain = [
      { name: 'e2.cdn.test', type: 'A', data: '10.66.4.1' } as const,
      cname('e1.cdn.test', 'e2.cdn.test'),
      { name: 'stranger.test', type: 'A', data: '10.66.4.2' } as const,
      cname('www.alias.test', 'e1.cdn.test'),
    ]
    await world.says('www.alias.test', { questions: [{ name: 'www.alias.test' }], answers: chain })
    await world.client.do(`await kept.library.resolve('www.alias.test').catch(() => 0)`)
    expect(await world.connect('10.66.4.1')).toBe('ok')
    expect(await world.connect('10.66.4.2')).toBe('EPERM')
    // A rule about the alias alone is not about what was asked.
    await allow(to('e2.cdn.test'))
    expect(await world.connect('10.66.4.1')).toBe('EPERM')
  })

  test('in IPv6, from a resolver in IPv6, and an IPv4 address in IPv6 form', async () => {
    await allow(to('six.test', 'mapped.test'))
    await world.says('six.test', {
      questions: [{ name: 'six.test', type: 'AAAA' }],
      answers: [{ name: asked, type: 'AAAA', data: 'fd66::7' }],
    })
    await world.says('mapped.test', {
      questions: [{ name: 'mapped.test', type: 'AAAA' }],
      answers: [
        {
          name: asked,
          type: 'AAAA',
          data: Buffer.from('00000000000000000000ffff0a420501', 'hex'),
        },
      ],
    })
    await world.client.do(`kept.library = kept.resolver('[${resolver6}]')`)
    expect(await world.reach('six.test', 'AAAA')).toBe('ok')
    await world.client.do(`kept.library = kept.resolver('${resolver}')`)
    expect(await world.reach('mapped.test', 'AAAA')).toBe('ok')
    expect(await world.connect('10.66.5.1')).toBe('ok')
    expect(await world.connect('fd66::8')).toBe('EPERM')
  })

  test('that leads to this machine, or to what everybody knows by number, allows nothing', async () => {
    await allow(to('near.test'))
    await says('near.test', '127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '10.66.5.5')
    expect(await world.reach('near.test')).toBe('EPERM,EPERM,EPERM,EPERM,ok')
  })

  test('that leads where a guard rail forbids is denied', async () => {
    await use(
      policy({
        ...spec(to('rebound.test')),
        deny: [{ egress: { to: [{ cidr: '10.66.6.0/24' }] } }],
      }),
    )
    await says('rebound.test', '10.66.6.1', '10.66.7.1')
    expect(await world.reach('rebound.test')).toBe('EPERM,ok')
  })

  test('in a guard rail denies what was got by it, whatever else allows', async () => {
    await use(
      policy({
        ...spec({}),
        deny: [{ egress: { to: [{ dns: '*.bad.test' }] } }],
      }),
    )
    await says('www.bad.test', '10.66.8.1')
    await says('www.good.test', '10.66.8.2')
    expect(await world.reach('www.bad.test')).toBe('EPERM')
    expect(await world.reach('www.good.test')).toBe('ok')
  })

  test('by datagrams, connected and not', async () => {
    await allow(to('udp.test'))
    await says('udp.test', '10.66.0.1')
    await world.reach('udp.test')
    const send = (host: string) =>
      world.client.do(`const s = dgram.createSocket('udp4')
        const how = await new Promise((r) => { s.once('message', (m) => r(String(m))); s.send('hi', ${port}, '${host}', (e) => e && r(e.code)); setTimeout(() => r('SILENCE'), 300) })
        s.close(); return how`)
    expect(await send('10.66.0.1')).toBe('re:hi')
    expect(await send('10.66.9.2')).toBe('EPERM')
  })
})

describe('resolvers', () => {
  test('are asked by those that have rules about names, at port 53, and by nobody else', async () => {
    await allow(to('*.test'))
    await says('any.test', '10.66.10.1')
    const other = await world.another(otherExe, 'subject')
    expect(await world.reach('any.test')).toBe('ok')
    expect(await world.reach('any.test', 'A', other)).not.toBe('ok')
    const at = (host: string, to: number) =>
      world.client.do(`return connect({ host: '${host}', port: ${to} })`)
    expect(await at(resolver, 53)).toBe('ok')
    expect(await at(resolver, port)).toBe('EPERM')
    expect(await at(otherResolver, 53)).toBe('EPERM')
    other.stop()
  })

  test('that may be asked without being named teach nothing', async () => {
    await allow(to('wide.test'), { to: [{ cidr: '10.53.0.0/16' }] })
    await says('wide.test', '10.66.11.1')
    const { dns_untrusted: before = 0 } = sandbox.counters()
    await world.client.do(`kept.library = kept.resolver('${otherResolver}')`)
    expect(await world.reach('wide.test')).toBe('EPERM')
    expect(sandbox.counters().dns_untrusted).toBe(before + 1)
    // A rule about port 53 of certain addresses names them.
    await allow(to('wide.test'), { to: [{ cidr: '10.53.0.2/32' }], ports: ['53/UDP'] })
    expect(await world.reach('wide.test')).toBe('ok')
    // But not one in audit for rules in enforce.
    await says('wider.test', '10.66.11.2')
    const rule = { to: [{ cidr: '10.53.0.2/32' }], ports: ['53/UDP'] }
    await use(
      policy(spec(to('wider.test'), { to: [{ cidr: '10.53.0.0/16' }] })),
      sandbox.policy('audited', 'subject/**', { ...spec(rule), mode: 'audit' }),
    )
    expect(await world.reach('wider.test')).toBe('EPERM')
    await world.client.do(`kept.library = kept.resolver('${resolver}')`)
  })
})

describe('what was learned', () => {
  test('counts for the subject that asked, and for no other', async () => {
    const both = { ...spec(to('mine.test')) }
    await use(policy(both), sandbox.policy('neighbours', 'neighbour/**', both))
    const neighbour = await world.another(exe, 'neighbour')
    await says('mine.test', '10.66.12.1')
    expect(await world.reach('mine.test')).toBe('ok')
    expect(await world.connect('10.66.12.1', neighbour)).toBe('EPERM')
    expect(await world.reach('mine.test', 'A', neighbour)).toBe('ok')
    neighbour.stop()
  })

  test('is kept by name: two names of one address', async () => {
    await allow(to('shop.cdn.test'))
    await says('shop.cdn.test', '10.66.13.1')
    await says('ads.cdn.test', '10.66.13.1')
    expect(await world.reach('ads.cdn.test')).toBe('EPERM')
    expect(await world.reach('shop.cdn.test')).toBe('ok')
    expect(await world.reach('ads.cdn.test')).toBe('ok') // the address is the same: no packet tells
    await allow(to('other.test'))
    expect(await world.connect('10.66.13.1')).toBe('EPERM')
    const row = sandbox
      .records()
      .find(({ target, decision }) => target?.address === '10.66.13.1' && decision === 'egress')
    expect(row?.name).toMatch(/^(shop|ads)\.cdn\.test$/)
  })

  test('with many names a wanted one keeps its place', async () => {
    await allow(to('wanted.test'))
    await says('wanted.test', '10.66.13.9')
    expect(await world.reach('wanted.test')).toBe('ok')
    for (let i = 0; i < 12; i++) {
      await says(`u${i}.test`, '10.66.13.9')
      await world.reach(`u${i}.test`)
    }
    expect(await world.connect('10.66.13.9')).toBe('ok')
    expect(sandbox.counters().dns_crowded).toBeGreaterThan(0)
  })

  test('outlives a policy, also for names that no rule knew', async () => {
    await allow(to('first.test'))
    await says('later.test', '10.66.14.1')
    expect(await world.reach('later.test')).toBe('EPERM')
    await allow(to('later.test'))
    expect(await world.connect('10.66.14.1')).toBe('ok')
  })

  test('ends with its time, exactly; what it let begin goes on', async () => {
    await allow(to('short.test'))
    await world.says('short.test', {
      questions: [{ name: 'short.test' }],
      answers: [{ name: asked, type: 'A', ttl: 0, data: '10.66.15.1' }],
    })
    const start = Date.now()
    await world.client.do(`await kept.library.resolve('short.test')`)
    const learned = Date.now()
    expect(
      await world.client.do(`return connect({ host: '10.66.15.1', port: ${port} }, 'open')`),
    ).toBe('ok')
    let denied = 0
    while (denied === 0) {
      const before = Date.now()
      const how = await world.connect('10.66.15.1')
      if (how === 'ok') expect(before - learned).toBeLessThan(floor * 1000)
      else denied = Date.now()
      await sleep(5)
    }
    expect(denied - start).toBeGreaterThanOrEqual(floor * 1000)
    const talk = () =>
      world.client.do(
        `kept.open.text = ''; kept.open.write('x'); await sleep(100); return kept.open.text ?? ''`,
      )
    expect(await talk()).toContain('re:x')
    // Another plan decides open connections anew: they began while the name counted.
    await allow(to('short.test'), to('more.test'))
    expect(await talk()).toContain('re:x')
    await allow(to('more.test'))
    expect(await talk()).toBe('')
  })

  test(
    `is there before the process reads the answer: ${lookUps} look-ups, 0 failures`,
    { timeout: 300_000 * slower },
    async () => {
      await allow(to('*.many.test'))
      const failed = await world.client.do<string[]>(`
      const failed = []
      let next = 1 // 10.66.0.0 is nobody's address before Linux 5.14
      const one = async () => {
        for (let n = next++; n <= ${lookUps}; n = next++) {
          const how = await kept.reach('n' + n + '.many.test')
          if (how !== 'ok') failed.push(n + ' ' + how)
        }
      }
      await Promise.all(Array.from({ length: 8 }, one))
      return failed`)
      expect(failed).toEqual([])
      // More addresses than one subject may have at a time: the old ones made place.
      const counters = sandbox.counters()
      expect(counters.dns_learned).toBeGreaterThanOrEqual(lookUps)
      expect(counters.dns_unread).toBe(0)
      expect(counters.dns_full).toBe(0)
    },
  )

  test('goes on without an agent', async () => {
    await allow(to('alone.test'))
    await says('alone.test', '10.66.16.1')
    await sandbox.end('SIGKILL')
    expect(await world.connect('10.66.16.1')).toBe('EPERM')
    expect(await world.reach('alone.test')).toBe('ok')
    await sandbox.startChild({ resolvers, times: { floor, grace: 0 } })
    expect(await world.connect('10.66.16.1')).toBe('ok')
  })
})

describe('in audit', () => {
  test('nothing is denied, and the report has the name that was asked', async () => {
    await use(policy({ ...spec(to('known.test')), mode: 'audit' }))
    await says('unknown.test', '10.66.17.1')
    await says('known.test', '10.66.17.2')
    expect(await world.reach('unknown.test')).toBe('ok')
    expect(await world.reach('known.test')).toBe('ok')
    const rows = sandbox.records().filter(({ outcome }) => outcome === 'would-deny')
    const at = (address: string) => rows.filter(({ target }) => target?.address === address)
    expect([...new Set(at('10.66.17.1').map(({ name }) => name))]).toEqual(['unknown.test'])
    expect(at('10.66.17.2')).toEqual([])
  })
})
