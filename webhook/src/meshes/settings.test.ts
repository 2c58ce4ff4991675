// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import type { Manifest } from '../specimens.ts'
import { meshes } from './index.ts'
import { resolveSettings, wantedOf } from './resolve-settings.ts'

const none = clusterObjects([], [])

test('what is given by name is read, and every mistake is told at once', () => {
  const given = { istio: { version: 1.26, autoInject: true, colour: 1 }, mush: {}, linkerd: 3 }
  const { settings, problems } = resolveSettings(meshes, given, none)
  expect(settings.istio).toEqual({ version: '1.26' })
  expect(problems.map(({ path }) => path)).toEqual([
    ...['mush', 'istio.autoInject', 'istio.colour', 'linkerd'],
  ])
})

test.each([[], 'x', 3])('settings that are no mapping: %j', (given) => {
  expect(resolveSettings(meshes, given, none).problems).toHaveLength(1)
})

const injector: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio-sidecar-injector', namespace: 'istio-system' },
  data: {
    config: 'policy: disabled\nneverInjectSelector:\n  - matchLabels: { build: x }\n',
    values: '{"sidecarInjectorWebhook":{"enableNamespacesByDefault":true}}',
  },
}
const istiod: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'istiod', namespace: 'istio-system' },
  spec: { template: { spec: { containers: [{ image: 'docker.io/istio/pilot:1.26.8' }] } } },
}
const plugin: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'istio-cni-node', namespace: 'istio-system' },
}

test("Istio's own objects tell its settings, and what is given wins over them", () => {
  const objects = clusterObjects([injector, istiod, plugin], wantedOf(meshes))
  const read = resolveSettings(meshes, {}, objects).settings.istio
  expect(read).toMatchObject({
    version: '1.26.8',
    autoInject: 'disabled',
    neverInject: [{ matchLabels: { build: 'x' } }],
    namespacesByDefault: true,
    cni: true,
  })
  const given = { istio: { autoInject: 'enabled' } }
  expect(resolveSettings(meshes, given, objects).settings.istio).toMatchObject({
    version: '1.26.8',
    autoInject: 'enabled',
  })
})

test('only what a mesh reads is kept', () => {
  const other = { ...injector, metadata: { name: 'shop-settings', namespace: 'shop' } }
  expect(clusterObjects([other, injector], wantedOf(meshes)).byKind.get('ConfigMap')).toHaveLength(
    1,
  )
})
