// SPDX-License-Identifier: Apache-2.0
// Random policies and decisions for property tests, here and against the kernel. Names, addresses and ports come from small
// sets that meet each other often: an interesting verdict needs a decision that some rule matches.
import fc from 'fast-check'
import type { Access, Decision } from './decision.ts'
import { selectingPeer } from './arbitrary-cluster.ts'
import { keyOf, type RuntimeLike } from './policy-key.ts'
import type {
  DenyRule,
  EgressRule,
  IngressRule,
  Peer,
  Process,
  RuntimePolicy,
} from './policy.gen.ts'

const paths = ['/bin/a', '/bin/b', '/bin/d/c', '/usr/lib/x/y', '/tmp/m', '/bin', '/pause']
const patterns = ['/bin/a', '/bin/b', '/bin/**', '/bin/d/**', '/usr/lib/**', '/**', '/tmp/m']
const addresses = [
  '10.0.0.1',
  '10.9.0.7',
  '192.0.2.1',
  '::ffff:10.0.0.1',
  '127.0.0.1',
  '0.0.0.0',
  'fd00::1',
  '::1',
  '::',
  '2001:db8::5',
]
const cidrs = [
  '10.0.0.0/8',
  '10.9.0.0/16',
  '0.0.0.0/0',
  '::/0',
  'fd00::/8',
  '127.0.0.0/8',
  '192.0.2.1/32',
  '::1/128',
]
const ports = [
  '80/TCP',
  '443',
  '1-1024/TCP',
  '53/UDP',
  '*/UDP',
  '*/TCP',
  'ICMP',
  '65535/SCTP',
  8080,
]
const dnsPatterns = ['a.test', 'b.a.test', '*.a.test', '*.b.a.test', '*.test', 'test']
const dnsNames = [
  'a.test',
  'b.a.test',
  'B.A.Test',
  'c.b.a.test',
  'xa.test',
  'test',
  'a.test.c',
  'd',
]
const numbers = [0, 1, 53, 80, 443, 1024, 1025, 8080, 65535]

const pattern = fc.constantFrom(...patterns)
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 })
const exe = fc.oneof(pattern, some(pattern))
const from = some(pattern)
const network = fc.constantFrom<Peer>(...cidrs.map((cidr) => ({ cidr })), {
  cidr: '10.0.0.0/8',
  except: ['10.9.0.0/16'],
})
const peer = fc.oneof(network, selectingPeer)
const named = fc.constantFrom<Peer>(...dnsPatterns.map((dns) => ({ dns })))
const asked = fc.oneof(network, selectingPeer, named)
const rulePorts = some(fc.constantFrom(...ports))
const optional = { requiredKeys: [] as [] }
const egress: fc.Arbitrary<EgressRule> = fc.record({ to: some(asked), ports: rulePorts }, optional)
const ingress: fc.Arbitrary<IngressRule> = fc.record(
  { from: some(peer), ports: rulePorts },
  optional,
)

const startedBy = fc.constantFrom('entrypoint' as const, 'exec' as const)
const file = fc.record({
  path: pattern,
  access: fc.constantFrom('read' as const, 'write' as const),
})
const privilege = fc.constantFrom(
  'mount' as const,
  'bpf' as const,
  'CHOWN' as const,
  'NET_RAW' as const,
)

const socketUse = fc.constantFrom(
  'packet' as const,
  'vsock' as const,
  'netlink-audit' as const,
  'raw' as const,
  'network-admin' as const,
)

export const arbitraryProcess: fc.Arbitrary<Process> = fc.record(
  {
    exe,
    from,
    startedBy,
    files: fc.array(file, { maxLength: 2 }),
    privileges: fc.array(privilege, { maxLength: 2 }),
    sockets: fc.array(socketUse, { maxLength: 2 }),
    egress: fc.array(egress, { maxLength: 2 }),
    ingress: fc.array(ingress, { maxLength: 2 }),
  },
  { requiredKeys: ['exe'] },
)

