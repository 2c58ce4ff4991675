// SPDX-License-Identifier: Apache-2.0
// Policies with and without mistakes, one thing each, for the API server and the loader to agree on.

export type Case = { what: string; kind?: string; name?: string; spec: unknown }

const process = (fields: object) => ({ processes: [{ exe: '/usr/bin/node', ...fields }] })
const to = (...peers: object[]) => process({ egress: [{ to: peers }] })
const exe = (value: unknown) => ({ processes: [{ exe: value }] })
const ports = (...list: unknown[]) => process({ egress: [{ ports: list }] })
const cluster = (what: string, spec: object): Case => ({ what, kind: 'ClusterRuntimePolicy', spec })
const coverage = (what: string, spec: object): Case => ({
  what,
  kind: 'CoveragePolicy',
  spec: { meshes: ['istio'], namespaces: [every], ...spec },
})
const every = { name: 'every', mode: 'audit', select: { namespaces: {} } }
const exemption = { owner: 'team', reason: 'old', expires: '2030-03-31', namespaces: {} }
const check = { name: 'one', expression: 'true', message: 'no' }
const one = (what: string, spec: unknown): Case => ({ what, spec })
const many = (count: number, text: string) => Array.from({ length: count }, () => text)

export const goodPolicies: Case[] = [
  one('nothing', {}),
  one('no process at all', { processes: [] }),
  one('the longest path', exe(`/${'a'.repeat(4095)}`)),
  one('everything', exe('/**')),
  one('a directory sixteen deep', exe(`/${many(16, 'a').join('/')}/**`)),
  one('names that begin with dots', exe(['/.a', '/..a', '/...', '/a/.b/**'])),
  one('a path with blanks and other letters', exe('/opt/größe 1/ä')),
  one(
    'every form of a port',
    ports(
      '443/TCP',
      443,
      '53/UDP',
      '8000-8100/TCP',
      '*/UDP',
      'ICMP',
      '7-7',
      '1-65535/SCTP',
      '00443',
    ),
  ),
  one(
    'networks',
    to(
      { cidr: '10.0.0.0/8', except: ['10.9.0.0/16', '10.0.0.1/32'] },
      { cidr: '2001:db8::/32' },
      { cidr: '0.0.0.0/0' },
      { cidr: '::/0' },
    ),
  ),
  one('an IPv4 network in IPv6 form', to({ cidr: '::ffff:10.0.0.0/104' })),
  one(
    'names of hosts',
    to(
      { dns: 'api.example.com' },
      { dns: '*.example.com' },
      { dns: '*.a.b.c.d.e.f.g.h' },
      { dns: 'x' },
      { dns: '3.example' },
    ),
  ),
  one(
    'peers by labels',
    to(
      { pods: { matchLabels: { app: 'db' } } },
      { namespaces: {}, pods: {} },
      { services: { name: 'db' } },
    ),
  ),
  one('label keys and values', {
    select: { pods: { matchLabels: { 'app.kubernetes.io/name': 'A_b.c', x: '' } } },
  }),
  one('conditions on labels', {
    select: {
      pods: {
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: 'a', operator: 'NotIn', values: ['b'] },
          { key: 'a', operator: 'DoesNotExist', values: [] },
        ],
      },
    },
  }),
  one('rails of every kind', {
    deny: [
      { exe: '/tmp/**' },
      { egress: {} },
      { ingress: {} },
      { protocol: 'stratum' },
      { file: { path: '/etc/**', access: 'write' } },
      { privilege: 'mount' },
      { socket: 'vsock' },
    ],
  }),
  one('an expression', { select: { expression: "pod.spec.serviceAccountName == 'checkout'" } }),
  cluster('each field of its scope: pod', {
    scope: 'pod',
    select: { namespaces: {}, pods: {}, containers: ['api'], expression: 'true' },
  }),
  cluster('each field of its scope: unmanaged', {
    scope: 'unmanaged',
    select: {
      names: ['reg-*'],
      images: ['a/b:*', '**/redis:*', '*'],
      cgroups: ['/docker/**', '/a/b*c*d/**/e'],
    },
  }),
  cluster('each field of its scope: host', {
    scope: 'host',
    select: { units: ['getty@*.service'], cgroups: ['/**'] },
  }),
  cluster('a Service with its namespace', {
    scope: 'pod',
    ...to({ services: { name: 'db', namespace: 'shop' } }),
  }),
  coverage('the least', {}),
  coverage('all of it', {
    exemptions: [
      {
        ...exemption,
        workloads: { kinds: ['DaemonSet'], names: ['node-*'] },
        findings: ['host-network'],
      },
    ],
    checks: [{ ...check, mode: 'warn' }],
  }),
]

