// SPDX-License-Identifier: Apache-2.0
// Peers by what they are: pods and their namespaces, both ways, in real network namespaces; an address that goes from one
// pod to another; and what a pod's policies imply: its kubelet's probes and the hops of a sidecar that a mesh redirects to.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Actor, copyProgram, expectExact } from '../harness/actor.ts'
import { Askers, Network } from '../harness/network.ts'
import { documents, need, Sandbox, until } from '../harness/sandbox.ts'

const node = '172.18.0.2'
const uid = '0f9b1c2d-1111-2222-3333-444455556666'
const meshUid = '1f9b1c2d-1111-2222-3333-444455556666'
const cgroup = `kubepods/pod${uid}/main`
const meshCgroup = `kubepods/pod${meshUid}/app`
const [port, probePort, otherPort] = [8080, 8081, 8082]

let network: Network
let sandbox: Sandbox
let perl: string
let exe: string
let proxyExe: string
let server: Actor
const address: Record<string, { four: string; six: string }> = {}

const pod = (
  name: string,
  labels: object,
  more: { metadata?: object; spec?: object; status?: object } = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels, ...more.metadata },
  spec: { ...more.spec },
  status: {
    phase: 'Running',
    hostIP: node,
    podIPs: [{ ip: address[name]?.four }, { ip: address[name]?.six }],
    ...more.status,
  },
})
const namespace = (name: string, team: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { team } },
})
const web = () =>
  pod(
    'web',
    { app: 'web' },
    {
      metadata: { uid },
      spec: {
        containers: [
          {
            name: 'main',
            readinessProbe: { httpGet: { port: 'health' } },
            ports: [{ name: 'health', containerPort: probePort }],
          },
        ],
      },
    },
  )
const mesh = () =>
  pod(
    'mesh',
    { app: 'mesh' },
    {
      metadata: { uid: meshUid },
      spec: { containers: [{ name: 'app' }, { name: 'istio-proxy' }] },
    },
  )
const everybody = () => [
  namespace('shop', 'front'),
  namespace('back', 'back'),
  web(),
  mesh(),
  pod('a', { app: 'a' }),
  pod('b', { app: 'b' }, { metadata: { namespace: 'back' } }),
]
const runtime = (app: string, processes: object[], more: object = {}) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: app, namespace: 'shop' },
  spec: { mode: 'enforce', select: { pods: { matchLabels: { app } } }, processes, ...more },
})
const all = { egress: [{}], ingress: [{}] }
const bystanders = () => ({ exe: [perl, '/usr/bin/**'], ...all })
const listening = (rules: object, more: object = {}) =>
  runtime('web', [{ exe, ...rules }, bystanders()], more)
let askers: Askers
let inForce = ''
/** What is in force already is no new plan. */
const use = async (policies: object[], pods: object[] = everybody()) => {
  const text = documents(...policies, ...pods)
  if (text !== inForce) await sandbox.setPolicies(documents(...policies), pods)
  inForce = text
}

const ask = (within: string, where: string, kind: string, host: string, at: number) =>
  askers.ask(within, where, kind, host, at)
const from = (where: string, at: number, kind = 'tcp', family: 'four' | 'six' = 'four') =>
  ask('outside', where, kind, address.web?.[family] ?? '', at)

beforeAll(async () => {
  network = new Network(node)
  for (const name of ['web', 'a', 'b', 'mesh']) address[name] = network.pod(name)
  sandbox = new Sandbox()
  perl = copyProgram(sandbox, 'perl', need('perl'))
  exe = copyProgram(sandbox, 'server')
  proxyExe = copyProgram(sandbox, 'proxy')
  askers = new Askers(sandbox, network, perl)
  await sandbox.start(documents(listening(all)), { pods: everybody() })
  server = await Actor.start(sandbox, cgroup, exe, network.enter('web'))
  await server.do(`for (const port of [${port}, ${probePort}, ${otherPort}]) await listen(port, port, '::')
    const socket = dgram.createSocket('udp6'); socket.on('message', (data, from) => socket.send('re:' + data, from.port, from.address, () => {}))
    await new Promise((resolve) => socket.bind(${port}, '::', resolve))`)
  for (const name of ['a', 'b']) {
    const outside = await Actor.start(sandbox, 'outside', exe, network.enter(name))
    await outside.do(`await listen('in', ${port}, '::')`)
  }
})
afterEach(() => expectExact(sandbox))
afterAll(() => {
  sandbox?.close()
  network?.close()
})

