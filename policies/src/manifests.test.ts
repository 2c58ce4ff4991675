// SPDX-License-Identifier: Apache-2.0
// Manifests as people write and kubectl prints them → what is known of a cluster, or every problem with its place.
import { describe, expect, it } from 'vitest'
import { formatProblem } from './problem.ts'
import { readManifests, type ManifestMemory } from './manifests.ts'

const read = (text: string) => readManifests([{ file: 'a.yaml', text }])

describe('manifests', () => {
  it('are pods, namespaces, nodes, Services and slices, single or in lists', () => {
    const { cluster, objects, problems } = read(`
apiVersion: v1
kind: List
items:
  - kind: Pod
    metadata: { name: db-0, namespace: shop, labels: { app: db } }
    spec: { containers: [{ name: db, ports: [{ name: pg, containerPort: 5432 }] }] }
    status: { phase: Running, hostIP: 172.18.0.2, podIP: 10.0.0.1, podIPs: [{ ip: 10.0.0.1 }, { ip: "fd00::1" }] }
  - { kind: Namespace, metadata: { name: shop, labels: { team: a } } }
  - { kind: Deployment, metadata: { name: passed over } }
---
kind: ServiceList
items:
  - metadata: { name: db, namespace: shop }
    spec: { clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1], selector: { app: db }, ports: [{ port: 80, targetPort: pg, nodePort: 30080 }] }
    status: { loadBalancer: { ingress: [{ ip: 192.0.2.1 }, { hostname: lb.example.com }] } }
  - metadata: { name: headless }
    spec: { clusterIP: None, ports: [{ port: 80 }] }
---
kind: EndpointSlice
metadata: { name: db-x, namespace: shop, labels: { kubernetes.io/service-name: db } }
addressType: IPv4
ports: [{ name: "", port: 5432 }]
endpoints:
  - { addresses: [10.0.0.1] }
  - { addresses: [10.0.0.2], conditions: { ready: false } }
  - { addresses: [10.0.0.3], conditions: { ready: false, serving: true, terminating: true } }
---
kind: Node
status: { addresses: [{ type: InternalIP, address: 172.18.0.3 }, { type: Hostname, address: n1 }] }
`)
    expect(problems).toEqual([])
    expect(objects).toHaveLength(6)
    expect(cluster.pods).toEqual([
      {
        namespace: 'shop',
        name: 'db-0',
        labels: { app: 'db' },
        addresses: ['10.0.0.1', 'fd00::1'],
        hostNetwork: false,
        phase: 'Running',
        ports: [{ name: 'pg', protocol: 'TCP', port: 5432 }],
      },
    ])
    expect(cluster.namespaces).toEqual([{ name: 'shop', labels: { team: 'a' } }])
    expect(cluster.services.map((one) => one.addresses)).toEqual([['10.96.0.1', '192.0.2.1'], []])
    expect(cluster.services[0]?.ports).toEqual([
      { name: '', protocol: 'TCP', port: 80, targetPort: 'pg', nodePort: 30080 },
    ])
    expect(cluster.slices[0]?.addresses).toEqual(['10.0.0.1', '10.0.0.3'])
    expect(cluster.nodes).toEqual(['172.18.0.2', '172.18.0.3'])
  })

  it('that are something else than Kubernetes has are told with their place, all at once', () => {
    const { problems } = read(`kind: Pod
metadata: { name: a, labels: { app: 1 } }
status: { podIPs: [{ ip: 10.0.0.300 }] }
---
kind: Service
metadata: {}
spec:
  ports:
    - { port: 70000, protocol: tcp }
`)
    expect(problems.map(formatProblem)).toEqual([
      'a.yaml:2:30 metadata.labels: found {"app":1}, expected texts by name (correct it)',
      'a.yaml:3:26 status.podIPs[0].ip: found "10.0.0.300", expected an IPv4 or IPv6 address (correct it)',
      'a.yaml:6:11 metadata.name: found no metadata.name, expected one (add metadata.name)',
      'a.yaml:9:15 spec.ports[0].port: found 70000, expected a port from 1 to 65535 (correct it)',
      'a.yaml:9:32 spec.ports[0].protocol: found "tcp", expected TCP, UDP or SCTP (correct it)',
    ])
    expect(read('kind: [').problems).toHaveLength(1)
  })

  it('that did not change are the same objects', () => {
    const memory: ManifestMemory = new Map()
    const files = [
      { file: 'a', text: 'kind: Namespace\nmetadata: { name: a }' },
      { file: 'b', text: 'kind: Namespace\nmetadata: { name: b }' },
    ]
    const before = readManifests(files, memory)
    const after = readManifests([files[1] as (typeof files)[0]], memory)
    expect(after.objects[0]).toBe(before.objects[1])
    expect(memory.size).toBe(1)
  })
})