export const badPolicies: Case[] = [
  one('an unknown field', { modes: 'audit' }),
  one(
    'an unknown field deep inside',
    process({ egress: [{ to: [{ cidr: '10.0.0.0/8', excepts: [] }] }] }),
  ),
  one('a field of a rail that is none', { deny: [{ dns: 'x' }] }),
  one('another mode', { mode: 'block' }),
  one('another kind of code', { code: 'signed' }),
  one('a text for a list', { processes: '/usr/bin/node' }),
  one('a process without exe', { processes: [{ from: ['/bin/sh'] }] }),
  one('a rail without anything', { deny: [{}] }),
  ...[
    'usr/bin/node',
    '/',
    '',
    '/usr//bin',
    '/usr/bin/',
    '/usr/./bin',
    '/usr/../bin',
    '/usr/*/node',
    '/usr/no*',
    '/a/**/b',
    '/usr//**',
    '//**',
    '/a\nb',
    '/a\u0007',
    `/${many(17, 'a').join('/')}/**`,
    `/${'a'.repeat(4096)}`,
    '/.',
    '/..',
    '/a/..',
    '/./**',
    7,
    true,
    [],
    ['/ok', 'bad'],
    [['/ok']],
    {},
    { path: '/ok' },
  ].map((value) => one(`exe ${JSON.stringify(value).slice(0, 40)}`, exe(value))),
  one('exe of a rail', { deny: [{ exe: 'tmp/**' }] }),
  ...['bin/sh', '/', '/a*'].map((text) => one(`from ${text}`, process({ from: [text] }))),
  one('from without any', process({ from: [] })),
  one('a file', process({ files: [{ path: 'etc', access: 'read' }] })),
  one('another access', process({ files: [{ path: '/etc', access: 'execute' }] })),
  one('another start', process({ startedBy: 'cron' })),
  ...[
    0,
    -1,
    65_536,
    1.5,
    true,
    '0/TCP',
    '65536/TCP',
    '443/tcp',
    '443/',
    'http',
    '*',
    '*/ICMP',
    'ICMP/1',
    '10-',
    '-10',
    '20-10/TCP',
    '20-10',
    '1-70000/UDP',
    '443/TCP ',
    ' 443',
    '99999999999999999999',
    null,
  ].map((value) => one(`port ${JSON.stringify(value)}`, ports(value))),
  one('a range of a rail', { deny: [{ egress: { ports: ['9-8/TCP'] } }] }),
  one('ports without any', ports()),
  ...[
    '10.0.0.0',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    '2001:db8::1/32',
    '2001:db8::/129',
    'fe80::%eth0/64',
    'example.com',
    '',
    '256.0.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '::ffff:010.0.0.0/104',
  ].map((cidr) => one(`cidr ${JSON.stringify(cidr)}`, to({ cidr }))),
  one('cidr of a rail with host bits', { deny: [{ egress: { to: [{ cidr: '10.0.0.1/8' }] } }] }),
  ...['11.0.0.0/16', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/64', '10.9.0.1/16', 'x'].map((text) =>
    one(`except ${text}`, to({ cidr: '10.0.0.0/8', except: [text] })),
  ),
  one('except without cidr', to({ dns: 'a.example', except: ['10.0.0.0/8'] })),
  one('two ways to say whom', to({ cidr: '10.0.0.0/8', dns: 'a.example' })),
  one('no way to say whom', to({})),
  one('to nobody', process({ egress: [{ to: [] }] })),
  ...[
    '*',
    '*.*',
    'a.*',
    'Example.com',
    'a..b',
    '.a',
    'a.',
    '-a',
    'a_b',
    '10.0.0.1',
    '1.2',
    '*.1.2',
    '*.a.b.c.d.e.f.g.h.i',
    'https://a',
    `${'a'.repeat(64)}.b`,
    many(64, 'abc').join('.'),
    '',
  ].map((dns) => one(`dns ${JSON.stringify(dns).slice(0, 40)}`, to({ dns }))),
  one('a Service without a name', to({ services: {} })),
  one('a Service whose name is none', to({ services: { name: 'A' } })),
  ...['', 'a b', '-a', 'a/', '/a', 'a/b/c', 'A_/b', `${'a'.repeat(64)}`, 'ä'].map((key) =>
    one(`label key ${JSON.stringify(key).slice(0, 30)}`, {
      select: { pods: { matchLabels: { [key]: 'x' } } },
    }),
  ),
  one('label key of a peer', to({ pods: { matchLabels: { 'a b': 'x' } } })),
  one('label key of a condition', {
    select: { pods: { matchExpressions: [{ key: 'a b', operator: 'Exists' }] } },
  }),
  ...['a b', '-a', 'a-', 'a'.repeat(64)].map((value) =>
    one(`label value ${value.slice(0, 30)}`, { select: { pods: { matchLabels: { app: value } } } }),
  ),
  one('a label that is a number', { select: { pods: { matchLabels: { app: 1 } } } }),
  one('In without values', {
    select: { pods: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
  }),
  one('NotIn without values', {
    select: { pods: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: [] }] } },
  }),
  one('Exists with values', {
    select: { pods: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
  }),
  one('another operator', {
    select: { pods: { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] } },
  }),
  one(
    'In without values, of a peer',
    to({ pods: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
  ),
  one('a container whose name is none', { select: { containers: ['Api'] } }),
  one('no container', { select: { containers: [] } }),
  one('another privilege', process({ privileges: ['CAP_NET_RAW'] })),
  one('another socket', process({ sockets: ['inet'] })),
  one('another protocol', { deny: [{ protocol: 'bitcoin' }] }),
  one('a selection of the whole cluster', { select: { namespaces: {} } }),
  cluster('no scope', {}),
  cluster('another scope', { scope: 'node' }),
  cluster('names of pods', { scope: 'pod', select: { names: ['a'] } }),
  cluster('pods beside Kubernetes', { scope: 'unmanaged', select: { pods: {} } }),
  cluster('units beside Kubernetes', { scope: 'unmanaged', select: { units: ['a'] } }),
  cluster('images of the host', { scope: 'host', select: { units: ['a'], images: ['a'] } }),
  cluster('the whole host, unasked', { scope: 'host' }),
  cluster('a Service without its namespace', { scope: 'pod', ...to({ services: { name: 'db' } }) }),
  ...['a/b', 'a b', '', 'a\tb', 'a\u2003b', 'a'.repeat(254)].map((text) =>
    cluster(`name ${JSON.stringify(text).slice(0, 30)}`, {
      scope: 'unmanaged',
      select: { names: [text] },
    }),
  ),
  ...[
    '/',
    'docker/**',
    '/a//b',
    '/a/',
    '/a/../b',
    '/a/.',
    '/a/b**',
    '/***',
    `/${many(65, 'a').join('/')}`,
    '',
  ].map((text) =>
    cluster(`cgroup ${text.slice(0, 30)}`, { scope: 'unmanaged', select: { cgroups: [text] } }),
  ),
  ...['/a', 'a//b', 'a/..', 'a**', 'a/', ''].map((text) =>
    cluster(`image ${text}`, { scope: 'unmanaged', select: { images: [text] } }),
  ),
  coverage('no mesh', { meshes: [] }),
  coverage('a mesh that is no name', { meshes: ['Istio'] }),
  coverage('no namespaces', { namespaces: [] }),
  coverage('a class twice', { namespaces: [every, every] }),
  coverage('a check twice', { checks: [check, check] }),
  coverage('another mode', { namespaces: [{ ...every, mode: 'enforce' }] }),
  coverage('a class that selects nothing', { namespaces: [{ name: 'a', mode: 'warn' }] }),
  coverage('a label key', {
    namespaces: [{ ...every, select: { namespaces: { matchLabels: { 'a b': 'c' } } } }],
  }),
  coverage('an exemption of everybody', {
    exemptions: [{ owner: 'a', reason: 'b', expires: '2030-03-31' }],
  }),
  coverage('an exemption of no workload', { exemptions: [{ ...exemption, workloads: {} }] }),
  coverage('an exemption with a label key', {
    exemptions: [{ ...exemption, workloads: { labels: { matchLabels: { 'a b': 'c' } } } }],
  }),
  ...['2030-02-30', '2030-13-01', '30-01-01', '2030-03-31T00:00:00Z', 'never', ''].map((expires) =>
    coverage(`expires ${expires}`, { exemptions: [{ ...exemption, expires }] }),
  ),
  coverage('no reason', { exemptions: [{ ...exemption, reason: '' }] }),
  coverage('a reason without end', { exemptions: [{ ...exemption, reason: 'a'.repeat(1001) }] }),
  coverage('a check without a message', { checks: [{ name: 'a', expression: 'true' }] }),
  { what: 'a name that is none', name: 'A_b', spec: {} },
]

/** What needs a reader of CEL, which the API server does not offer for fields. */
export const onlyLoader: Case[] = [
  one('an expression that cannot be read', { select: { expression: 'pod.spec ==' } }),
  one('an expression about something else', { select: { expression: 'object.kind == "Pod"' } }),
  coverage('a check that cannot be read', { checks: [{ ...check, expression: '(' }] }),
]
