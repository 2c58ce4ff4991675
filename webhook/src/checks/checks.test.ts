// SPDX-License-Identifier: Apache-2.0
// Each check both ways, on a pod that is covered but for that.
import { expect, test } from 'vitest'
import { cover } from '../meshes/cases.ts'
import { istio } from '../meshes/istio.ts'
import { app, istioPod, type Manifest, type PodParts } from '../specimens.ts'

const capability = (name: string): PodParts => ({
  containers: [{ ...app, securityContext: { capabilities: { add: [name] } } }],
})
const volume = (path: string): PodParts => ({
  spec: { volumes: [{ name: 'v', hostPath: { path } }] },
})
const security = (securityContext: Manifest): PodParts => ({ spec: { securityContext } })
const port = (one: Manifest): PodParts => ({ containers: [{ ...app, ports: [one] }] })
const networks = (value: string): PodParts => ({
  annotations: { 'k8s.v1.cni.cncf.io/networks': value },
})

test.each<[string, PodParts, string[]]>([
  ['nothing special', {}, []],
  ...['SYS_ADMIN', 'CAP_SYS_PTRACE', 'sys_module', 'BPF', 'PERFMON', 'DAC_READ_SEARCH'].map(
    (name): [string, PodParts, string[]] => [name, capability(name), ['sys-caps']],
  ),
  ['ALL', capability('ALL'), ['net-admin']],
  ['a harmless capability', capability('NET_BIND_SERVICE'), []],
  ['a capability called constructor', capability('constructor'), []],
  ...['/', '/etc', '/etc/cni/net.d/', '/var/lib/kubelet/pods', '/var/lib', '/opt/./cni//bin'].map(
    (path): [string, PodParts, string[]] => [path, volume(path), ['hostpath-node-config']],
  ),
  ...['/run', '/run/containerd/containerd.sock', '/var/run/docker.sock', '/run/crio'].map(
    (path): [string, PodParts, string[]] => [path, volume(path), ['runtime-socket']],
  ),
  ...['/data', '/etc/ssl', '/var/log/pods', '/run/user', '/opt/app'].map(
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
  ['the network of the mesh', networks('istio-cni'), []],
  ['hostProcess', security({ windowsOptions: { hostProcess: true } }), ['windows-hostprocess']],
  [
    'Windows by its selector',
    { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } },
    ['windows-pod'],
  ],
  ['Linux by its selector', { spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } } }, []],
])('%s', (_name, parts, ids) => {
  const { hits } = cover(istio, { object: istioPod(parts), finished: true })
  expect(hits.map((hit) => hit.id)).toEqual(ids)
})
