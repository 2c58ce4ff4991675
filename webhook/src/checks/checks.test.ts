// SPDX-License-Identifier: Apache-2.0
// Each check both ways, on a pod that is covered but for that.
import { expect, test } from 'vitest'
import { cover } from '../meshes/cases.ts'
import { istio } from '../meshes/istio.ts'
import {
  app,
  deploymentOf,
  istioPod,
  istioStatus,
  podOf,
  type Manifest,
  type PodParts,
} from '../specimens.ts'

/** Of a user without privileges, so that only the capability matters. */
const capability = (name: string): PodParts => ({
  containers: [{ ...app, securityContext: { runAsUser: 7, capabilities: { add: [name] } } }],
})
const volume = (path: string): PodParts => ({
  spec: { volumes: [{ name: 'v', hostPath: { path } }] },
})
const security = (more: Manifest): PodParts => ({
  spec: { securityContext: { runAsUser: 7, ...more } },
})
const port = (one: Manifest): PodParts => ({ containers: [{ ...app, ports: [one] }] })
const secured = (securityContext: Manifest): PodParts => ({
  containers: [{ ...app, securityContext }],
})
const host = (hostPath: Manifest): PodParts => ({ spec: { volumes: [{ name: 'v', hostPath }] } })
const tolerating = (...tolerations: Manifest[]): PodParts => ({ spec: { tolerations } })
const image = (name: string): PodParts => ({ containers: [{ ...app, image: name }] })
const networks = (value: string): PodParts => ({
  annotations: { 'k8s.v1.cni.cncf.io/networks': value },
})

