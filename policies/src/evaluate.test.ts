// SPDX-License-Identifier: Apache-2.0
// What evaluate() says, case by case, and the laws that hold for every set of policies.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryDecision,
  arbitraryDeny,
  arbitraryPolicies,
  arbitraryProcess,
  loaded,
} from './arbitrary.ts'
import type { Access, Decision, Origin } from './decision.ts'
import { evaluate } from './evaluate.ts'
import type { Privilege, RuntimeSpec, SocketUse } from './policy.gen.ts'

const exec = (exe: string | null, from: string | null = '/sbin/init'): Decision => ({
  kind: 'exec',
  exe,
  from,
})
const egress = (address: string, port: number, exe: string | null = '/bin/a'): Decision => ({
  kind: 'egress',
  exe,
  from: null,
  protocol: 'TCP',
  address,
  port,
})
const ingress = (address: string, port: number): Decision => ({
  kind: 'ingress',
  exe: '/bin/a',
  from: null,
  protocol: 'TCP',
  address,
  port,
})
const bind = (port: number): Decision => ({
  kind: 'bind',
  exe: '/bin/a',
  from: null,
  protocol: 'TCP',
  port,
})
const stratum: Decision = { kind: 'protocol', exe: '/bin/a', from: null, protocol: 'stratum' }

const says = (spec: RuntimeSpec, decision: Decision) =>
  evaluate([loaded({ mode: 'enforce', ...spec })], decision).enforced
const verdict = (spec: RuntimeSpec, decision: Decision) => says(spec, decision).verdict

describe('which process', () => {
  it('allows what is listed and blames the list for the rest', () => {
    const spec: RuntimeSpec = { processes: [{ exe: '/bin/a' }] }
    expect(says(spec, exec('/bin/a'))).toEqual({
      verdict: 'allow',
      policy: 'RuntimePolicy/shop/p',
      path: 'spec.processes[0]',
    })
    expect(says(spec, exec('/bin/b'))).toEqual({
      verdict: 'deny',
      policy: 'RuntimePolicy/shop/p',
      path: 'spec.processes',
    })
  })
  it('takes an empty list as a ban, and no list as no limit', () => {
    expect(verdict({ processes: [] }, exec('/bin/a'))).toBe('deny')
    expect(says({}, exec('/bin/a'))).toEqual({ verdict: 'allow' })
    expect(evaluate([], exec('/bin/a')).enforced).toEqual({ verdict: 'allow' })
  })
  it('asks who started it', () => {
    const spec: RuntimeSpec = { processes: [{ exe: '/bin/a', from: ['/sbin/**'] }] }
    expect(verdict(spec, exec('/bin/a'))).toBe('allow')
    expect(verdict(spec, exec('/bin/a', '/bin/sh'))).toBe('deny')
    expect(verdict(spec, exec('/bin/a', null))).toBe('deny')
  })
  it('does not allow what could not be resolved, not even by /**', () => {
    expect(verdict({ processes: [{ exe: '/**' }] }, exec(null))).toBe('deny')
    expect(verdict({ processes: [{ exe: '/**' }] }, exec('/bin/a'))).toBe('allow')
    expect(verdict({ deny: [{ exe: '/**' }] }, exec(null))).toBe('allow')
  })
  it('wants script and interpreter both allowed', () => {
    const script = (exe: string, script: string): Decision => ({
      kind: 'exec',
      exe,
      from: null,
      script,
    })
    const spec: RuntimeSpec = { processes: [{ exe: ['/bin/sh', '/app/**'] }] }
    expect(verdict(spec, script('/bin/sh', '/app/run'))).toBe('allow')
    expect(verdict(spec, script('/bin/sh', '/tmp/run'))).toBe('deny')
    expect(verdict(spec, script('/bin/bash', '/app/run'))).toBe('deny')
  })
  it('lets the sandbox of a pod begin, as the first program of a container and in no other way', () => {
    const spec: RuntimeSpec = { processes: [{ exe: '/bin/a', startedBy: 'entrypoint' }] }
    expect(verdict(spec, { ...exec('/pause'), startedBy: 'first' })).toBe('allow')
    expect(verdict(spec, { ...exec('/pause'), startedBy: 'entrypoint' })).toBe('deny')
    expect(verdict(spec, { ...exec('/pause'), startedBy: 'exec' })).toBe('deny')
    expect(verdict(spec, { ...exec('/bin/pause'), startedBy: 'first' })).toBe('deny')
    expect(verdict(spec, { ...exec('/bin/a'), startedBy: 'first' })).toBe('allow')
    const rail = { ...spec, deny: [{ exe: '/pause' }] }
    expect(verdict(rail, { ...exec('/pause'), startedBy: 'first' })).toBe('deny')
  })
  it('asks how it came into its container', () => {
    const spec: RuntimeSpec = { processes: [{ exe: '/bin/a', startedBy: 'exec', egress: [{}] }] }
    for (const decision of [exec('/bin/a'), egress('10.0.0.1', 80)]) {
      expect(verdict(spec, { ...decision, startedBy: 'exec' })).toBe('allow')
      expect(verdict(spec, { ...decision, startedBy: 'entrypoint' })).toBe('deny')
      expect(verdict(spec, decision)).toBe('deny')
    }
  })
})

