// SPDX-License-Identifier: Apache-2.0
// Random manifests for property tests: pods as people and attackers write them, with the words that injectors
// listen to, in the right places and in wrong ones; and manifests in which anything is replaced by anything.

import fc from 'fast-check'
import type { Manifest } from './specimens.ts'

/** Keys that some injector reads. */
export const spokenKeys = [
  ...['sidecar.istio.io/inject', 'istio.io/rev', 'istio-injection', 'istio.io/dataplane-mode'],
  ...['inject.istio.io/templates', 'sidecar.istio.io/status', 'sidecar.istio.io/proxyImage'],
  ...[
    'traffic.sidecar.istio.io/excludeOutboundPorts',
    'traffic.sidecar.istio.io/includeInboundPorts',
  ],
  ...['traffic.sidecar.istio.io/excludeOutboundIPRanges', 'proxy.istio.io/config'],
  ...[
    'sidecar.istio.io/interceptionMode',
    'security.istio.io/tlsMode',
    'ambient.istio.io/redirection',
  ],
  ...['linkerd.io/inject', 'config.linkerd.io/skip-outbound-ports', 'linkerd.io/control-plane-ns'],
  ...[
    'config.linkerd.io/opaque-ports',
    'config.linkerd.io/proxy-uid',
    'viz.linkerd.io/tap-enabled',
  ],
  ...['consul.hashicorp.com/connect-inject', 'consul.hashicorp.com/transparent-proxy'],
  ...['consul.hashicorp.com/transparent-proxy-exclude-outbound-ports'],
  ...['kuma.io/sidecar-injection', 'kuma.io/gateway', 'traffic.kuma.io/exclude-inbound-ports'],
  ...['dapr.io/enabled', 'dapr.io/app-id', 'dapr.io/app-port', 'dapr.io/sidecar-listen-addresses'],
  ...['sidecar.opentelemetry.io/inject', 'instrumentation.opentelemetry.io/inject-java'],
  ...['vault.hashicorp.com/agent-inject', 'vault.hashicorp.com/agent-inject-status'],
  ...['openservicemesh.io/sidecar-injection', 'appmesh.k8s.aws/sidecarInjectorWebhook'],
  ...['sidecar.jaegertracing.io/inject', 'openservicemesh.io/outbound-port-exclusion-list'],
]

const words = fc.constantFrom(
  ...[
    'true',
    'false',
    'enabled',
    'disabled',
    'enable',
    'yes',
    '',
    'TRUE',
    '1',
    '0',
    'injected',
    'ingress',
  ],
  ...['5432', '1-65535', '*', '0.0.0.0/0', 'default', 'ambient', 'NONE', '{}', 'null', 'sidecar'],
)

export const marksArbitrary = fc.dictionary(
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...spokenKeys) },
    { weight: 1, arbitrary: fc.string() },
  ),
  words,
  { maxKeys: 4 },
)

const images = fc.constantFrom(
  ...[
    'shop/cart:1',
    'docker.io/istio/proxyv2:1.29.0',
    'cr.l5d.io/linkerd/proxy:edge-26.8.1',
    'auto',
    '',
  ],
  ...[
    'docker.io/kumahq/kuma-dp:2.11',
    'hashicorp/consul-dataplane:1.6',
    'daprio/daprd:1.15',
    'hashicorp/vault:1.19',
  ],
)

const containerArbitrary = fc.record(
  {
    name: fc.constantFrom(
      'app',
      'istio-proxy',
      'istio-init',
      'linkerd-proxy',
      'daprd',
      'kuma-sidecar',
      'vault-agent',
    ),
    image: images,
    args: fc.array(words, { maxLength: 3 }),
    restartPolicy: fc.constantFrom('Always', 'Never'),
    env: fc.array(fc.record({ name: words, value: words }), { maxLength: 2 }),
    ports: fc.array(
      fc.record({ containerPort: fc.nat(65_535), protocol: fc.constantFrom('TCP', 'UDP', 'SCTP') }),
      {
        maxLength: 2,
      },
    ),
    securityContext: fc.record(
      {
        runAsUser: fc.constantFrom(0, 1000, 1337, 2102),
        runAsGroup: fc.constantFrom(0, 1337),
        privileged: fc.boolean(),
        capabilities: fc.record({ add: fc.subarray(['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN']) }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['name', 'image'] },
)

export const podSpecArbitrary = fc.record(
  {
    containers: fc.array(containerArbitrary, { minLength: 1, maxLength: 3 }),
    initContainers: fc.array(containerArbitrary, { maxLength: 2 }),
    hostNetwork: fc.boolean(),
    hostPID: fc.boolean(),
    os: fc.record({ name: fc.constantFrom('linux', 'windows') }),
    automountServiceAccountToken: fc.boolean(),
    serviceAccountName: words,
    dnsPolicy: fc.constantFrom('ClusterFirst', 'Default', 'None'),
    shareProcessNamespace: fc.boolean(),
    securityContext: fc.record(
      { runAsUser: fc.constantFrom(0, 1337), fsGroup: fc.constant(1337) },
      { requiredKeys: [] },
    ),
    volumes: fc.array(
      fc.record({ name: words, hostPath: fc.record({ path: fc.constantFrom('/', '/var/run') }) }),
      {
        maxLength: 1,
      },
    ),
  },
  { requiredKeys: ['containers'] },
)

export const templateArbitrary = fc.record({
  metadata: fc.record({ labels: marksArbitrary, annotations: marksArbitrary }),
  spec: podSpecArbitrary,
})

export const namespaceArbitrary = fc
  .record({ labels: marksArbitrary, annotations: marksArbitrary })
  .map((metadata): Manifest => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', ...metadata },
  }))

/** Any value at all, in the shapes that JSON has. */
const anything = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1337, 1e308, '', 'true', '__proto__', '🦀', [], {}),
  fc.string(),
  fc.jsonValue({ maxDepth: 3 }),
)

/** The same object with a few values or names replaced by anything. */
export function damagedObject(base: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.nat(1000), fc.nat(2), anything), {
    minLength: 1,
    maxLength: 4,
  })
  return fc
    .tuple(base, changes)
    .map(([object, all]) =>
      all.reduce(
        (now, [place, how, value]) => damagedAt(now, place, how, value),
        structuredClone(object),
      ),
    )
}

function damagedAt(object: unknown, place: number, how: number, value: unknown): unknown {
  const holders: { holder: Record<string, unknown>; key: string }[] = []
  const visit = (now: unknown) => {
    if (typeof now !== 'object' || now === null) return
    for (const [key, below] of Object.entries(now)) {
      holders.push({ holder: now as Record<string, unknown>, key })
      visit(below)
    }
  }
  visit(object)
  const found = holders[place % Math.max(1, holders.length)]
  if (found === undefined) return value
  const { holder, key } = found
  if (how === 0) holder[key] = value
  else if (how === 1) Reflect.deleteProperty(holder, key)
  else if (!Array.isArray(holder))
    holder[`${key}${typeof value === 'string' ? value : 'x'}`] = value
  return object
}