describe('ingress', () => {
  const hear = (...peers: object[]) =>
    listening({ ingress: [{ from: peers, ports: [port, `${port}/UDP`] }] })

  test('from pods of the policy’s own namespace, by labels', async () => {
    await use([
      hear({ pods: { matchLabels: { app: 'a' } } }, { pods: { matchLabels: { app: 'b' } } }),
    ])
    for (const family of ['four', 'six'] as const)
      for (const kind of ['tcp', 'udp', 'udp-bound']) {
        expect(await from('a', port, kind, family), `${kind} ${family}`).toBe('re:hello')
        expect(await from('b', port, kind, family), `${kind} ${family}`).toBe('TIMEOUT')
      }
    expect(await from('a', otherPort)).toBe('TIMEOUT')
  })

  test('from all pods of namespaces, and from pods of namespaces', async () => {
    const back = { namespaces: { matchLabels: { team: 'back' } } }
    await use([hear(back)])
    expect(await from('b', port)).toBe('re:hello')
    expect(await from('a', port)).toBe('TIMEOUT')
    await use([hear({ ...back, pods: { matchLabels: { app: 'a' } } })])
    expect(await from('b', port)).toBe('TIMEOUT')
    await use([hear({ ...back, pods: { matchLabels: { app: 'b' } } })])
    expect(await from('b', port)).toBe('re:hello')
  })

  test('the kubelet asks the ports of probes, from its node, and no others', async () => {
    await use([listening({ ingress: [{ from: [{ pods: {} }], ports: [port] }] })])
    expect(await from('node', probePort)).toBe('re:hello')
    expect(await from('node', port)).toBe('TIMEOUT')
    expect(await from('node', otherPort)).toBe('TIMEOUT')
    expect(await from('a', probePort)).toBe('TIMEOUT')
    await use([
      listening(
        {},
        { deny: [{ ingress: { from: [{ cidr: `${node}/32` }, { cidr: '10.244.0.1/32' }] } }] },
      ),
    ])
    expect(await from('node', probePort)).toBe('TIMEOUT')
  })
})