test.each<[string, PodParts, string[]]>([
  ['nothing special', {}, []],
  ...['SYS_ADMIN', 'CAP_SYS_PTRACE', 'sys_module', 'BPF', 'PERFMON', 'DAC_READ_SEARCH'].map(
    (name): [string, PodParts, string[]] => [name, capability(name), ['sys-caps']],
  ),
  ['ALL', capability('ALL'), ['net-admin', 'net-raw', 'sys-caps']],
  ['a harmless capability', capability('NET_BIND_SERVICE'), []],
  ['a capability called constructor', capability('constructor'), []],
  ...['/', '/etc', '/etc/cni/net.d/', '/var/lib/kubelet/pods', '/var/lib', '/opt/./cni//bin'].map(
    (path): [string, PodParts, string[]] => [path, volume(path), ['hostpath-node-config']],
  ),
  ...[
    '/run',
    '/run/containerd/containerd.sock',
    '/var/run/docker.sock',
    '/run/crio',
    '/var/run/podman/podman.sock',
  ].map((path): [string, PodParts, string[]] => [path, volume(path), ['runtime-socket']]),
  ...['/data', '/run/user', '/opt/app', '/tmp/x/', '/dev/shm', '/data/db.sock'].map(
    (path): [string, PodParts, string[]] => [path, volume(path), ['unix-vsock-hostpath']],
  ),
  ...['/etc/ssl', '/var/log/pods', '/etc/localtime', '/usr/share/zoneinfo', '/data/db.conf'].map(
    (path): [string, PodParts, string[]] => [path, volume(path), []],
  ),
  ['fsGroup of the proxy', security({ fsGroup: 1337 }), ['fsgroup-proxy-gid']],
  ['another fsGroup', security({ fsGroup: 2000 }), []],
  [
    'supplemental group of the proxy',
    security({ supplementalGroups: [5, 1337] }),
    ['fsgroup-proxy-gid'],
  ],
  ['pod group of the proxy', security({ runAsGroup: 1337 }), ['app-as-proxy-gid']],
  ['UDP', port({ containerPort: 443, protocol: 'UDP' }), ['udp-quic']],
  ['SCTP', port({ containerPort: 443, protocol: 'SCTP' }), ['icmp-sctp-raw']],
  ['a port of the proxy', port({ containerPort: 15020 }), ['reserved-ports']],
  ['an ordinary port', port({ containerPort: 8080, protocol: 'TCP' }), []],
  ['resolvers of its own', { spec: { dnsPolicy: 'None' } }, ['dns-exfil']],
  ['the usual resolvers', { spec: { dnsPolicy: 'ClusterFirst' } }, []],
  ['a second network', networks('istio-cni, sriov'), ['secondary-network']],
  [
    'a second network in JSON',
    networks('[{"name":"macvlan","interface":"net1"}]'),
    ['secondary-network'],
  ],
  ['a list that is broken', networks('[{"name"'), ['secondary-network']],
  [
    'the network of the mesh in JSON',
    networks('[{ "name":"consul-cni" },{"name":"istio-cni","namespace":"default"}]'),
    [],
  ],
  ...[
    'kubernetes.v1.cni.cncf.io/networks',
    'v1.multus-cni.io/default-network',
    'networking.gke.io/interfaces',
    'danm.k8s.io/interfaces',
  ].map((key): [string, PodParts, string[]] => [
    key,
    { annotations: { [key]: 'x' } },
    ['secondary-network'],
  ]),
  ...['intel.com/sriov_netdevice', 'rdma/hca_shared_devices', 'hugepages-1Gi'].map(
    (name): [string, PodParts, string[]] => [
      name,
      { containers: [{ ...app, resources: { limits: { [name]: '1' } } }] },
      ['secondary-network'],
    ],
  ),
  [
    'a device that is not asked for',
    { containers: [{ ...app, resources: { limits: { 'rdma/hca': 0 } } }] },
    [],
  ],
  ['a resolver besides', { spec: { dnsConfig: { nameservers: ['9.9.9.9'] } } }, ['dns-exfil']],
  ['options of the resolver', { spec: { dnsConfig: { options: [{ name: 'ndots' }] } } }, []],
  ['a sandbox', { spec: { runtimeClassName: 'kata' } }, ['sandbox-runtime']],
  ['no sandbox', { spec: { runtimeClassName: 'nvidia' } }, []],
  ['memory of the node', { spec: { hostIPC: true } }, ['unix-vsock-hostpath']],
  [
    'a port of the node that is a port of the proxy',
    port({ containerPort: 8080, hostPort: 15020 }),
    ['reserved-ports'],
  ],
  [
    'processes shared by Vault',
    { annotations: { 'vault.hashicorp.com/agent-share-process-namespace': 'true' } },
    ['share-process-namespace'],
  ],
  [
    'a virtual node that is tolerated',
    tolerating({ key: 'virtual-kubelet.io/provider', operator: 'Exists' }),
    ['virtual-node'],
  ],
  [
    'Windows by its affinity',
    {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchExpressions: [
                    { key: 'kubernetes.io/os', operator: 'In', values: ['windows'] },
                  ],
                },
              ],
            },
          },
        },
      },
    },
    ['windows-pod'],
  ],
  [
    'a host process of one container',
    secured({ runAsNonRoot: true, windowsOptions: { hostProcess: true } }),
    ['windows-hostprocess'],
  ],
  [
    'the sidecar as the container to enter',
    { annotations: { 'kubectl.kubernetes.io/default-container': 'istio-proxy' } },
    ['exec-into-proxy'],
  ],
  ['the network of the mesh', networks('istio-cni'), []],
  ['hostProcess', security({ windowsOptions: { hostProcess: true } }), ['windows-hostprocess']],
  [
    'Windows by its selector',
    { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } },
    ['windows-pod'],
  ],
  ['Linux by its selector', { spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } } }, []],
  ['root', secured({ runAsUser: 0 }), ['net-raw', 'setuid-to-proxy-uid']],
  ['root by the pod', security({ runAsUser: 0 }), ['net-raw', 'setuid-to-proxy-uid']],
  [
    'a security context that leaves it open',
    secured({ readOnlyRootFilesystem: true }),
    ['net-raw', 'setuid-to-proxy-uid'],
  ],
  [
    'one of the pod that does',
    { spec: { securityContext: { fsGroup: 7 } } },
    ['net-raw', 'setuid-to-proxy-uid'],
  ],
  ['a user without privileges', secured({ runAsUser: 7 }), []],
  ['a promise to be none', secured({ runAsNonRoot: true }), []],
  ['all dropped', secured({ capabilities: { drop: ['ALL'] } }), []],
  [
    'raw packets dropped',
    secured({ capabilities: { drop: ['net_raw'] } }),
    ['setuid-to-proxy-uid'],
  ],
  [
    'root that cannot become another',
    secured({ runAsUser: 0, capabilities: { drop: ['CAP_SETUID', 'NET_RAW'] } }),
    [],
  ],
  [
    'another user over the root of the pod',
    {
      containers: [{ ...app, securityContext: { runAsUser: 7 } }],
      spec: { securityContext: { runAsUser: 0 } },
    },
    [],
  ],
  ['SETUID asked for', capability('SETUID'), ['setuid-to-proxy-uid']],
  [
    'escalation asked for',
    secured({ allowPrivilegeEscalation: true, runAsUser: 7 }),
    ['setuid-to-proxy-uid'],
  ],
  [
    'SETUID asked for again, after all were dropped',
    secured({ runAsUser: 7, capabilities: { add: ['SETUID'], drop: ['ALL'] } }),
    ['sys-caps', 'setuid-to-proxy-uid'],
  ],
  ['no escalation', secured({ allowPrivilegeEscalation: false, runAsNonRoot: true }), []],
  ['a socket of the node', host({ path: '/data/db', type: 'Socket' }), ['unix-vsock-hostpath']],
  ['a socket by its name', host({ path: '/data/db.sock' }), ['unix-vsock-hostpath']],
  ['vsock', host({ path: '/dev/vsock', type: 'CharDevice' }), ['unix-vsock-hostpath']],
  ['a file of the node', host({ path: '/data/db', type: 'File' }), []],
  ['a directory of the node', host({ path: '/data', type: 'Directory' }), ['unix-vsock-hostpath']],
  [
    'a vsock device',
    { containers: [{ ...app, resources: { limits: { 'devices.kubevirt.io/vhost-vsock': '1' } } }] },
    ['unix-vsock-hostpath'],
  ],
  [
    'another device',
    { containers: [{ ...app, resources: { limits: { 'nvidia.com/gpu': '1' } } }] },
    [],
  ],
  ['a virtual machine', { labels: { 'kubevirt.io': 'virt-launcher' } }, ['virt-interface']],
  ['a part of KubeVirt that is none', { labels: { 'kubevirt.io': 'virt-api' } }, []],
  [
    'a virtual machine whose interfaces are taken in',
    {
      labels: { 'kubevirt.io': 'virt-launcher' },
      annotations: { 'istio.io/reroute-virtual-interfaces': 'k6t-eth0' },
    },
    [],
  ],
  ['docker in docker', image('docker.io/library/docker:27-dind'), ['virt-interface']],
  ['the client of docker', image('docker.io/library/docker:27-cli'), []],
  ['a node by its name', { spec: { nodeName: 'n1' } }, ['node-name-direct']],
  ['a node by a selector', { spec: { nodeSelector: { disk: 'ssd' } } }, []],
  ['every taint', tolerating({ operator: 'Exists' }), ['node-name-direct']],
  ['one taint', tolerating({ operator: 'Exists', key: 'gpu' }), []],
  ['every eviction', tolerating({ operator: 'Exists', effect: 'NoExecute' }), []],
  ['a debug copy', { containers: [app, { ...app, name: 'debugger-x7k2p' }] }, ['debug-copy']],
  ['a container called debugger', { containers: [app, { ...app, name: 'debugger' }] }, []],
])('%s', (_name, parts, ids) => {
  const { hits } = cover(istio, { object: istioPod(parts), finished: true })
  expect(hits.map((hit) => hit.id)).toEqual(ids)
})

