// SPDX-License-Identifier: Apache-2.0
// What an address stands for: pods, Services, and what policies about them say of it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryDecision, arbitraryPolicies, loaded } from './arbitrary.ts'
import { arbitraryCluster } from './arbitrary-cluster.ts'
import { indexCluster, noCluster, type Cluster, type ClusterPod } from './cluster.ts'
import { evaluate } from './evaluate.ts'
import type { PodFacts } from './implied.ts'
import type { Peer } from './policy.gen.ts'

const pod = (address: string, app: string, more: Partial<ClusterPod> = {}): ClusterPod => ({
  namespace: 'shop',
  name: app,
  labels: { app },
  addresses: [address],
  hostNetwork: false,
  phase: 'Running',
  ports: [{ name: 'pg', protocol: 'TCP', port: 5432 }],
  ...more,
})
const service = (name: string, more: Partial<Cluster['services'][number]> = {}) => ({
  namespace: 'shop',
  name,
  addresses: ['10.96.0.1'],
  ports: [{ name: '', protocol: 'TCP' as const, port: 80, targetPort: 5432 }],
  selector: { app: name },
  ...more,
})
const cluster = (more: Partial<Cluster>) => indexCluster({ ...noCluster, ...more })

/** Whether a policy of the namespace shop with these peers lets a process connect. */
const may = (known: Partial<Cluster>, to: Peer[], address: string, port: number, ports = [5432]) =>
  evaluate(
    [loaded({ mode: 'enforce', processes: [{ exe: '/a', egress: [{ to, ports }] }] })],
    { kind: 'egress', exe: '/a', from: null, protocol: 'TCP', address, port },
    { cluster: cluster(known) },
  ).enforced.verdict === 'allow'
const app = (name: string): Peer => ({ pods: { matchLabels: { app: name } } })

describe('pods', () => {
  const pods = [pod('10.0.0.1', 'db'), pod('10.0.0.2', 'db', { namespace: 'other' })]
  it('alone are those of the policy’s namespace; namespaces alone are all of theirs', () => {
    expect(may({ pods }, [app('db')], '10.0.0.1', 5432)).toBe(true)
    expect(may({ pods }, [app('db')], '10.0.0.2', 5432)).toBe(false)
    const namespaces = { matchLabels: { 'kubernetes.io/metadata.name': 'other' } }
    expect(may({ pods }, [{ namespaces }], '10.0.0.2', 5432)).toBe(true)
    expect(may({ pods }, [{ namespaces }], '10.0.0.1', 5432)).toBe(false)
    expect(may({ pods }, [{ namespaces, ...app('web') }], '10.0.0.2', 5432)).toBe(false)
    expect(may({ pods }, [app('db')], '10.0.0.1', 5433)).toBe(false)
    expect(may({ pods }, [app('db')], '::ffff:10.0.0.1', 5432)).toBe(true)
  })
  it('whose namespace nobody told of have no labels that an allow could count on', () => {
    const prod = {
      matchExpressions: [{ key: 'env', operator: 'NotIn' as const, values: ['prod'] }],
    }
    expect(may({ pods }, [{ namespaces: prod }], '10.0.0.1', 5432)).toBe(false)
    const namespaces = [{ name: 'shop' }]
    expect(may({ pods, namespaces }, [{ namespaces: prod }], '10.0.0.1', 5432)).toBe(true)
    const rail = (known: Partial<Cluster>) =>
      evaluate(
        [
          loaded({
            mode: 'enforce',
            deny: [{ egress: { to: [{ namespaces: { matchLabels: { env: 'prod' } } }] } }],
          }),
        ],
        { kind: 'egress', exe: '/a', from: null, protocol: 'TCP', address: '10.0.0.1', port: 1 },
        { cluster: cluster(known) },
      ).enforced.verdict
    expect(rail({ pods })).toBe('deny')
    expect(rail({ pods, namespaces })).toBe('allow')
  })
  it('that ended, or share their node’s network, or an address, are not taken for one', () => {
    const one = (...pods: ClusterPod[]) => may({ pods }, [app('db')], '10.0.0.1', 5432)
    expect(one(pod('10.0.0.1', 'db'))).toBe(true)
    expect(one(pod('10.0.0.1', 'db', { phase: 'Succeeded' }))).toBe(false)
    expect(one(pod('10.0.0.1', 'db', { hostNetwork: true }))).toBe(false)
    expect(one(pod('10.0.0.1', 'db'), pod('10.0.0.1', 'web'))).toBe(false)
    expect(one(pod('10.0.0.1', 'db'), pod('10.0.0.1', 'web', { phase: 'Failed' }))).toBe(true)
    expect(one(pod('10.0.0.1', 'db'), pod('10.0.0.1', 'agent', { hostNetwork: true }))).toBe(false)
    expect(
      may({ pods: [pod('10.0.0.1', 'db')], nodes: ['10.0.0.1'] }, [app('db')], '10.0.0.1', 5432),
    ).toBe(false)
    for (const special of [
      '127.0.0.1',
      '169.254.169.254',
      '224.0.0.1',
      '::1',
      'fe80::1',
      '0.0.0.0',
    ])
      expect(may({ pods: [pod(special, 'db')] }, [app('db')], special, 5432), special).toBe(false)
  })
})