describe('egress', () => {
  const reach = (app: string, ...peers: object[]) =>
    runtime(app, [
      { exe: [perl, '/usr/bin/**'], egress: [{ to: peers }] },
      { exe, ...all },
    ])
  const asks = (kind: string, host: string, at: number) => ask(cgroup, 'web', kind, host, at)
  const self = () => address.web?.four ?? ''

  const a = (family: 'four' | 'six' = 'four') => address.a?.[family] ?? ''

  test('to pods, both families; its own pod is one of them', async () => {
    await use([reach('web', { pods: { matchLabels: { app: 'a' } } })])
    expect(await asks('tcp', a(), port)).toBe('re:hello')
    expect(await asks('tcp', a('six'), port)).toBe('re:hello')
    expect(await asks('tcp', `::ffff:${a()}`, port)).toBe('re:hello')
    expect(await asks('tcp', address.b?.four ?? '', port)).toBe('EPERM')
    expect(await asks('tcp', self(), port)).toBe('EPERM')
    expect(await asks('tcp', '127.0.0.1', port)).toBe('EPERM')
    await use([reach('web', { pods: {} })])
    expect(await asks('tcp', self(), port)).toBe('re:hello')
  })

  test('a pod that ended, one on its node’s network, and an address of two pods are not taken for it', async () => {
    const to = [reach('web', { pods: { matchLabels: { app: 'a' } } })]
    const others = everybody().filter(
      (one) => !('name' in one.metadata) || one.metadata.name !== 'a',
    )
    const tried = async (...pods: object[]) => {
      await use(to, [...others, ...pods])
      return asks('tcp', a(), port)
    }
    expect(await tried()).toBe('EPERM')
    expect(await tried(pod('a', { app: 'a' }))).toBe('re:hello')
    for (const phase of ['Succeeded', 'Failed'])
      expect(await tried(pod('a', { app: 'a' }, { status: { phase } })), phase).toBe('EPERM')
    expect(await tried(pod('a', { app: 'a' }, { spec: { hostNetwork: true } }))).toBe('EPERM')
    const successor = {
      ...pod('a', { app: 'c' }),
      metadata: { name: 'c', namespace: 'shop', labels: { app: 'c' } },
    }
    expect(await tried(pod('a', { app: 'a' }), successor)).toBe('EPERM')
    expect(await tried(pod('a', { app: 'a' }, { status: { phase: 'Failed' } }), successor)).toBe(
      'EPERM',
    )
  })

  test('an address that another pod gets keeps no permission: connections end, no row stays', async () => {
    const to = [
      runtime('web', [
        { exe, egress: [{ to: [{ pods: { matchLabels: { app: 'a' } } }] }], ingress: [{}] },
        bystanders(),
      ]),
    ]
    await use(to)
    expect(await server.do(`return connect({ host: '${a()}', port: ${port} }, 'flow')`)).toBe('ok')
    const say = async (text: string) => {
      await server.do(`kept.flow.write('${text}')`)
      return server.do(`await sleep(300); return kept.flow.text || ''`)
    }
    expect(await say('one')).toBe('re:one')
    const renamed = { ...pod('a', { app: 'c' }) }
    await use(to, [
      ...everybody().filter((one) => !('name' in one.metadata) || one.metadata.name !== 'a'),
      renamed,
    ])
    expect(await say('two')).toBe('re:one')
    expect(await server.do(`return connect({ host: '${a()}', port: ${port} })`)).toBe('EPERM')
    await use(to)
    await until('the connection goes on', () => true)
    expect(
      await server.do(
        `for (let i = 0; i < 100 && !kept.flow.text.includes('two'); i++) await sleep(100); return kept.flow.text`,
      ),
    ).toBe('re:onere:two')
    await use([listening(all)])
    expect([...sandbox.tables().peers.keys()]).toEqual([])
  })

  test('a rail about pods, and about what a Service leads to', async () => {
    const rails = (...deny: object[]) => runtime('web', [bystanders(), { exe, ...all }], { deny })
    await use([rails({ egress: { to: [{ pods: { matchLabels: { app: 'a' } } }] } })])
    expect(await asks('tcp', a(), port)).toBe('EPERM')
    expect(await asks('tcp', address.b?.four ?? '', port)).toBe('re:hello')
  })
})

