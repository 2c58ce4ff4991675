// SPDX-License-Identifier: Apache-2.0
// What follows from a pod's manifest for what its policies imply: ports that the kubelet's probes ask, and those to which
// a mesh's redirect leads. Ports of sidecars as their injectors set them when nobody says otherwise (Istio 1.27
// pkg/config/constants, linkerd2 25.10 charts/linkerd-control-plane/values.yaml, Kuma 2.12 pkg/plugins/runtime/k8s/util,
// consul-k8s 1.8 control-plane/connect-inject/constants), and as the redirecting init container says.
import type { Pod, PodFacts } from '../../../policies/src/index.ts'

type Sidecar = NonNullable<PodFacts['sidecar']>
type Fields = Record<string, unknown>

const tcp = (port: number) => ({ protocol: 'TCP' as const, port })
const dns = (port: number) => [tcp(port), { protocol: 'UDP' as const, port }]

/** By the name of the sidecar's container. */
const sidecars: Record<string, Omit<Sidecar, 'name'>> = {
  'istio-proxy': { inbound: [15006], outbound: [tcp(15001), ...dns(15053)] },
  'linkerd-proxy': { inbound: [4143], outbound: [tcp(4140)] },
  'kuma-sidecar': { inbound: [15006], outbound: [tcp(15001), ...dns(15053)] },
  'consul-dataplane': { inbound: [20000], outbound: [tcp(15001), ...dns(8600)] },
}

/** Options of init containers that redirect, where they differ from the above. */
const options: { flags: string[]; way: 'inbound' | 'outbound' }[] = [
  {
    flags: ['-p', '--envoy-port', '--outgoing-proxy-port', '--redirect-outbound-port'],
    way: 'outbound',
  },
  {
    flags: ['-z', '--inbound-capture-port', '--incoming-proxy-port', '--redirect-inbound-port'],
    way: 'inbound',
  },
]

/** undefined: nothing is implied, as in a pod on its node's own network. */
export function podFacts(manifest: Pod, here: readonly string[]): PodFacts | undefined {
  const spec = fieldsOf(manifest.spec)
  if (spec.hostNetwork === true) return undefined
  const status = fieldsOf(manifest.status)
  const ips = [status.hostIP, ...listOf(status.hostIPs).map((one) => fieldsOf(one).ip)]
  const node = [...new Set([...here, ...ips.filter((ip) => typeof ip === 'string')])]
  const init = listOf(spec.initContainers).map(fieldsOf)
  const running = [
    ...listOf(spec.containers).map(fieldsOf),
    ...init.filter((one) => one.restartPolicy === 'Always'),
  ]
  const probes = [...new Set(running.flatMap(probePorts))].sort((a, b) => a - b)
  const sidecar = sidecarOf(running, init)
  return probes.length > 0 || sidecar ? { node, probes, sidecar } : undefined
}

function probePorts(container: Fields): number[] {
  const lifecycle = fieldsOf(container.lifecycle)
  const named = listOf(container.ports).map(fieldsOf)
  return [
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => fieldsOf(container[name])),
    ...['postStart', 'preStop'].map((name) => fieldsOf(lifecycle[name])),
  ]
    .flatMap((probe) => [fieldsOf(probe.httpGet), fieldsOf(probe.tcpSocket), fieldsOf(probe.grpc)])
    .map(({ port }) =>
      typeof port === 'string' && !/^\d+$/.test(port)
        ? named.find(({ name }) => name === port)?.containerPort
        : Number(port),
    )
    .filter(isPort)
}

function sidecarOf(running: readonly Fields[], init: readonly Fields[]): Sidecar | null {
  const name = running
    .map((one) => one.name)
    .find((one) => typeof one === 'string' && Object.hasOwn(sidecars, one))
  const usual = typeof name === 'string' ? sidecars[name] : undefined
  if (typeof name !== 'string' || !usual) return null
  const words = init.flatMap((one) => [...listOf(one.command), ...listOf(one.args)]).map(String)
  const told = (way: 'inbound' | 'outbound'): number[] => {
    const flags = options.filter((one) => one.way === way).flatMap((one) => one.flags)
    return words
      .flatMap((word, i) => {
        const [flag = '', value] = word.split('=', 2)
        return flags.includes(flag) ? [Number(value ?? words[i + 1])] : []
      })
      .filter(isPort)
  }
  const [inbound, outbound] = [told('inbound'), told('outbound')]
  return {
    name,
    inbound: inbound.length > 0 ? inbound : usual.inbound,
    outbound:
      outbound.length > 0 ? [...outbound.map(tcp), ...usual.outbound.slice(1)] : usual.outbound,
  }
}

const isPort = (port: unknown): port is number =>
  typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
