// SPDX-License-Identifier: Apache-2.0
// What users lay over Istio's containers and its configuration, both ways.
import { expect, test } from 'vitest'
import { made } from '../catalogue/fixtures/fixture.ts'
import { app, deploymentOf, istioPod, type Manifest, type PodParts } from '../specimens.ts'
import { cover, type Case } from './cases.ts'
import { istio } from './istio.ts'

const ids = (one: Omit<Case, 'name' | 'verdict'>) =>
  cover(istio, { finished: one.object.status !== undefined, ...one }).hits.map(({ id }) => id)
const will = (parts: PodParts, settings = {}) => ids({ object: deploymentOf(parts), settings })
const note = (key: string, value: string): PodParts => ({ annotations: { [key]: value } })
const config = (value: string) => will(note('proxy.istio.io/config', value))
const proxy = (more: Manifest) =>
  will({ containers: [app, { name: 'istio-proxy', image: 'auto', ...more }] })

test.each<[string, Manifest, string[]]>([
  ['nothing', {}, []],
  ['resources', { resources: { limits: { cpu: '1' } } }, []],
  ['no Envoy', { env: [{ name: 'DISABLE_ENVOY', value: 'true' }] }, ['disable-envoy']],
  ['Envoy', { env: [{ name: 'DISABLE_ENVOY', value: 'false' }] }, []],
  [
    'a value from elsewhere',
    { env: [{ name: 'DISABLE_ENVOY', valueFrom: {} }] },
    ['disable-envoy'],
  ],
  ['variables from elsewhere', { envFrom: [{}] }, ['proxymetadata-disables-redirect']],
  ['root', { securityContext: { runAsUser: 0 } }, ['proxy-uid-realigned']],
  ['a command', { command: ['sleep'] }, ['user-istio-proxy']],
])('a container of the sidecar in a manifest: %s', (_name, more, found) => {
  expect(proxy(more)).toEqual(found)
})

test.each<[string, string[]]>([
  ['{}', []],
  ['{"containers":[{"name":"istio-proxy","resources":{}}]}', []],
  ['{"containers":[{"name":"istio-proxy","image":"auto"}]}', []],
  ['{"containers":[{"image":"a.example/b"}]}', ['proxy-overrides-annotation']],
  ['{"initContainers":[{"command":["true"]}]}', ['proxy-overrides-annotation']],
  [
    '{"containers":[{"env":[{"name":"DISABLE_ENVOY","value":"1"}]}]}',
    ['proxy-overrides-annotation'],
  ],
  ['{"containers":[{"securityContext":{"runAsUser":7}}]}', ['proxy-overrides-annotation']],
  ['{', ['proxy-overrides-annotation']],
])('what the injector kept of it in a pod that runs: %s', (value, found) => {
  expect(ids({ object: made(istioPod(note('proxy.istio.io/overrides', value))) })).toEqual(found)
})

test.each<[string, string[]]>([
  ['concurrency: 2\nholdApplicationUntilProxyStarts: true', []],
  ['proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" }', []],
  ['tracing: { sampling: 0 }', ['proxy-config-override']],
  ['proxyMetadata: { CA_ADDR: "a.example:443" }', ['proxy-config-override']],
  ['binaryPath: /bin/sleep', ['proxy-config-override']],
  [
    'proxyMetadata: { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: "0" }',
    ['proxymetadata-disables-redirect'],
  ],
  ['proxyMetadata: { ISTIO_EXCLUDE_INTERFACES: "" }', []],
  ['a: &x b', ['proxy-config-override']],
])('configuration of the proxy: %s', (value, found) => {
  expect(config(value)).toEqual(found)
})

test('a configuration of any length is read in no time, or not at all', () => {
  expect(config('a'.repeat(64 * 1024))).toEqual([])
  expect(config('a '.repeat(32 * 1024))).toEqual([])
  expect(config('a'.repeat(64 * 1024 + 1))).toEqual(['proxy-config-override'])
})

test('ports to redirect beside the addresses to redirect', () => {
  const traffic = 'traffic.sidecar.istio.io'
  const ports = { [`${traffic}/includeOutboundPorts`]: '443' }
  expect(will({ annotations: ports })).toEqual([])
  const some = { ...ports, [`${traffic}/includeOutboundIPRanges`]: '10.0.0.0/8' }
  expect(will({ annotations: some })).toEqual(['exclude-outbound-ips', 'exclude-outbound-ports'])
  expect(will(note(`${traffic}/includeOutboundPorts`, 'http'))).toEqual([
    'invalid-traffic-annotation',
  ])
})

test('templates, as the ConfigMap of the injector names them all', () => {
  const settings = { templates: ['sidecar', 'gateway', 'grpc-agent', 'ours'] }
  const chosen = (value: string) => will(note('inject.istio.io/templates', value), settings)
  expect(chosen('grpc-agent')).toEqual(['inject-template-override'])
  expect(chosen('sidecar,ours')).toEqual([])
  expect(chosen('ours')).toEqual(['inject-template-override'])
  expect(chosen('theirs')).toEqual(['unknown-template'])
})

test('init containers of a manifest, by what is known of native sidecars', () => {
  const init = { initContainers: [{ ...app, name: 'fetch' }] }
  const found = ['init-before-capture']
  expect(will(init)).toEqual([])
  expect(cover(istio, { object: deploymentOf(init) }).assumed.join()).toContain('native sidecars')
  expect(will(init, { version: '1.26' })).toEqual(found)
  expect(will(init, { nativeSidecars: false })).toEqual(found)
  expect(will(init, { nativeSidecars: true })).toEqual([])
  expect(will(init, { cni: true, version: '1.26' })).toEqual([])
  const refused = { ...init, ...note('sidecar.istio.io/nativeSidecar', 'false') }
  expect(will(refused)).toEqual(['native-sidecar-optout', ...found])
})

test('a revision that does not exist, where every namespace is injected by default', () => {
  const settings = { namespacesByDefault: true }
  const labels = { 'istio.io/rev': 'gone' }
  const bare = { object: made(istioPod({ labels })), namespace: {}, settings }
  const object = { ...(bare.object as { spec: Manifest }), spec: { containers: [app] } }
  expect(ids({ ...bare, object: { ...bare.object, ...object } })).toContain('pod-rev-label-optout')
})
