// SPDX-License-Identifier: Apache-2.0
// What Linkerd's own configuration tells of it, and what follows for manifests.
import { expect, test } from 'vitest'
import { clusterObjects } from '../cluster-objects.ts'
import { app, deploymentOf, istioProxy, linkerdProxy, type PodParts } from '../specimens.ts'
import { cover } from './cases.ts'
import { linkerd } from './linkerd.ts'

const config = (values: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'linkerd-config', namespace: 'linkerd' },
  data: { values },
})
const ids = (parts: PodParts, settings = {}) =>
  cover(linkerd, { object: deploymentOf(parts), settings }).hits.map(({ id }) => id)
const note = (name: string, value: string): PodParts => ({
  annotations: { [`config.linkerd.io/${name}`]: value },
})

test('settings come from the values of the chart', () => {
  const read = (values: string) =>
    linkerd.settingsFrom(clusterObjects([config(values)], linkerd.reads))
  expect(
    read(
      'linkerdVersion: stable-2.14.10\ncniEnabled: true\ndisableIPv6: false\nproxy: { nativeSidecar: false }',
    ),
  ).toEqual({ version: '2.14.10', cni: true, disableIPv6: false, nativeSidecar: false })
  expect(read('linkerdVersion: edge-26.8.1')).toEqual({})
  const agent = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'linkerd-cni' } }
  expect(linkerd.settingsFrom(clusterObjects([agent], linkerd.reads))).toEqual({ cni: true })
})

test('init containers run first where native sidecars are off', () => {
  const init = { initContainers: [{ ...app, name: 'fetch' }] }
  expect(ids(init)).toEqual([])
  expect(ids(init, { nativeSidecar: false })).toEqual(['init-before-capture'])
  expect(ids(init, { nativeSidecar: false, cni: true })).toEqual([])
  expect(ids({ ...init, ...note('proxy-enable-native-sidecar', 'false') })).toEqual([
    'native-sidecar-optout',
    'init-before-capture',
  ])
})

test.each<[string, PodParts, string[]]>([
  ['another init image', note('init-image', 'a.example/init'), ['proxy-image-override']],
  ['an older release', note('proxy-version', 'stable-2.14.0'), ['proxy-image-override']],
  ['a version that is none', note('proxy-version', 'latest'), ['proxy-image-override']],
  ['the user of root', note('proxy-uid', '0'), ['proxy-uid-realigned']],
  ['another user', note('proxy-uid', '3000'), []],
  [
    'clients of the cluster',
    note('default-inbound-policy', 'cluster-unauthenticated'),
    ['linkerd-l7-blind'],
  ],
  [
    'the name of the proxy as an init container',
    { initContainers: [{ ...app, name: 'linkerd-proxy' }] },
    ['fake-sidecar-name'],
  ],
  [
    'the image of the proxy as one',
    { initContainers: [{ ...app, image: 'cr.l5d.io/linkerd/proxy:1' }] },
    ['fake-sidecar-image'],
  ],
  [
    'the name of another proxy',
    { containers: [app, { ...app, name: 'istio-proxy' }] },
    ['fake-sidecar-name'],
  ],
  ['another proxy', { containers: [app, istioProxy] }, ['cross-mesh-collision']],
])('%s', (_name, parts, found) => {
  expect(ids(parts)).toEqual(found)
})

test('its own sidecar, by hand', () => {
  expect(ids({ initContainers: [{ ...linkerdProxy }] })).not.toContain('fake-sidecar-name')
})
