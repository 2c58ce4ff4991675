// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { scan, type ScanOptions } from './scan.ts'
import { coveragePolicy, istioConfiguration, istioPod, podOf } from './specimens.ts'

const options: ScanOptions = { today: '2026-11-21' }
const only = (text: string, more: Partial<ScanOptions> = {}) =>
  scan([{ file: 'm.yaml', text }], { ...options, ...more })

const shop = `# the shop
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    istio-injection: enabled
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec:
  template:
    metadata: { labels: { app: cart } }
    spec:
      hostNetwork: true
      containers: [{ name: app, image: shop/cart }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata:
      annotations:
        traffic.sidecar.istio.io/excludeOutboundPorts: "5432"
    spec:
      containers: [{ name: app, image: shop/web }]
`

test('workloads are judged with the namespaces beside them; findings have file and line', () => {
  const result = only(shop)
  expect(result.schema).toBe('underpin.dev/scan/v1')
  expect(
    result.subjects.map(({ object, mesh, verdict, reason }) => [object, mesh, verdict, reason]),
  ).toEqual([
    ['Deployment/shop/cart', 'istio', 'not-injected', 'host-network'],
    ['Deployment/shop/web', 'istio', 'blind', 'exclude-outbound-ports'],
  ])
  expect(result.findings.map(({ id, file, line }) => [id, file, line])).toEqual([
    ['host-network', 'm.yaml', 16],
    ['exclude-outbound-ports', 'm.yaml', 26],
  ])
  expect(result.summary).toMatchObject({
    documents: 3,
    workloads: 2,
    unread: 0,
    findings: { high: 2 },
  })
  expect(result.summary.verdicts).toMatchObject({ 'not-injected': 1, blind: 1, covered: 0 })
})

test('a finding about the namespace points to the namespace', () => {
  const result = only(shop.replace('istio-injection: enabled', 'istio-injection: Enabled'))
  expect(result.findings.map(({ id, line }) => [id, line])).toContainEqual(['ns-label-typo', 7])
})

test('webhook configurations and policies among the inputs are used', () => {
  const text = [
    istioConfiguration('canary', ['rev.namespace']),
    coveragePolicy('deny', { meshes: ['linkerd'] }),
  ]
    .map((one) => JSON.stringify(one))
    .join('\n---\n')
  const result = only(`${shop}---\n${text}`)
  // The policy names the mesh; what is lying about does not add another.
  expect(result.subjects.map(({ mesh, reason }) => [mesh, reason])).toEqual([
    ['linkerd', 'host-network'],
    ['linkerd', 'ns-unlabelled'],
  ])
  const live = only(
    `${shop}---\n${JSON.stringify(istioConfiguration('canary', ['rev.namespace']))}`,
  )
  expect(live.subjects[1]).toMatchObject({ reason: 'ns-both-labels-no-default', assumed: [] })
})

test('lists are opened, in JSON too, and live pods are verified', () => {
  const live = (pod: object) => ({
    ...pod,
    metadata: { ...(pod as { metadata: object }).metadata, uid: 'u' },
  })
  const items = [live(istioPod()), live(podOf({ name: 'bare' }))]
  const result = only(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  expect(result.subjects.map(({ object, verdict, basis }) => [object, verdict, basis])).toEqual([
    ['Pod/shop/cart', 'covered', 'verified'],
    ['Pod/shop/bare', 'not-injected', 'verified'],
  ])
})

test('a PodList has items without kinds', () => {
  const { metadata, spec } = podOf({ spec: { hostNetwork: true } })
  const text = `kind: PodList\napiVersion: v1\nitems:\n  - ${JSON.stringify({ metadata, spec })}\n`
  const result = only(text, { meshes: ['istio'] })
  expect(result.findings).toMatchObject([{ id: 'host-network', line: 4 }])
})

test('nothing speaks of a mesh: said, not guessed; and a mesh may be asked for', () => {
  const text = JSON.stringify(podOf())
  expect(only(text).subjects).toMatchObject([{ mesh: null, verdict: 'unknown', reason: 'no-mesh' }])
  expect(only(text, { meshes: ['istio'] }).subjects).toMatchObject([
    { mesh: 'istio', verdict: 'covered', basis: 'predicted' },
  ])
})

test('what cannot be read is told with its line, and the rest is still judged', () => {
  const result = only(
    `${shop}---\na: [1\n---\n${JSON.stringify({ ...coveragePolicy('deny'), spec: {} })}`,
  )
  expect(result.summary.workloads).toBe(2)
  expect(result.unread.length).toBeGreaterThanOrEqual(2)
  expect(result.unread[0]).toMatchObject({ file: 'm.yaml' })
  expect(result.unread[0]?.line).toBeGreaterThan(26)
})

test('the same inputs give the same result', () => {
  expect(only(shop)).toEqual(only(shop))
})