describe('a pod with a sidecar', () => {
  let proxy: Actor
  let app: Actor
  const sidecar = 1337

  beforeAll(async () => {
    await use([runtime('mesh', [{ exe: [exe, proxyExe, perl, '/usr/bin/**'], ...all }])])
    const at = network.enter('mesh')
    proxy = await Actor.start(sandbox, meshCgroup, proxyExe, [
      ...at,
      need('setpriv'),
      ...[`--reuid=${sidecar}`, `--regid=${sidecar}`, '--clear-groups'],
    ])
    app = await Actor.start(sandbox, meshCgroup, exe, at)
    // As a mesh installs it: all that leaves goes to 15001, but for the sidecar's own; all that arrives to 15006.
    for (const rule of [
      ['-A', 'OUTPUT', '-m', 'owner', '--uid-owner', `${sidecar}`, '-j', 'RETURN'],
      ['-A', 'OUTPUT', '-p', 'udp', '--dport', '53', '-j', 'REDIRECT', '--to-ports', '15053'],
      ['-A', 'OUTPUT', '-o', 'lo', '-j', 'RETURN'],
      ['-A', 'OUTPUT', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', '15001'],
      ['-A', 'PREROUTING', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', '15006'],
    ])
      network.iptables('mesh', '-t', 'nat', ...rule)
    const forward = (to: string) =>
      `(socket) => { const on = net.connect({ host: '${to}', port: ${port} }); on.on('error', () => socket.destroy()); socket.on('error', () => on.destroy()); socket.pipe(on).pipe(socket) }`
    await proxy.do(`kept.out = net.createServer({ allowHalfOpen: true }, ${forward(address.a?.four ?? '')}).listen(15001, '127.0.0.1')
      kept.in = net.createServer({ allowHalfOpen: true }, ${forward('127.0.0.1')}).listen(15006, '0.0.0.0')`)
    await proxy.do(`await udp('names', 'udp4', 15053, '127.0.0.1'); kept.names.echo = true`)
    await app.do(`await listen('in', ${port}, '0.0.0.0')`)
  })
  afterAll(() => {
    proxy.stop()
    app.stop()
  })

  const policyOf = (mode: string) =>
    runtime(
      'mesh',
      [
        {
          exe: [perl, '/usr/bin/**'],
          egress: [{ to: [{ cidr: '203.0.113.7/32' }], ports: [80, '53/UDP'] }],
        },
        { exe, ingress: [{ from: [{ pods: { matchLabels: { app: 'a' } } }], ports: [port] }] },
        {
          exe: proxyExe,
          egress: [
            {
              to: [{ pods: { matchLabels: { app: 'a' } } }, { cidr: '127.0.0.1/32' }],
              ports: [port],
            },
          ],
        },
      ],
      { mode },
    )
  const out = (host: string) => ask(meshCgroup, 'mesh', 'tcp', host, 80)
  const into = (where: string, at = port) =>
    ask('outside', where, 'tcp', address.mesh?.four ?? '', at)

  test('what a process asks for counts, not that it is redirected', async () => {
    await use([policyOf('enforce')])
    expect(await out('203.0.113.7')).toBe('re:hello')
    expect(await out('203.0.113.8')).toBe('EPERM')
    for (const kind of ['udp', 'udp-connected', 'udp-bound']) {
      expect(await ask(meshCgroup, 'mesh', kind, '203.0.113.7', 53), kind).toBe('re:hello')
      expect(await ask(meshCgroup, 'mesh', kind, '203.0.113.8', 53), kind).toBe('EPERM')
    }
    // The sidecar's ports are no way round.
    expect(await ask(meshCgroup, 'mesh', 'tcp', '127.0.0.1', 15001)).toBe('EPERM')
  })

  test('whoever may be heard is heard through it, and nobody else', async () => {
    await use([policyOf('enforce')])
    expect(await into('a')).toBe('re:hello')
    expect(await into('b')).toBe('TIMEOUT')
    expect(await into('a', 15001)).not.toBe('EPERM') // arrives at 15006, as all that arrives
  })

  test('the sidecar is decided like any other: where it may not go, nothing goes through it', async () => {
    await use([
      runtime('mesh', [
        { exe: [perl, '/usr/bin/**'], egress: [{ to: [{ cidr: '203.0.113.7/32' }], ports: [80] }] },
        { exe, ingress: [{ from: [{ pods: {} }], ports: [port] }] },
        { exe: proxyExe },
      ]),
    ])
    for (const tried of [await out('203.0.113.7'), await into('a')])
      expect(['', 'errno 104']).toContain(tried) // whichever end of the sidecar is quicker
  })

  test('a rail wins over the sidecar’s ports', async () => {
    await use([
      {
        ...policyOf('enforce'),
        spec: { ...policyOf('enforce').spec, deny: [{ ingress: { ports: [15006] } }] },
      },
    ])
    expect(await into('a')).toBe('TIMEOUT')
  })

  test('audit lets all of it through, and counts what was asked for', async () => {
    await use([policyOf('audit')])
    expect(await out('203.0.113.8')).toBe('re:hello')
    expect(await into('b')).toBe('re:hello')
    expect(
      sandbox
        .records()
        .some(
          (r) =>
            r.outcome === 'would-deny' &&
            r.hook === 'connect' &&
            r.target?.address === '203.0.113.8' &&
            r.target.port === 80,
        ),
    ).toBe(true)
  })
})