const ids = (object: Manifest, finished = true) =>
  cover(istio, { object, finished }).hits.map(({ id }) => id)

test('a pod that runs has a node whoever chose it', () => {
  const status = { startTime: '2030-01-01T00:00:00Z' }
  expect(ids({ ...istioPod({ spec: { nodeName: 'n1' } }), status })).toEqual([])
})

test('agents of every node tolerate every taint', () => {
  const made = deploymentOf({ spec: { tolerations: [{ operator: 'Exists' }] } })
  expect(ids(made, false)).toEqual(['node-name-direct'])
  expect(ids({ ...made, kind: 'DaemonSet' }, false)).toEqual([])
})

test('a pod that looks into its node', () => {
  const node = {
    hostPID: true,
    hostNetwork: true,
    volumes: [{ name: 'h', hostPath: { path: '/' } }],
  }
  expect(ids(podOf({ spec: node }))).toEqual(['host-network', 'debug-node-pod'])
  expect(ids(podOf({ name: 'node-debugger-n1-x7k2p', spec: { hostNetwork: true } }))).toContain(
    'debug-node-pod',
  )
  expect(ids(podOf({ name: 'node-debugger-n1-x7k2p' }))).not.toContain('debug-node-pod')
  // An agent of the node is made by its controller.
  expect(ids({ ...deploymentOf({ spec: node }), kind: 'DaemonSet' }, false)).toEqual([
    'host-network',
  ])
})

test('a pod that somebody made with the marks of injection is a copy, and so is a template with its token', () => {
  const volumes = [{ name: 'kube-api-access-x7k2p', projected: {} }]
  const marked = { annotations: istioStatus, spec: { volumes } }
  expect(ids(podOf(marked), false)).toContain('debug-copy')
  expect(ids(deploymentOf(marked), false)).toContain('debug-copy')
  expect(ids(podOf({ spec: { volumes } }), false)).toEqual([])
  expect(ids(podOf({ annotations: istioStatus }), false)).toContain('debug-copy')
  expect(ids(deploymentOf({ annotations: istioStatus }), false)).not.toContain('debug-copy')
  expect(ids(istioPod({ spec: { volumes } }))).toEqual([])
})

test('a Job that opts out, and a Deployment that does', () => {
  const out = deploymentOf({ labels: { 'sidecar.istio.io/inject': 'false' } })
  expect(ids({ ...out, apiVersion: 'batch/v1', kind: 'Job' }, false)).toEqual([
    'optout-label-istio',
    'job-optout',
  ])
  expect(ids(out, false)).toEqual(['optout-label-istio'])
})
