// SPDX-License-Identifier: Apache-2.0
// The address that counts is the one that the process asked for, whatever becomes of it: Services by iptables, nftables
// and load balancing in sockets, NodePorts, from a pod and from its node. What is allowed works from the first packet,
// answers included; what is not never gets there; and audit counts what was asked for.
import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Actor, copyProgram, expectExact, policyWriter } from '../harness/actor.ts'
import { Balancer } from '../harness/balance.ts'
import { Askers, Network } from '../harness/network.ts'
import { documents, kernelAtLeast, need, Sandbox } from '../harness/sandbox.ts'

const node = '172.18.0.2'
const nodePort = 30080
/**
 * Each way to translate has Services of its own: to the database, to another pod, to both. `earlier` and `later` are
 * programs of the same cgroup that were attached before the enforcer's, and after.
 */
const ways = ['iptables', 'nft', 'earlier', 'later', 'ipvs'] as const
type Way = (typeof ways)[number] | 'nodePort'
/** Kernels of guests have it; this machine's may be built without. */
const hasIpvs = existsSync('/proc/net/ip_vs')
const services = { db: 10, other: 20, both: 30 } as const
type Leads = keyof typeof services
const addressOf = (way: Way, leads: Leads) =>
  way === 'nodePort' ? node : `10.96.${ways.indexOf(way) + 1}.${services[leads]}`
const portOf = (way: Way, leads: Leads, udp: boolean) =>
  way === 'nodePort' ? nodePort + services[leads] : udp ? 53 : 80
/** Behind them. */
const tcpPort = 5432
const udpPort = 5353
const kinds = ['tcp', 'udp', 'udp-connected', 'udp-bound'] as const

let network: Network
let sandbox: Sandbox
const balancers: Balancer[] = []
let perl: string
let exe: string
let askers: Askers
const servers: Actor[] = []
const address: Record<string, { four: string; six: string }> = {}

