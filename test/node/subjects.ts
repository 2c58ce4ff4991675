// SPDX-License-Identifier: Apache-2.0
// Who runs on the node: a workload as it should be, and three ways for a miner to get there past a sidecar's injection.
// Images are those of setup.sh. The pool is in the test's own network.
import { istioConfiguration } from '../../webhook/src/specimens.ts'
import { host } from './network.ts'

export const poolPort = 3333
export const workers = ['slipped', 'static', 'bare'] as const
export type Worker = (typeof workers)[number]
export type Mode = 'audit' | 'enforce'

const image = 'test.underpin.dev/tools:1'
const proxy = 'docker.io/istio/proxyv2:1.27.1'
const container = (name: string, command: string[]) => ({
  ...{ name, image, imagePullPolicy: 'Never', command },
})
const spec = { automountServiceAccountToken: false, terminationGracePeriodSeconds: 1 }
export const namespace = {
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } },
}

/** The mesh's own, as it is registered; nobody answers, which is how pods slip past. */
export const injector = {
  ...istioConfiguration('default', []),
  webhooks: (istioConfiguration('default', ['namespace', 'object'])['webhooks'] as object[]).map(
    (one) => ({
      ...one,
      clientConfig: { service: { namespace: 'istio-system', name: 'istiod', path: '/inject' } },
      ...{ failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'] },
    }),
  ),
}

/** As it is after injection: an application that answers on port 8080, beside its sidecar, behind a redirect. */
export const covered = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...{ name: 'checkout', namespace: 'shop', labels: { app: 'checkout' } },
    annotations: {
      'sidecar.istio.io/status':
        '{"initContainers":["istio-init"],"containers":["istio-proxy"],"revision":"default"}',
    },
  },
  spec: {
    ...spec,
    initContainers: [
      {
        ...{ name: 'istio-init', image: proxy, imagePullPolicy: 'Never' },
        args: 'istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(
          ' ',
        ),
        securityContext: {
          ...{ runAsUser: 0, runAsGroup: 0, runAsNonRoot: false },
          ...{ privileged: false, allowPrivilegeEscalation: false },
          capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
        },
      },
    ],
    containers: [
      container('app', ['/bin/httpd', '-f', '-p', '8080', '-h', '/etc']),
      {
        ...{ name: 'istio-proxy', image: proxy, imagePullPolicy: 'Never' },
        args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
        securityContext: {
          ...{ runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true },
          ...{ privileged: false, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
}

/** Admitted without a sidecar: somebody wrote that it needs none. It unpacks its miner as miners do. */
export const slipped = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...{ name: 'report-job', namespace: 'shop' },
    labels: { app: 'report-job', 'sidecar.istio.io/inject': 'false' },
  },
  spec: {
    ...spec,
    containers: [
      container('job', [
        '/bin/sh',
        '-c',
        `/bin/cp /opt/miner /tmp/.cache && exec /tmp/.cache ${host} ${poolPort} slipped`,
      ]),
    ],
  },
}

/** Put into the kubelet's folder: no admission is asked. Its cgroup carries the hash of this, and no UID of the API. */
export const staticPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'monitor', namespace: 'shop' },
  spec: {
    ...{ hostNetwork: true, terminationGracePeriodSeconds: 1 },
    containers: [container('monitor', ['/opt/miner', host, `${poolPort}`, 'static'])],
  },
}

/** Started beside Kubernetes: no API server knows of it. */
export const bareMiner = `ctr run -d --null-io --net-host ${image} bare /opt/miner ${host} ${poolPort} bare`

/** What the workload needs, and nothing else. */
export const checkout = (mode: Mode): object => ({
  ...{ apiVersion: 'underpin.dev/v1alpha1', kind: 'RuntimePolicy' },
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: {
    mode,
    select: { pods: { matchLabels: { app: 'checkout' } } },
    processes: [
      { exe: '/pause' },
      { exe: '/usr/local/bin/pilot-agent' },
      { exe: '/bin/httpd', ingress: [{ ports: ['8080/TCP'] }] },
    ],
  },
})
