// SPDX-License-Identifier: Apache-2.0
// A folder has manifests of many teams: what one namespace asks for is not demanded of another, and what is installed is.
import { expect, it } from 'vitest'
import { scan } from './scan.ts'
import { deploymentOf, istioConfiguration, namespaceObject, type Manifest } from './specimens.ts'

/** "NAMESPACE/NAME MESH REASON" of each row. */
function rows(...objects: Manifest[]): string[] {
  const text = objects.map((one) => JSON.stringify(one)).join('\n---\n')
  const { subjects } = scan([{ file: 'm.yaml', text }], { today: '2026-11-21' })
  return subjects.map(
    ({ object, mesh, reason, verdict }) =>
      `${object.replace('Deployment/', '')} ${mesh ?? '–'} ${reason ?? verdict}`,
  )
}

const workload = (namespace: string, parts: Parameters<typeof deploymentOf>[0] = {}): Manifest => {
  return { ...deploymentOf(parts), metadata: { name: parts.name ?? 'cart', namespace } }
}
const istioShop = namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } })
const linkerdBlog = namespaceObject('blog', { annotations: { 'linkerd.io/inject': 'enabled' } })
const tools = namespaceObject('tools')
const istio = istioConfiguration('default', ['namespace', 'object', 'rev.namespace', 'rev.object'])
const injector = (name: string): Manifest => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name },
  webhooks: [{ name, rules: [] }],
})
const linkerd = injector('linkerd-proxy-injector.linkerd.io')
const dapr = injector('sidecar-injector.dapr.io')

it.each<[string, Manifest[], string[]]>([
  [
    'each namespace has what it asks for, and the others miss what most of these ask for',
    [istioShop, linkerdBlog, tools, workload('shop'), workload('blog'), workload('tools')],
    ['shop/cart istio covered', 'blog/cart linkerd covered', 'tools/cart istio ns-unlabelled'],
  ],
  [
    'a mesh that is installed is for every namespace, labelled or forgotten',
    [istio, istioShop, tools, workload('shop'), workload('tools')],
    ['shop/cart istio covered', 'tools/cart istio ns-unlabelled'],
  ],
  [
    'of two that are installed a namespace needs the one that it asks for',
    [istio, linkerd, istioShop, linkerdBlog, workload('shop'), workload('blog')],
    ['shop/cart istio covered', 'blog/cart linkerd injector-config-tampered'],
  ],
  [
    'and one that asks for neither has neither',
    [istio, linkerd, tools, workload('tools')],
    ['tools/cart istio ns-unlabelled', 'tools/cart linkerd injector-config-tampered'],
  ],
  [
    'a mesh that is not there excuses from nothing',
    [istio, linkerdBlog, workload('blog')],
    ['blog/cart istio ns-unlabelled', 'blog/cart linkerd covered'],
  ],
  [
    'nor does what a workload asks for itself',
    [istio, linkerd, tools, workload('tools', { annotations: { 'linkerd.io/inject': 'enabled' } })],
    ['tools/cart istio ns-unlabelled', 'tools/cart linkerd injector-config-tampered'],
  ],
  [
    'turning it off is speaking of it',
    [
      istio,
      linkerd,
      namespaceObject('shop', { labels: { 'istio-injection': 'disabled' } }),
      workload('shop'),
    ],
    ['shop/cart istio ns-optout'],
  ],
  [
    'beside a workload that asks for it, one that does not is missing something',
    [
      workload('shop', { labels: { 'sidecar.istio.io/inject': 'true' } }),
      workload('shop', { name: 'web' }),
      workload('blog'),
    ],
    ['shop/cart istio covered', 'shop/web istio covered', 'blog/cart istio covered'],
  ],
  [
    'what a workload says of another mesh than its namespace is not demanded of those beside it',
    [
      linkerdBlog,
      workload('blog', { labels: { 'sidecar.istio.io/inject': 'false' } }),
      workload('blog', { name: 'web' }),
    ],
    ['blog/cart linkerd covered', 'blog/cart istio optout-label-istio', 'blog/web linkerd covered'],
  ],
  [
    'nor what it says of one that is not installed, where another is',
    [
      istio,
      istioShop,
      tools,
      workload('shop', { annotations: { 'linkerd.io/inject': 'disabled' } }),
      workload('shop', { name: 'web' }),
      workload('tools', { annotations: { 'linkerd.io/inject': 'disabled' } }),
      workload('tools', { name: 'web' }),
    ],
    [
      'shop/cart istio covered',
      'shop/cart linkerd optout-annotation-linkerd',
      'shop/web istio covered',
      'tools/cart istio ns-unlabelled',
      'tools/cart linkerd optout-annotation-linkerd',
      'tools/web istio ns-unlabelled',
    ],
  ],
  [
    'a sidecar that single workloads ask for is demanded of nobody else, installed or not',
    [
      dapr,
      tools,
      workload('tools', { annotations: { 'dapr.io/enabled': 'true', 'dapr.io/app-id': 'a' } }),
      workload('tools', { name: 'web' }),
    ],
    ['tools/cart dapr injector-config-tampered', 'tools/web – no-mesh'],
  ],
])('%s', (_, objects, expected) => {
  expect(rows(...objects)).toEqual(expected)
})

it('where nobody speaks of any mesh, nothing is demanded', () => {
  expect(rows(tools, workload('tools'))).toEqual(['tools/cart – no-mesh'])
})
