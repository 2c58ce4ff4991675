// SPDX-License-Identifier: Apache-2.0
// What somebody did with a pod or around it: found in what runs, and not in what came the usual way.
import { expect, test } from 'vitest'
import { made } from './catalogue/fixtures/fixture.ts'
import { coverageOf } from './coverage.ts'
import { meshNamed } from './meshes/index.ts'
import { jaegerPod } from './meshes/jaeger-specimens.ts'
import { kumaPod } from './meshes/kuma-specimens.ts'
import { namespaceOf } from './namespace.ts'
import { app, istioPod, istioStatus, namespaceObject, podOf, type Manifest } from './specimens.ts'
import { subjectOf } from './subject.ts'

const enabled = { labels: { 'istio-injection': 'enabled' } }
type Around = { mesh?: string; namespace?: object; ownerTrusted?: boolean; user?: string }

function ids(object: Manifest, around: Around = {}): string[] {
  const { mesh: name = 'istio', namespace = enabled, ownerTrusted, user } = around
  const [mesh, subject] = [meshNamed(name), subjectOf(object)]
  if (mesh === null || subject === null) throw new Error('nothing to judge')
  const { hits } = coverageOf(mesh, subject, {
    namespace: namespaceOf(namespaceObject('shop', namespace)),
    injectors: [],
    settings: {},
    requester: user === undefined ? null : { user, groups: [] },
    ...(ownerTrusted === undefined ? {} : { ownerTrusted }),
  })
  return hits.map(({ id }) => id)
}

test('a namespace that asked once: its pods have what a new one would not get', () => {
  expect(ids(made(istioPod()))).toEqual([])
  expect(ids(made(istioPod()), { namespace: {} })).toEqual(['ns-label-drift'])
  const off = { labels: { 'istio-injection': 'disabled' } }
  expect(ids(made(istioPod()), { namespace: off })).toEqual(['ns-label-drift'])
  expect(ids(made(kumaPod()), { mesh: 'kuma', namespace: {} })).toEqual(['ns-label-drift'])
})

test('not where the pod itself asks, or refuses', () => {
  const own = (value: string) => made(istioPod({ labels: { 'sidecar.istio.io/inject': value } }))
  expect(ids(own('true'), { namespace: {} })).toEqual([])
  expect(ids(own('false'))).not.toContain('ns-label-drift')
})

test('not at admission, nor for an injector of workloads, whose word is not on the pod', () => {
  expect(ids(made(istioPod()), { namespace: {}, user: 'jane' })).toEqual([])
  expect(ids(made(jaegerPod()), { mesh: 'jaeger', namespace: {} })).not.toContain('ns-label-drift')
})

const alone = { ownerReferences: [] }

test('a copy that kept its sidecar and lost what asks for it', () => {
  expect(ids(made(istioPod(), alone), { namespace: {} })).toEqual(['debug-copy'])
  expect(ids(made(istioPod(), alone))).toEqual([])
})

test('a copy that kept its marks and lost its sidecar', () => {
  expect(ids(made(podOf({ annotations: istioStatus }), alone))).toContain('debug-copy')
  expect(ids(made(podOf({ annotations: istioStatus })))).not.toContain('debug-copy')
})

test('an owner that the sender does not speak for hides no debug pod', () => {
  const spec = {
    hostPID: true,
    hostNetwork: true,
    volumes: [{ name: 'h', hostPath: { path: '/' } }],
  }
  expect(ids(made(podOf({ spec })), { ownerTrusted: false })).toContain('debug-node-pod')
  expect(ids(made(podOf({ spec })), { ownerTrusted: true })).not.toContain('debug-node-pod')
})

test('who enters the pod gets into the sidecar', () => {
  const entering = (name: string) =>
    ids(made(istioPod({ annotations: { 'kubectl.kubernetes.io/default-container': name } })))
  expect(entering('istio-proxy')).toEqual(['exec-into-proxy'])
  expect(entering('app')).toEqual([])
})

test('labels and annotations of a mesh that were written while the pod was running', () => {
  const written = (marks: string, key: string, time: string) =>
    ids(
      made(istioPod(), {
        managedFields: [
          {
            manager: 'kubectl',
            time,
            fieldsV1: { 'f:metadata': { [marks]: { [`f:${key}`]: {} } } },
          },
        ],
      }),
    )
  const [created, later] = ['2026-03-01T10:00:00Z', '2026-03-01T10:00:01Z']
  expect(written('f:labels', 'istio.io/rev', later)).toEqual(['post-create-metadata'])
  expect(written('f:annotations', 'linkerd.io/inject', later)).toEqual(['post-create-metadata'])
  expect(written('f:labels', 'istio.io/rev', created)).toEqual([])
  expect(written('f:labels', 'team', later)).toEqual([])
  expect(written('f:annotations', 'ambient.istio.io/redirection', later)).toEqual([])
  expect(written('f:labels', 'istio.io/rev', 'yesterday')).toEqual([])
})

test('a manifest of a pod that carries its sidecar along is judged by what it carries as well', () => {
  const plain = istioPod()
  expect(ids(plain)).toEqual([])
  const spec = plain.spec as { initContainers: Manifest[] }
  const first = { ...plain, spec: { ...spec, initContainers: [app, ...spec.initContainers] } }
  expect(ids(first)).toContain('init-before-capture')
})