describe('connections', () => {
  const spec: RuntimeSpec = {
    processes: [
      {
        exe: '/bin/a',
        egress: [{ to: [{ cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] }], ports: ['443/TCP'] }],
        ingress: [{ from: [{ cidr: '10.0.0.0/8' }], ports: [8080] }],
      },
    ],
  }
  it.each([
    [egress('10.0.0.1', 443), 'allow'],
    [egress('::ffff:10.0.0.1', 443), 'allow'],
    [egress('10.9.0.1', 443), 'deny'],
    [egress('10.0.0.1', 80), 'deny'],
    [egress('fd00::1', 443), 'deny'],
    [egress('10.0.0.1', 443, '/bin/b'), 'deny'],
    [ingress('10.0.0.1', 8080), 'allow'],
    [ingress('192.0.2.1', 8080), 'deny'],
    [bind(8080), 'allow'],
    [bind(8081), 'deny'],
    [bind(0), 'allow'],
    [stratum, 'allow'],
  ] as const)('%j: %s', (decision, expected) => {
    expect(verdict(spec, decision)).toBe(expected)
  })
  it('allows everything by an empty rule, and nothing by an empty list', () => {
    expect(verdict({ processes: [{ exe: '/bin/a', egress: [{}] }] }, egress('fd00::1', 1))).toBe(
      'allow',
    )
    expect(verdict({ processes: [{ exe: '/bin/a', egress: [] }] }, egress('fd00::1', 1))).toBe(
      'deny',
    )
  })
  it('takes the unspecified address for the loopback', () => {
    const local: RuntimeSpec = {
      deny: [{ egress: { to: [{ cidr: '127.0.0.1/32' }, { cidr: '::1/128' }] } }],
    }
    for (const address of ['0.0.0.0', '::', '::ffff:0.0.0.0'])
      expect(verdict(local, egress(address, 80))).toBe('deny')
  })
  it('knows ICMP of both families by one name', () => {
    const icmp: RuntimeSpec = { processes: [{ exe: '/**', egress: [{ ports: ['ICMP'] }] }] }
    for (const protocol of ['ICMP', 1, 58] as const)
      for (const address of ['10.0.0.1', 'fd00::1'])
        expect(
          verdict(icmp, { kind: 'egress', exe: '/bin/a', from: null, protocol, address, port: 0 }),
        ).toBe('allow')
    expect(verdict(icmp, egress('10.0.0.1', 0))).toBe('deny')
  })
})

