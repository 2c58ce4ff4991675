// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { besideFindings, type BesideKnowledge } from './beside.ts'
import { clusterObjects } from './cluster-objects.ts'
import { injectorsOf } from './injectors.ts'
import { meshes } from './meshes/index.ts'
import { resolveSettings, wantedOf } from './meshes/resolve-settings.ts'
import { istioConfiguration, type Manifest } from './specimens.ts'

function known(...objects: Manifest[]): BesideKnowledge {
  const all = clusterObjects(objects, wantedOf(meshes))
  return {
    objects: all,
    injectors: objects.flatMap(injectorsOf),
    settings: resolveSettings(meshes, {}, all).settings,
    namespaces: new Map(),
    subjects: [],
  }
}

function configuration(more: Manifest): Manifest {
  const made = istioConfiguration('default', ['namespace', 'object'])
  const webhooks = (made.webhooks as Manifest[]).map((one, index) =>
    index === 1 ? { ...one, ...more } : one,
  )
  return { ...made, webhooks }
}

const found = (more: Manifest) =>
  besideFindings(meshes, known(configuration(more))).map(({ finding, object }) => [
    finding.id,
    finding.object,
    finding.path,
    object.kind,
  ])

const key = 'MutatingWebhookConfiguration/istio-sidecar-injector-default'

test('a finding lands on the object that it is about, with a path in it', () => {
  expect(found({ failurePolicy: 'Ignore' })).toEqual([
    ['failure-policy-ignore', key, 'webhooks[1].failurePolicy', 'MutatingWebhookConfiguration'],
  ])
  expect(found({ failurePolicy: 'Fail' })).toEqual([])
  expect(found({ rules: [] })).toEqual([
    ['injector-config-tampered', key, 'webhooks[1].rules', 'MutatingWebhookConfiguration'],
  ])
})

const peers = (mode: string): Manifest => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'shop' },
  spec: { mtls: { mode } },
})

test("a mesh's own resource", () => {
  const [one] = besideFindings(meshes, known(peers('DISABLE')))
  expect(one?.finding).toMatchObject({
    id: 'tlsmode-label',
    mesh: 'istio',
    object: 'PeerAuthentication/shop/default',
    path: 'spec.mtls.mode',
  })
  expect(besideFindings(meshes, known(peers('STRICT')))).toEqual([])
})

test('an object of another group that has the same kind is another object', () => {
  const other = { ...peers('DISABLE'), apiVersion: 'example.com/v1' }
  expect(besideFindings(meshes, known(other))).toEqual([])
})