describe('services', () => {
  const db = pod('10.0.0.1', 'db')
  const web = pod('10.0.0.2', 'web')
  it('that lead only to allowed pods are allowed, by the port behind them', () => {
    const known = { pods: [db, web], services: [service('db')] }
    expect(may(known, [app('db')], '10.96.0.1', 80)).toBe(true)
    expect(may(known, [app('db')], '10.96.0.1', 80, [80])).toBe(false)
    expect(may(known, [app('db')], '10.96.0.1', 81)).toBe(false)
    expect(may(known, [app('web')], '10.96.0.1', 80)).toBe(false)
    expect(may({ pods: [web], services: [service('db')] }, [app('db')], '10.96.0.1', 80)).toBe(
      false,
    )
    expect(may(known, [{ cidr: '10.0.0.0/24' }], '10.96.0.1', 80)).toBe(false)
  })
  it('that lead elsewhere as well are not, unless that is allowed, too', () => {
    const both = service('db', { selector: { app: 'x' } })
    const slices = [
      {
        namespace: 'shop',
        service: 'db',
        ports: [{ name: '', protocol: 'TCP' as const, port: 5432 }],
        addresses: ['10.0.0.1', '10.0.0.2'],
      },
    ]
    const known = { pods: [db, web], services: [both], slices }
    expect(may(known, [app('db')], '10.96.0.1', 80)).toBe(false)
    expect(may(known, [app('db'), app('web')], '10.96.0.1', 80)).toBe(true)
    const separate = [
      { to: [app('db')], ports: [5432] },
      { to: [app('web')], ports: [5432] },
    ]
    expect(
      evaluate(
        [loaded({ mode: 'enforce', processes: [{ exe: '/a', egress: separate }] })],
        { kind: 'egress', exe: '/a', from: null, protocol: 'TCP', address: '10.96.0.1', port: 80 },
        { cluster: cluster(known) },
      ).enforced.verdict,
    ).toBe('allow')
    const [slice] = slices
    const outside = [{ ...slice, addresses: ['10.0.0.1', '203.0.113.1'] }] as typeof slices
    expect(may({ ...known, slices: outside }, [app('db')], '10.96.0.1', 80)).toBe(false)
  })
  it('by name are their own ports and those behind them', () => {
    const known = { pods: [db, web], services: [service('db')] }
    const peer: Peer = { services: { name: 'db' } }
    expect(may(known, [peer], '10.96.0.1', 80, [80])).toBe(true)
    expect(may(known, [peer], '10.0.0.1', 5432)).toBe(true)
    expect(may(known, [peer], '10.0.0.1', 5433, [5433])).toBe(false)
    expect(may(known, [peer], '10.0.0.2', 5432)).toBe(false)
    expect(may(known, [{ services: { name: 'db', namespace: 'x' } }], '10.96.0.1', 80, [80])).toBe(
      false,
    )
    expect(may({}, [peer], '10.96.0.1', 80, [80])).toBe(false)
  })
  it('by named ports, node ports and external addresses', () => {
    const ports = [
      { name: '', protocol: 'TCP' as const, port: 80, targetPort: 'pg', nodePort: 30000 },
    ]
    const known = {
      pods: [db],
      services: [
        service('db', { ports, addresses: ['10.96.0.1', '192.0.2.9', '169.254.169.254'] }),
      ],
      nodes: ['172.18.0.2'],
    }
    for (const [address, port] of [
      ['10.96.0.1', 80],
      ['192.0.2.9', 80],
      ['172.18.0.2', 30000],
    ] as const)
      expect(may(known, [app('db')], address, port), address).toBe(true)
    expect(may(known, [app('db')], '172.18.0.2', 80)).toBe(false)
    expect(may(known, [app('db')], '169.254.169.254', 80)).toBe(false)
  })
  it('are no way to what a rail denies', () => {
    const known = {
      services: [service('db', { selector: null })],
      slices: [
        {
          namespace: 'shop',
          service: 'db',
          ports: [{ name: '', protocol: 'TCP' as const, port: 80 }],
          addresses: ['169.254.169.254'],
        },
      ],
    }
    const metadata = loaded({
      mode: 'enforce',
      deny: [{ egress: { to: [{ cidr: '169.254.169.254/32' }] } }],
    })
    const asked = {
      kind: 'egress',
      exe: '/a',
      from: null,
      protocol: 'TCP',
      address: '10.96.0.1',
      port: 80,
    } as const
    expect(evaluate([metadata], asked, { cluster: cluster(known) }).enforced).toMatchObject({
      verdict: 'deny',
      path: 'spec.deny[0]',
    })
    expect(evaluate([metadata], asked).enforced.verdict).toBe('allow')
  })
})