describe('where code comes from', () => {
  const spec: RuntimeSpec = { code: 'image', processes: [{ exe: '/bin/**' }] }
  const run = (origin: 'image' | 'other', scriptOrigin: 'image' | 'other' = 'image'): Decision => ({
    kind: 'exec',
    exe: '/bin/sh',
    from: null,
    script: '/bin/s',
    origin,
    scriptOrigin,
  })
  const code = (origin: Origin): Decision => ({ kind: 'code', exe: '/bin/a', from: null, origin })

  it('is limited to the image, for programs, scripts and libraries', () => {
    expect(verdict(spec, run('image'))).toBe('allow')
    expect(says(spec, run('other'))).toMatchObject({ verdict: 'deny', path: 'spec.code' })
    expect(says(spec, run('image', 'other'))).toMatchObject({ verdict: 'deny', path: 'spec.code' })
    expect(verdict(spec, code('image'))).toBe('allow')
    expect(says(spec, code('other'))).toMatchObject({ verdict: 'deny', path: 'spec.code' })
    expect(verdict({ ...spec, code: 'any' }, code('other'))).toBe('allow')
  })
  it('leaves memory to a rule of its own', () => {
    expect(verdict(spec, code('memory'))).toBe('allow')
    const strict: RuntimeSpec = { anonymousCode: 'deny' }
    expect(says(strict, code('memory'))).toMatchObject({ path: 'spec.anonymousCode' })
    expect(verdict(strict, code('other'))).toBe('allow')
  })
})

describe('files', () => {
  const open = (path: string | null, access: Access[] = ['read'], exe = '/bin/a'): Decision => ({
    kind: 'file',
    exe,
    from: null,
    path,
    access,
  })
  const files = [
    { path: '/data/**', access: 'read' },
    { path: '/data/log', access: 'write' },
  ] as const
  const spec: RuntimeSpec = { processes: [{ exe: '/bin/a', files: [...files] }, { exe: '/bin/b' }] }

  it('are those that are listed, for the process that lists them', () => {
    expect(verdict(spec, open('/data/x'))).toBe('allow')
    expect(verdict(spec, open('/data/x', ['write']))).toBe('deny')
    expect(verdict(spec, open('/data/log', ['read', 'write']))).toBe('allow')
    expect(verdict(spec, open('/etc/shadow'))).toBe('deny')
    expect(verdict(spec, open(null))).toBe('deny')
    expect(verdict(spec, open('/etc/shadow', ['read'], '/bin/b'))).toBe('allow')
    expect(verdict(spec, open('/data/x', ['read'], '/bin/c'))).toBe('deny')
  })
  it('are not limited where no entry lists any', () => {
    expect(verdict({ processes: [{ exe: '/bin/b' }] }, open('/x', ['write'], '/bin/c'))).toBe(
      'allow',
    )
  })
  it('are denied by a guard rail for every access it is about', () => {
    const rail = (access: 'read' | 'write'): RuntimeSpec => ({
      deny: [{ file: { path: '/etc/**', access } }],
    })
    expect(verdict(rail('read'), open('/etc/a', ['write']))).toBe('deny')
    expect(verdict(rail('read'), open('/etc/a'))).toBe('deny')
    expect(verdict(rail('write'), open('/etc/a'))).toBe('allow')
    expect(verdict(rail('write'), open('/etc/a', ['read', 'write']))).toBe('deny')
    expect(verdict(rail('write'), open('/x', ['write']))).toBe('allow')
    expect(verdict(rail('write'), open(null))).toBe('deny')
  })
  it('are not given another name by moving a directory above them', () => {
    const spec: RuntimeSpec = { deny: [{ file: { path: '/data/a/secret', access: 'read' } }] }
    const move = (path: string): Decision =>
      ({ ...open(path, ['write']), kind: 'file', moves: true }) as Decision
    expect(verdict(spec, move('/data'))).toBe('deny')
    expect(verdict(spec, move('/data/a'))).toBe('deny')
    expect(verdict(spec, move('/data/b'))).toBe('allow')
    expect(verdict(spec, open('/data', ['write']))).toBe('allow')
  })
})

describe('privileges', () => {
  const act = (privilege: Privilege, exe = '/bin/a'): Decision => ({
    kind: 'privilege',
    exe,
    from: null,
    privilege,
  })
  it('are those that are listed', () => {
    const spec: RuntimeSpec = {
      processes: [{ exe: '/bin/a', privileges: ['mount'] }, { exe: '/bin/b' }],
    }
    expect(verdict(spec, act('mount'))).toBe('allow')
    expect(verdict(spec, act('bpf'))).toBe('deny')
    expect(verdict(spec, act('bpf', '/bin/b'))).toBe('allow')
    expect(verdict(spec, act('bpf', '/bin/c'))).toBe('deny')
    expect(verdict({ deny: [{ privilege: 'mount' }] }, act('mount'))).toBe('deny')
  })
})

