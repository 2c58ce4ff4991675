// SPDX-License-Identifier: Apache-2.0
// Who runs on the node: a workload as it should be, and three ways for a miner to get there past a sidecar's injection.
// Images are those of setup.sh. The pool is in the test's own network.
import { host } from './network.ts'

export const poolPort = 3333
export const workers = ['slipped', 'static', 'bare'] as const
export type Worker = (typeof workers)[number]

const image = 'test.underpin.dev/tools:1'
const container = (name: string, command: string[]) => ({
  ...{ name, image, imagePullPolicy: 'Never', command },
})
const spec = {
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 1,
  nodeName: 'node-1',
}
export const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }

/** Admitted, and injected: an application that answers on port 8080, beside its sidecar. */
export const covered = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'checkout', namespace: 'shop', labels: { app: 'checkout' } },
  spec: {
    ...spec,
    containers: [
      container('app', ['/bin/httpd', '-f', '-p', '8080', '-h', '/etc']),
      container('istio-proxy', ['/bin/sleep', '1000000']),
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
  metadata: { name: 'monitor', namespace: 'default' },
  spec: {
    ...{ hostNetwork: true, terminationGracePeriodSeconds: 1 },
    containers: [container('monitor', ['/opt/miner', host, `${poolPort}`, 'static'])],
  },
}

/** Started beside Kubernetes: no API server knows of it. */
export const bareMiner = `ctr_run -d --null-io --net-host ${image} bare /opt/miner ${host} ${poolPort} bare`

type Mode = 'audit' | 'enforce'
const apiVersion = 'underpin.dev/v1alpha1'
const guardRails = [{ protocol: 'stratum' }, { exe: ['/tmp/**', '/var/tmp/**', '/dev/shm/**'] }]

export const policies = (mode: Mode): object[] => [
  {
    ...{ apiVersion, kind: 'RuntimePolicy', metadata: { name: 'checkout', namespace: 'shop' } },
    spec: {
      mode,
      select: { pods: { matchLabels: { app: 'checkout' } } },
      processes: [
        { exe: '/pause' },
        { exe: '/bin/httpd', ingress: [{ ports: ['8080/TCP'] }] },
        { exe: '/bin/sleep' },
      ],
    },
  },
  {
    ...{ apiVersion, kind: 'ClusterRuntimePolicy', metadata: { name: 'deny-miners' } },
    spec: { mode, scope: 'pod', deny: guardRails },
  },
  {
    ...{ apiVersion, kind: 'ClusterRuntimePolicy', metadata: { name: 'deny-bare-miners' } },
    spec: { mode, scope: 'unmanaged', deny: guardRails },
  },
]
