// SPDX-License-Identifier: Apache-2.0
// Checks that look at what is around the pod: its node, its namespace, and whose pod it is.
import { expect, test } from 'vitest'
import { made } from '../catalogue/fixtures/fixture.ts'
import { cover, type Case } from '../meshes/cases.ts'
import { consul } from '../meshes/consul.ts'
import { consulCniPod } from '../meshes/consul-specimens.ts'
import { istio } from '../meshes/istio.ts'
import { linkerd } from '../meshes/linkerd.ts'
import type { Mesh } from '../meshes/mesh.ts'
import { app, deploymentOf, istioPod, podOf, type Manifest } from '../specimens.ts'

const ids = (mesh: Mesh, one: Omit<Case, 'name' | 'verdict'>) =>
  cover(mesh, { finished: one.object.status !== undefined, ...one }).hits.map(({ id }) => id)

const node = (more: Manifest = {}, spec: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', creationTimestamp: '2026-03-01T09:58:00Z', ...more },
  spec,
})

test('a pod on a virtual node is known by its node', () => {
  const at = (one: Manifest) => ids(istio, { object: made(istioPod()), objects: [one] })
  expect(at(node())).toEqual([])
  expect(at(node({ labels: { type: 'virtual-kubelet' } }))).toEqual(['virtual-node'])
  expect(at(node({}, { taints: [{ key: 'virtual-kubelet.io/provider' }] }))).toEqual([
    'virtual-node',
  ])
})

test('a pod of the node itself is a static one, with the annotation or without it', () => {
  const ownerReferences = [{ kind: 'Node', name: 'node-1', controller: true }]
  const object = made(istioPod(), { ownerReferences })
  expect(ids(istio, { object })).toEqual(['static-pod', 'mirror-pod-illusion'])
})

test('a CNI plugin, a new node, and nothing that waits', () => {
  const object = made(consulCniPod())
  const at = (created: string) =>
    ids(consul, {
      object,
      objects: [node({ creationTimestamp: created })],
      namespace: {},
    })
  expect(at('2026-03-01T09:58:00Z')).toEqual(['cni-race'])
  expect(at('2026-02-01T09:58:00Z')).toEqual([])
})

test('users that OpenShift gives by the range of the namespace', () => {
  const ranged = (range: string, mesh: Mesh = istio) =>
    ids(mesh, {
      object: deploymentOf(),
      namespace: {
        labels: { 'istio-injection': 'enabled' },
        annotations: { 'linkerd.io/inject': 'enabled', 'openshift.io/sa.scc.uid-range': range },
      },
    })
  expect(ranged('1337/10000')).toEqual(['app-as-proxy-uid'])
  expect(ranged('2102-2200', linkerd)).toEqual(['app-as-proxy-uid'])
  expect(ranged('1000650000/10000')).toEqual([])
  expect(ranged('1337')).toEqual([])
})

test('pods that will get addresses of both families', () => {
  const will = (mesh: Mesh, podCIDRs: string[], settings = {}) =>
    ids(mesh, { object: deploymentOf(), objects: [node({}, { podCIDRs })], settings })
  const both = ['10.0.0.0/24', 'fd00::/64']
  for (const mesh of [istio, linkerd]) {
    expect(will(mesh, both)).toEqual(['ipv6'])
    expect(will(mesh, ['10.0.0.0/24'])).toEqual([])
  }
  expect(will(istio, both, { dualStack: true })).toEqual([])
  expect(will(linkerd, both, { disableIPv6: false })).toEqual([])
})

test('without a configuration of the injector in a whole cluster it is called by nobody', () => {
  const complete = ['MutatingWebhookConfiguration']
  expect(ids(istio, { object: podOf(), complete })).toEqual(['injector-config-tampered'])
  expect(ids(istio, { object: podOf() })).toEqual([])
})

test('the node as a resolver', () => {
  const spec = { hostNetwork: true }
  const container = { containers: [app] }
  expect(ids(istio, { object: made(istioPod({ ...container, spec })) })).toContain('dns-exfil')
  const own = { ...spec, dnsPolicy: 'ClusterFirstWithHostNet' }
  expect(ids(istio, { object: made(istioPod({ ...container, spec: own })) })).not.toContain(
    'dns-exfil',
  )
})