describe('guard rails', () => {
  it('limit nothing but what they name', () => {
    const spec: RuntimeSpec = {
      deny: [{ egress: { to: [{ cidr: '169.254.169.254/32' }] } }, { protocol: 'stratum' }],
    }
    expect(verdict(spec, egress('169.254.169.254', 80))).toBe('deny')
    expect(verdict(spec, egress('169.254.169.253', 80))).toBe('allow')
    expect(says(spec, stratum)).toMatchObject({ verdict: 'deny', path: 'spec.deny[1]' })
    expect(verdict(spec, exec('/bin/a'))).toBe('allow')
  })
  it('deny listening only where nobody may connect', () => {
    expect(verdict({ deny: [{ ingress: { ports: [22] } }] }, bind(22))).toBe('deny')
    expect(
      verdict({ deny: [{ ingress: { ports: [22], from: [{ cidr: '0.0.0.0/0' }] } }] }, bind(22)),
    ).toBe('allow')
  })
})

describe('names', () => {
  const known = (...names: string[]): Decision => ({
    kind: 'egress',
    exe: '/bin/a',
    from: null,
    protocol: 'TCP',
    address: '10.0.0.1',
    port: 80,
    names,
  })
  const allows = (dns: string): RuntimeSpec => ({
    processes: [{ exe: '/**', egress: [{ to: [{ dns }] }] }],
  })
  it('allow an address that the subject got by one of them', () => {
    const spec = allows('a.example.com')
    expect(verdict(spec, known('a.example.com'))).toBe('allow')
    expect(verdict(spec, known('x.example.com', 'A.Example.Com'))).toBe('allow')
    expect(verdict(spec, known('b.example.com', 'a.example.com.evil.com'))).toBe('deny')
    expect(verdict(spec, known())).toBe('deny')
    expect(verdict(spec, egress('10.0.0.1', 80))).toBe('deny')
  })
  it('with a star are those below, however deep, and not the domain', () => {
    const spec = allows('*.example.com')
    expect(verdict(spec, known('a.example.com'))).toBe('allow')
    expect(verdict(spec, known('c.b.a.example.com'))).toBe('allow')
    expect(verdict(spec, known('example.com', 'anexample.com'))).toBe('deny')
  })
  it('in a guard rail deny what was got by one of them, and nothing else', () => {
    const spec: RuntimeSpec = { deny: [{ egress: { to: [{ dns: '*.evil.com' }] } }] }
    expect(verdict(spec, known('fine.com', 'www.evil.com'))).toBe('deny')
    expect(verdict(spec, known('fine.com'))).toBe('allow')
  })
  it('let whoever may talk to one ask the resolvers, and only at port 53', () => {
    const spec: RuntimeSpec = {
      processes: [
        { exe: '/a', egress: [{ to: [{ dns: 'a.example.com' }], ports: [443] }] },
        { exe: '/b', egress: [{ to: [{ cidr: '10.0.0.0/8' }], ports: [443] }] },
      ],
    }
    const resolvers = { containers: ['192.0.2.53'], host: ['127.0.0.53'] }
    const asks = (exe: string, address: string, port = 53) =>
      evaluate(
        [loaded({ ...spec, mode: 'enforce' })],
        { kind: 'egress', exe, from: null, protocol: 'UDP', address, port },
        { resolvers },
      ).enforced.verdict
    expect(asks('/a', '192.0.2.53')).toBe('allow')
    expect(asks('/b', '192.0.2.53')).toBe('deny')
    expect(asks('/a', '192.0.2.53', 443)).toBe('deny')
    expect(asks('/a', '127.0.0.53')).toBe('deny')
  })
})

