// SPDX-License-Identifier: Apache-2.0
// Objects that tests start from: plain workloads, and finished pods as each mesh's injector leaves them.

export type Manifest = { [key: string]: unknown }
type Metadata = { labels?: Record<string, string>; annotations?: Record<string, string> }
export type PodParts = Metadata & {
  spec?: Manifest
  containers?: Manifest[]
  initContainers?: Manifest[]
  name?: string
}

export const app: Manifest = { name: 'app', image: 'registry.example/shop/cart:1' }

export function podOf(parts: PodParts = {}): Manifest {
  const {
    name = 'cart',
    labels = {},
    annotations = {},
    containers = [app],
    initContainers = [],
  } = parts
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels, annotations },
    spec: { containers, initContainers, ...parts.spec },
  }
}

/** A Deployment whose pods are these; `own` is the Deployment's own metadata. */
export function deploymentOf(parts: PodParts = {}, own: Metadata = {}): Manifest {
  const { metadata, spec } = podOf(parts)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'cart', namespace: 'shop', ...own },
    spec: { template: { metadata, spec } },
  }
}

export function namespaceObject(name: string, parts: Metadata = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...parts } }
}

// --- Istio, as the template of 1.26 makes it (without native sidecars), and as that of 1.27 and later.

const proxyv2 = 'docker.io/istio/proxyv2:1.29.0'

export const istioProxy: Manifest = {
  name: 'istio-proxy',
  image: proxyv2,
  args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
  securityContext: { runAsUser: 1337, runAsGroup: 1337, capabilities: { drop: ['ALL'] } },
}

export const istioInit: Manifest = {
  name: 'istio-init',
  image: proxyv2,
  args: [
    ...['istio-iptables', '-p', '15001', '-z', '15006', '-u', '1337', '-m', 'REDIRECT'],
    ...[
      '-i',
      '*',
      '-x',
      '',
      '-b',
      '*',
      '-d',
      '15090,15021,15020',
      '--log_output_level=default:info',
    ],
  ],
  securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] } },
}

export const istioValidation: Manifest = {
  name: 'istio-validation',
  image: proxyv2,
  args: [
    'istio-iptables',
    '-p',
    '15001',
    '-m',
    'REDIRECT',
    '--run-validation',
    '--skip-rule-apply',
  ],
  securityContext: { runAsUser: 1337, runAsGroup: 1337 },
}

export const istioStatus = { 'sidecar.istio.io/status': '{"initContainers":["istio-init"]}' }

export function istioPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...istioStatus, ...parts.annotations },
    containers: [...(parts.containers ?? [app]), istioProxy],
    initContainers: [...(parts.initContainers ?? []), istioInit],
  })
}

export function istioNativePod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...istioStatus, ...parts.annotations },
    initContainers: [
      istioInit,
      { ...istioProxy, restartPolicy: 'Always' },
      ...(parts.initContainers ?? []),
    ],
  })
}

// --- Linkerd, as the chart of 2.18 and later makes it (native sidecar).

export const linkerdProxy: Manifest = {
  name: 'linkerd-proxy',
  image: 'cr.l5d.io/linkerd/proxy:edge-26.8.1',
  restartPolicy: 'Always',
  securityContext: { runAsUser: 2102, runAsNonRoot: true },
}

export const linkerdInit: Manifest = {
  name: 'linkerd-init',
  image: 'cr.l5d.io/linkerd/proxy-init:v2.4.2',
  args: [
    ...['--ipv6=false', '--incoming-proxy-port', '4143', '--outgoing-proxy-port', '4140'],
    ...['--proxy-uid', '2102', '--inbound-ports-to-ignore', '4190,4191,4567,4568'],
    ...['--outbound-ports-to-ignore', '4567,4568'],
  ],
  securityContext: { runAsUser: 65534, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
}

export function linkerdPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { 'linkerd.io/proxy-version': 'edge-26.8.1', ...parts.annotations },
    initContainers: [linkerdInit, linkerdProxy, ...(parts.initContainers ?? [])],
  })
}

// --- Webhook configurations as the charts make them.

export function istioConfiguration(revision: string, webhooks: readonly string[]): Manifest {
  const isIn = (key: string, value: string) => ({ key, operator: 'In', values: [value] })
  const absent = (key: string) => ({ key, operator: 'DoesNotExist' })
  const notFalse = { key: 'sidecar.istio.io/inject', operator: 'NotIn', values: ['false'] }
  const selectors: Record<string, [object[], object[]]> = {
    'rev.namespace': [[isIn('istio.io/rev', revision), absent('istio-injection')], [notFalse]],
    'rev.object': [
      [absent('istio.io/rev'), absent('istio-injection')],
      [notFalse, isIn('istio.io/rev', revision)],
    ],
    namespace: [[isIn('istio-injection', 'enabled')], [notFalse]],
    object: [
      [absent('istio-injection'), absent('istio.io/rev')],
      [isIn('sidecar.istio.io/inject', 'true'), absent('istio.io/rev')],
    ],
  }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `istio-sidecar-injector-${revision}` },
    webhooks: webhooks.map((name) => ({
      name: `${name}.sidecar-injector.istio.io`,
      failurePolicy: 'Fail',
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      namespaceSelector: { matchExpressions: selectors[name]?.[0] ?? [] },
      objectSelector: { matchExpressions: selectors[name]?.[1] ?? [] },
    })),
  }
}

/** A CoveragePolicy over every namespace. */
export function coveragePolicy(mode: 'audit' | 'warn' | 'deny', more: Manifest = {}): Manifest {
  return {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'CoveragePolicy',
    metadata: { name: 'mesh' },
    spec: {
      meshes: ['istio'],
      namespaces: [{ name: 'all', select: { namespaces: {} }, mode }],
      ...more,
    },
  }
}

// --- Reviews as the API server sends them.

export function reviewOf(request: Manifest): Manifest {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'b0a1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: { username: 'jane', groups: ['system:authenticated'] },
      ...request,
    },
  }
}