const labelled = (name: string, app: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app } },
  status: {
    phase: 'Running',
    hostIP: node,
    podIPs: [{ ip: address[name]?.four }, { ip: address[name]?.six }],
  },
})
const service = (way: Way, leads: Leads) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `${way.toLowerCase()}-${leads}`, namespace: 'shop' },
  spec: {
    ...(way !== 'nodePort' && { clusterIP: addressOf(way, leads) }),
    selector: leads === 'both' ? { app: 'any' } : { app: leads },
    ports: [false, true].map((udp) => ({
      name: udp ? 'u' : 't',
      protocol: udp ? 'UDP' : 'TCP',
      port: portOf(way, leads, udp),
      targetPort: udp ? udpPort : tcpPort,
      ...(way === 'nodePort' && { nodePort: portOf(way, leads, udp) }),
    })),
  },
})
/** What is behind `both`: its selector says it no better. */
const slice = (way: Way) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${way.toLowerCase()}-both-x`,
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': `${way.toLowerCase()}-both` },
  },
  addressType: 'IPv4',
  ports: [
    { name: 't', protocol: 'TCP', port: tcpPort },
    { name: 'u', protocol: 'UDP', port: udpPort },
  ],
  endpoints: ['db', 'other'].map((name) => ({ addresses: [address[name]?.four] })),
})
const manifests = () => [
  labelled('db', 'db'),
  labelled('other', 'other'),
  ...([...ways, 'nodePort'] as const).flatMap((way) => [
    ...(['db', 'other', 'both'] as const).map((leads) => service(way, leads)),
    slice(way),
  ]),
]

let use: (...policies: object[]) => Promise<void>
const selectDatabase = [{ pods: { matchLabels: { app: 'db' } } }]
const policy = (to: object[], mode: 'audit' | 'enforce' = 'enforce', more: object = {}) =>
  sandbox.policy('nat', 'subject/**', {
    mode,
    processes: [
      {
        exe: [perl, '/usr/bin/**'],
        egress: to.length > 0 ? [{ to, ports: [tcpPort, `${udpPort}/UDP`] }] : [],
      },
    ],
    ...more,
  })
const ask = (where: string, kind: string, host: string, port: number) =>
  askers.ask('subject', where, kind, host, port)
const heard = async () =>
  (await Promise.all(servers.map((one) => one.do<number>('return kept.count || 0')))).reduce(
    (sum, count) => sum + count,
    0,
  )

beforeAll(async () => {
  network = new Network(node)
  for (const name of ['client', 'db', 'other']) address[name] = network.pod(name)
  sandbox = new Sandbox({ alone: true })
  perl = copyProgram(sandbox, 'perl', need('perl'))
  exe = copyProgram(sandbox, 'server')
  askers = new Askers(sandbox, network, perl)
  for (const name of ['db', 'other']) {
    const server = await Actor.start(sandbox, 'outside', exe, network.enter(name))
    await server.do(`kept.count = 0
      net.createServer((socket) => { socket.on('error', () => {}); socket.on('data', (data) => { kept.count++; socket.end('re:' + data) }) }).listen(${tcpPort}, '::')
      const socket = dgram.createSocket('udp6'); socket.on('message', (data, from) => { kept.count++; socket.send('re:' + data, from.port, from.address) })
      await new Promise((resolve) => socket.bind(${udpPort}, '::', resolve))`)
    servers.push(server)
  }
  translate()
  balanceIn(sandbox.cgroup, 'earlier')
  await sandbox.start(documents(policy([], 'audit')), { pods: manifests() })
  balanceIn(sandbox.cgroup, 'later')
  use = policyWriter(sandbox)
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  for (const one of balancers) one.close()
  sandbox?.close()
  network?.close()
})

/** As kube-proxy does, for pods and for the node's own processes; with answers that come back the same way. */
function translate(): void {
  const behind = (leads: Leads) => address[leads === 'both' ? 'db' : leads]?.four ?? ''
  const each = (
    way: Way,
    act: (at: string, port: number, protocol: string, to: string) => void,
  ) => {
    for (const leads of ['db', 'other', 'both'] as const)
      for (const udp of [false, true])
        act(
          addressOf(way, leads),
          portOf(way, leads, udp),
          udp ? 'udp' : 'tcp',
          `${behind(leads)}:${udp ? udpPort : tcpPort}`,
        )
  }
  if (hasIpvs)
    each('ipvs', (at, port, protocol, to) => {
      const [service, pod] = [`--${protocol}-service`, '--real-server']
      network.ip('node', 'address', 'replace', `${at}/32`, 'dev', 'eth0')
      network.run('node', 'ipvsadm', '--add-service', service, `${at}:${port}`, '-s', 'rr')
      network.run(
        ...(['node', 'ipvsadm', '--add-server', service, `${at}:${port}`] as const),
        ...[pod, to, '--masquerading'],
      )
    })
  each('iptables', (at, port, protocol, to) => {
    for (const chain of ['PREROUTING', 'OUTPUT'])
      network.iptables(
        ...['node', '-t', 'nat', '-A', chain, '-d', at, '-p', protocol],
        ...['--dport', String(port), '-j', 'DNAT', '--to-destination', to],
      )
  })
  const rules: string[] = []
  for (const way of ['nft', 'nodePort'] as const)
    each(way, (at, port, protocol, to) => {
      rules.push(`ip daddr ${at} ${protocol} dport ${port} dnat to ${to}`)
    })
  network.nft(
    'node',
    `table ip services {
      chain translate { ${rules.join('; ')}; }
      chain arriving { type nat hook prerouting priority dstnat; jump translate; }
      chain leaving { type nat hook output priority -100; jump translate; }
    }`,
  )
}

function balanceIn(cgroup: string, way: Way): void {
  const made = new Balancer(cgroup)
  balancers.push(made)
  for (const leads of ['db', 'other', 'both'] as const)
    for (const udp of [false, true])
      made.balance(
        { address: addressOf(way, leads), port: portOf(way, leads, udp) },
        {
          address: address[leads === 'both' ? 'db' : leads]?.four ?? '',
          port: udp ? udpPort : tcpPort,
        },
      )
}

test('an older kernel, where another program sees addresses first, says so', () => {
  const degraded = sandbox
    .current()
    .mechanisms.find(({ decision }) => decision === 'egress')?.degraded
  expect(degraded?.includes('sees addresses first') ?? false).toBe(!kernelAtLeast('6.17'))
})

test.runIf('UNDERPIN_EXPECT_MECHANISM' in process.env)('guests have IPVS', () => {
  expect(hasIpvs).toBe(true)
})

for (const way of [...ways.filter((one) => one !== 'ipvs' || hasIpvs), 'nodePort'] as const)
  for (const where of ['client', 'node'])
    describe(`${way}, from ${where === 'node' ? 'a process of the node' : 'a pod'}`, () => {
      // An older kernel does not let us be first: then what another program made of it is what we see.
      const seen = way !== 'earlier' || kernelAtLeast('6.17')
      const at = (leads: Leads, kind: string) =>
        ask(where, kind, addressOf(way, leads), portOf(way, leads, kind !== 'tcp'))

      for (const kind of kinds) {
        test(`${kind}: a Service that leads only to what is allowed`, async () => {
          await use(policy(selectDatabase))
          expect(await at('db', kind)).toBe('re:hello')
          expect(
            await ask(where, kind, address.db?.four ?? '', kind === 'tcp' ? tcpPort : udpPort),
          ).toBe('re:hello')
          const before = await heard()
          expect(await at('other', kind)).toBe('EPERM')
          if (seen) expect(await at('both', kind)).toBe('EPERM')
          expect(
            await ask(where, kind, address.other?.four ?? '', kind === 'tcp' ? tcpPort : udpPort),
          ).toBe('EPERM')
          expect(await heard()).toBe(before)
        })

        test(`${kind}: only the Service's own address is allowed`, async () => {
          const [service, port] = [addressOf(way, 'db'), portOf(way, 'db', kind !== 'tcp')]
          await use(
            sandbox.policy('nat', 'subject/**', {
              processes: [
                {
                  exe: [perl, '/usr/bin/**'],
                  egress: [
                    {
                      to: [{ cidr: `${service}/32` }],
                      ports: [`${port}/${kind === 'tcp' ? 'TCP' : 'UDP'}`],
                    },
                  ],
                },
              ],
            }),
          )
          expect(await at('db', kind)).toBe(seen ? 're:hello' : 'EPERM')
          expect(await at('other', kind)).toBe('EPERM')
        })

        test(`${kind}: audit lets it through and counts what was asked for`, async () => {
          await use(policy([], 'audit'))
          const [host, port] = seen
            ? [addressOf(way, 'other'), portOf(way, 'other', kind !== 'tcp')]
            : [address.other?.four, kind === 'tcp' ? tcpPort : udpPort]
          const count = () =>
            sandbox
              .records()
              .filter(
                (r) =>
                  r.outcome === 'would-deny' &&
                  r.hook === (kind === 'tcp' || kind === 'udp-connected' ? 'connect' : 'sendmsg') &&
                  r.target?.address === host &&
                  r.target?.port === port &&
                  r.target?.protocol === (kind === 'tcp' ? 'TCP' : 'UDP'),
              )
              .reduce((sum, r) => sum + r.count, 0)
          const before = count()
          expect(await at('other', kind)).toBe('re:hello')
          expect(count() - before).toBe(1)
        })
      }
    })