export const arbitraryDeny: fc.Arbitrary<DenyRule> = fc
  .record(
    {
      exe,
      from,
      egress,
      ingress,
      protocol: fc.constant('stratum' as const),
      file,
      privilege,
      socket: socketUse,
    },
    optional,
  )
  .filter((rule) => Object.keys(rule).length > 0)

const spec = fc.record(
  {
    mode: fc.constantFrom('audit' as const, 'enforce' as const),
    processes: fc.array(arbitraryProcess, { maxLength: 3 }),
    deny: fc.array(arbitraryDeny, { maxLength: 2 }),
    code: fc.constantFrom('any' as const, 'image' as const),
    anonymousCode: fc.constantFrom('allow' as const, 'deny' as const),
  },
  optional,
)

export function loaded(spec: RuntimePolicy['spec'], name = 'p'): RuntimeLike {
  const policy: RuntimePolicy = {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name, namespace: 'shop' },
    spec,
  }
  return { policy, file: `${name}.yaml`, line: 1, key: keyOf(policy) }
}

/** Up to four policies that select one subject. */
export const arbitraryPolicies: fc.Arbitrary<RuntimeLike[]> = fc
  .array(spec, { maxLength: 4 })
  .map((specs) => specs.map((one, i) => loaded(one, `p${i}`)))

const who = {
  exe: fc.option(fc.constantFrom(...paths), { freq: 9 }),
  from: fc.option(fc.constantFrom(...paths), { freq: 9 }),
  startedBy: fc.oneof(startedBy, fc.constant('first' as const)),
}
const required = <K extends string = never>(
  ...more: K[]
): {
  requiredKeys: ('kind' | 'exe' | 'from' | K)[]
} => ({ requiredKeys: ['kind', 'exe', 'from', ...more] })
const origins = ['image', 'other', 'memory'] as const
const fileOrigin = fc.constantFrom('image' as const, 'other' as const)
const protocol = fc.constantFrom(
  'TCP' as const,
  'UDP' as const,
  'SCTP' as const,
  'ICMP' as const,
  47,
  58,
)
const flow = {
  ...who,
  protocol,
  address: fc.constantFrom(...addresses),
  port: fc.constantFrom(...numbers),
}

export const arbitraryDecision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('exec' as const),
      ...who,
      script: fc.constantFrom(...paths),
      origin: fileOrigin,
      scriptOrigin: fileOrigin,
    },
    required(),
  ),
  fc.record(
    { kind: fc.constant('code' as const), ...who, origin: fc.constantFrom(...origins) },
    required('origin'),
  ),
  fc.record(
    {
      kind: fc.constant('file' as const),
      ...who,
      path: fc.option(fc.constantFrom(...paths), { freq: 9 }),
      access: fc.constantFrom<Access[]>(['read'], ['write'], ['read', 'write']),
      moves: fc.boolean(),
    },
    required('path', 'access'),
  ),
  fc.record({ kind: fc.constant('privilege' as const), ...who, privilege }, required('privilege')),
  fc.record({ kind: fc.constant('socket' as const), ...who, use: socketUse }, required('use')),
  fc.record(
    {
      kind: fc.constant('egress' as const),
      ...flow,
      names: fc.uniqueArray(fc.constantFrom(...dnsNames), { maxLength: 4 }),
    },
    required('protocol', 'address', 'port'),
  ),
  fc.record(
    { kind: fc.constant('ingress' as const), ...flow, looped: fc.boolean() },
    required('protocol', 'address', 'port'),
  ),
  fc.record(
    {
      kind: fc.constant('bind' as const),
      ...who,
      protocol,
      port: fc.constantFrom(...numbers),
    },
    required('protocol', 'port'),
  ),
  fc.record(
    {
      kind: fc.constant('protocol' as const),
      ...who,
      protocol: fc.constant('stratum' as const),
    },
    required('protocol'),
  ),
)