describe('laws', () => {
  const check = (property: fc.IRawProperty<unknown>) => {
    fc.assert(property as fc.IProperty<unknown>, { numRuns: 400 })
  }
  const last = { mode: 'enforce' } as const

  it('order does not matter', () => {
    check(
      fc.property(arbitraryPolicies, arbitraryDecision, (policies, decision) => {
        expect(evaluate(policies.toReversed(), decision)).toEqual(evaluate(policies, decision))
      }),
    )
  })
  it('a guard rail wins over everything', () => {
    check(
      fc.property(
        arbitraryPolicies,
        arbitraryDeny,
        arbitraryDecision,
        (policies, deny, decision) => {
          const rail = loaded({ ...last, deny: [deny] }, 'rail')
          if (evaluate([rail], decision).enforced.verdict === 'allow') return
          expect(evaluate([...policies, rail], decision).enforced.verdict).toBe('deny')
        },
      ),
    )
  })
  it('a guard rail more never allows anything', () => {
    check(
      fc.property(
        arbitraryPolicies,
        arbitraryDeny,
        arbitraryDecision,
        (policies, deny, decision) => {
          if (evaluate(policies, decision).enforced.verdict === 'allow') return
          const rail = loaded({ ...last, deny: [deny] }, 'rail')
          expect(evaluate([...policies, rail], decision).enforced.verdict).toBe('deny')
        },
      ),
    )
  })
  it('a process more in a list never denies anything but what its own lists are about', () => {
    check(
      fc.property(
        arbitraryPolicies,
        fc.array(arbitraryProcess),
        arbitraryProcess,
        arbitraryDecision,
        (policies, listed, more, decision) => {
          if (decision.kind === 'file' && more.files) return
          if (decision.kind === 'privilege' && more.privileges) return
          const before = evaluate(
            [...policies, loaded({ ...last, processes: listed }, 'list')],
            decision,
          )
          if (before.enforced.verdict === 'deny') return
          const after = evaluate(
            [...policies, loaded({ ...last, processes: [...listed, more] }, 'list')],
            decision,
          )
          expect(after.enforced.verdict).toBe('allow')
        },
      ),
    )
  })
  it('another way to talk needs an entry that lists it, in every policy that lists processes', () => {
    const asked = (use: SocketUse, exe = '/bin/a'): Decision => ({
      kind: 'socket',
      exe,
      from: null,
      use,
    })
    const verdict = (spec: RuntimeSpec, decision: Decision) =>
      evaluate([loaded({ mode: 'enforce', ...spec })], decision).enforced
    const listed = { processes: [{ exe: '/bin/a', sockets: ['vsock' as const] }] }
    expect(verdict(listed, asked('vsock'))).toMatchObject({
      verdict: 'allow',
      path: 'spec.processes[0].sockets',
    })
    expect(verdict(listed, asked('packet'))).toMatchObject({
      verdict: 'deny',
      path: 'spec.processes',
    })
    expect(verdict(listed, asked('vsock', '/bin/b')).verdict).toBe('deny')
    expect(verdict({ processes: [{ exe: '/bin/a' }] }, asked('network-admin')).verdict).toBe('deny')
    expect(verdict({ deny: [{ socket: 'vsock' }] }, asked('vsock'))).toMatchObject({
      verdict: 'deny',
      path: 'spec.deny[0]',
    })
    expect(verdict({ deny: [{ socket: 'vsock' }] }, asked('packet')).verdict).toBe('allow')
    expect(
      verdict({ ...listed, deny: [{ exe: '/bin/a', socket: 'vsock' }] }, asked('vsock')).verdict,
    ).toBe('deny')
  })
  it('promoting does what the report said, nothing more', () => {
    check(
      fc.property(arbitraryPolicies, arbitraryDecision, (policies, decision) => {
        const before = evaluate(policies, decision)
        const promoted = policies.map((one) => ({
          ...one,
          policy: { ...one.policy, spec: { ...one.policy.spec, mode: 'enforce' } },
        })) as typeof policies
        const after = evaluate(promoted, decision)
        expect(after.enforced).toEqual(before.audited)
        expect(after.audited).toEqual(before.audited)
      }),
    )
  })
  it('an IPv4 address has one verdict, however it is written', () => {
    check(
      fc.property(arbitraryPolicies, fc.ipV4(), fc.nat(65535), (policies, address, port) => {
        expect(evaluate(policies, egress(`::ffff:${address}`, port))).toEqual(
          evaluate(policies, egress(address, port)),
        )
      }),
    )
  })
  it('what could not be resolved is denied wherever processes are listed', () => {
    check(
      fc.property(arbitraryPolicies, fc.array(arbitraryProcess), (policies, processes) => {
        const listed = [...policies, loaded({ ...last, processes }, 'list')]
        expect(evaluate(listed, exec(null)).enforced.verdict).toBe('deny')
      }),
    )
  })
})
