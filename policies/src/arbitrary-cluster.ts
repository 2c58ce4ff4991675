// SPDX-License-Identifier: Apache-2.0
// Random clusters for property tests: few names, labels and addresses, so that pods share addresses, Services lead to
// several kinds of pods and to none, and namespaces are not always known.
import fc from 'fast-check'
import type { Cluster, ClusterPod, ClusterService, EndpointSlice } from './cluster.ts'
import type { PodFacts } from './implied.ts'
import type { LabelSelector, Peer } from './policy.gen.ts'

const namespaces = ['shop', 'web', 'db']
export const clusterAddresses = ['10.0.0.1', '10.9.0.7', '192.0.2.1', 'fd00::1', '2001:db8::5']
const services = ['s', 't']
const numbers = [53, 80, 443, 8080]

const namespace = fc.constantFrom(...namespaces)
const address = fc.constantFrom(...clusterAddresses, '127.0.0.1')
const port = fc.constantFrom(...numbers)
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const)
const some = <T>(one: fc.Arbitrary<T>, maxLength = 3) => fc.array(one, { maxLength })
const labels = fc.record(
  { app: fc.constantFrom('a', 'b'), tier: fc.constantFrom('x', 'y') },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>

const selector: fc.Arbitrary<LabelSelector> = fc.constantFrom<LabelSelector>(
  {},
  { matchLabels: { app: 'a' } },
  { matchLabels: { app: 'b', tier: 'x' } },
  { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] },
  { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
)
const namespaceSelector = fc.oneof(
  selector,
  fc.constantFrom<LabelSelector>(
    { matchLabels: { 'kubernetes.io/metadata.name': 'db' } },
    { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] },
  ),
)

export const selectingPeer: fc.Arbitrary<Peer> = fc.oneof(
  fc.record({ pods: selector }),
  fc.record({ namespaces: namespaceSelector }),
  fc.record({ pods: selector, namespaces: namespaceSelector }),
  fc.record({ services: fc.record({ name: fc.constantFrom(...services), namespace }) }),
  fc.record({ services: fc.record({ name: fc.constantFrom(...services) }) }),
)

const pod: fc.Arbitrary<ClusterPod> = fc.record({
  namespace,
  name: fc.constant('p'),
  labels,
  addresses: some(address, 2),
  hostNetwork: fc.constantFrom(false, false, false, true),
  phase: fc.constantFrom('Running', 'Running', 'Succeeded', ''),
  ports: some(fc.record({ name: fc.constantFrom('http', 'dns'), protocol, port }), 2),
})

const service: fc.Arbitrary<ClusterService> = fc.record({
  namespace,
  name: fc.constantFrom(...services),
  addresses: some(address, 2),
  ports: some(
    fc.record(
      {
        name: fc.constantFrom('', 'q'),
        protocol,
        port,
        targetPort: fc.oneof(port, fc.constantFrom('http', 'dns')),
        nodePort: port,
      },
      { requiredKeys: ['name', 'protocol', 'port', 'targetPort'] },
    ),
    2,
  ),
  selector: fc.option(labels),
})

const slice: fc.Arbitrary<EndpointSlice> = fc.record({
  namespace,
  service: fc.constantFrom(...services),
  ports: some(
    fc.record({ name: fc.constantFrom('', 'q'), protocol, port: fc.option(port, { freq: 9 }) }),
    2,
  ),
  addresses: some(address),
})

export const arbitraryCluster: fc.Arbitrary<Cluster> = fc.record({
  pods: some(pod, 5),
  namespaces: fc.uniqueArray(fc.record({ name: namespace, labels }), {
    selector: ({ name }) => name,
    maxLength: 3,
  }),
  services: fc.uniqueArray(service, {
    selector: ({ namespace: of, name }) => `${of}/${name}`,
    maxLength: 3,
  }),
  slices: some(slice, 3),
  nodes: some(fc.constantFrom('192.0.2.1', 'fd00::1'), 1),
})

export const arbitraryFacts: fc.Arbitrary<PodFacts | undefined> = fc.option(
  fc.record({
    node: some(fc.constantFrom('10.0.0.1', '2001:db8::5'), 2),
    probes: some(port, 2),
    sidecar: fc.option(
      fc.record({
        name: fc.constant('istio-proxy'),
        inbound: fc.constant([8080]),
        outbound: fc.constant([{ protocol: 'UDP' as const, port: 53 }]),
      }),
    ),
  }),
  { nil: undefined },
)