describe('what is implied', () => {
  const facts: PodFacts = {
    node: ['172.18.0.2'],
    probes: [8081],
    sidecar: {
      name: 'istio-proxy',
      inbound: [15006],
      outbound: [{ protocol: 'TCP', port: 15001 }],
    },
  }
  const policy = loaded({
    mode: 'enforce',
    processes: [
      { exe: '/app', ingress: [{ from: [{ cidr: '10.0.0.0/24' }], ports: [8080] }] },
      { exe: '/proxy' },
    ],
  })
  const hears = (exe: string, address: string, port: number, looped = false, pod?: PodFacts) =>
    evaluate(
      [policy],
      { kind: 'ingress', exe, from: null, protocol: 'TCP', address, port, looped },
      pod ? { pod } : {},
    ).enforced.verdict === 'allow'

  it('is nothing where nothing is known of the pod', () => {
    expect(hears('/app', '172.18.0.2', 8081)).toBe(false)
    expect(hears('/app', '127.0.0.1', 8080, true)).toBe(false)
  })
  it('lets the kubelet ask the ports of probes, for processes that are listed', () => {
    expect(hears('/app', '172.18.0.2', 8081, false, facts)).toBe(true)
    expect(hears('/app', '172.18.0.2', 8082, false, facts)).toBe(false)
    expect(hears('/app', '10.0.0.1', 8081, false, facts)).toBe(false)
    expect(hears('/other', '172.18.0.2', 8081, false, facts)).toBe(false)
  })
  it('lets a sidecar hear for others, and its own pod be heard by it', () => {
    expect(hears('/proxy', '10.0.0.1', 15006, false, facts)).toBe(true)
    expect(hears('/proxy', '10.0.1.1', 15006, false, facts)).toBe(false)
    expect(hears('/proxy', '10.0.1.1', 15001, true, facts)).toBe(true)
    expect(hears('/proxy', '10.0.1.1', 15001, false, facts)).toBe(false)
    expect(hears('/app', '127.0.0.6', 8080, true, facts)).toBe(true)
    expect(hears('/app', '127.0.0.6', 8082, true, facts)).toBe(false)
  })
})

it('knowing nothing of a cluster never allows more, but for what rails would deny', () => {
  fc.assert(
    fc.property(
      arbitraryPolicies,
      arbitraryCluster,
      arbitraryDecision,
      (policies, known, decision) => {
        const allows = policies.filter(({ policy }) => !policy.spec.deny)
        const blind = evaluate(allows, decision).enforced.verdict
        const seeing = evaluate(allows, decision, { cluster: indexCluster(known) }).enforced.verdict
        if (blind === 'allow') expect(seeing).toBe('allow')
      },
    ),
    { numRuns: 3000 },
  )
})
