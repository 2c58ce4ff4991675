// SPDX-License-Identifier: Apache-2.0
// What a pod's manifest implies: probes by number and by name, sidecars and where their redirect leads.
import { expect, it } from 'vitest'
import { podFacts } from './pod-facts.ts'

const facts = (spec: object, status: object = { hostIP: '172.18.0.2' }) =>
  podFacts({ metadata: { name: 'a' }, spec, status }, ['10.244.0.1'])

it('finds the ports of every kind of probe', () => {
  const ports = [{ name: 'health', containerPort: 8081 }]
  const found = facts({
    containers: [
      { name: 'a', ports, readinessProbe: { httpGet: { port: 'health' } } },
      { name: 'b', livenessProbe: { tcpSocket: { port: 5432 } }, startupProbe: { exec: {} } },
      { name: 'c', lifecycle: { preStop: { httpGet: { port: '9000' } } } },
      {
        name: 'd',
        livenessProbe: { grpc: { port: 9001 } },
        readinessProbe: { httpGet: { port: 'unknown' } },
      },
    ],
    initContainers: [
      { name: 'sidecar', restartPolicy: 'Always', startupProbe: { httpGet: { port: 15021 } } },
      { name: 'once', livenessProbe: { httpGet: { port: 1 } } },
    ],
  })
  expect(found).toEqual({
    node: ['10.244.0.1', '172.18.0.2'],
    probes: [5432, 8081, 9000, 9001, 15021],
    sidecar: null,
  })
})

it('knows sidecars, with the ports that the redirect was told', () => {
  expect(facts({ containers: [{ name: 'a' }, { name: 'linkerd-proxy' }] })?.sidecar).toEqual({
    name: 'linkerd-proxy',
    inbound: [4143],
    outbound: [{ protocol: 'TCP', port: 4140 }],
  })
  const told = facts({
    containers: [{ name: 'a' }],
    initContainers: [
      { name: 'istio-init', args: ['istio-iptables', '-p', '25001', '-z', '25006', '-u', '1337'] },
      { name: 'istio-proxy', restartPolicy: 'Always' },
    ],
  })
  expect(told?.sidecar).toMatchObject({
    inbound: [25006],
    outbound: [{ port: 25001 }, { port: 15053 }, { port: 15053 }],
  })
})

it('says nothing of a pod on its node’s network, nor where there is nothing to say', () => {
  const probe = { name: 'a', livenessProbe: { httpGet: { port: 80 } } }
  expect(facts({ hostNetwork: true, containers: [probe] })).toBeUndefined()
  expect(facts({ containers: [{ name: 'a' }] })).toBeUndefined()
  expect(podFacts({ metadata: {} }, [])).toBeUndefined()
})
