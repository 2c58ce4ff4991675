// SPDX-License-Identifier: Apache-2.0
// What is known of a cluster, as plain data, and what an address in it stands for: the pods that have it, the Service
// whose address it is, and where that leads. As kube-proxy reads EndpointSlices (Kubernetes 1.34, pkg/proxy/endpointslicecache.go).
import { formatAddress, readAddress, type Address } from './address.ts'
import type { Labels, Namespace } from './labels.ts'
import { protocols, type ProtocolName } from './port.ts'

export type ClusterPod = {
  namespace: string
  name: string
  labels: Labels
  addresses: readonly string[]
  /** Its addresses are its node's, which it shares with everything else there. */
  hostNetwork: boolean
  /** Succeeded and Failed pods have no address any more, whatever their status says. */
  phase: string
  /** Of its containers; `name` is what a Service may name. */
  ports: readonly { name: string; protocol: ProtocolName; port: number }[]
}

export type ClusterService = {
  namespace: string
  name: string
  /** Cluster, external and load balancer addresses. */
  addresses: readonly string[]
  ports: readonly {
    name: string
    protocol: ProtocolName
    port: number
    targetPort: number | string
    nodePort?: number
  }[]
  /** null: its EndpointSlices are written by somebody else. */
  selector: Labels | null
}

export type EndpointSlice = {
  namespace: string
  service: string
  /** `port` null: every port. */
  ports: readonly { name: string; protocol: ProtocolName; port: number | null }[]
  /** Only those that may be sent to: ready, or serving while they end. */
  addresses: readonly string[]
}

export type Cluster = {
  pods: readonly ClusterPod[]
  namespaces: readonly Namespace[]
  services: readonly ClusterService[]
  slices: readonly EndpointSlice[]
  /** Addresses of nodes. */
  nodes: readonly string[]
  /** Addresses of this node's devices, on which NodePorts are as well. */
  here?: readonly string[]
}

export const noCluster: Cluster = {
  pods: [],
  namespaces: [],
  services: [],
  slices: [],
  nodes: [],
}

export type ServiceName = { namespace: string; name: string }
/** An address, for a protocol and port; port 0 stands for none. */
export type Place = { address: Address; protocol: number; port: number }

/** A Service's own address and port. */
export type Front = {
  place: Place
  services: ServiceName[]
  /** Where it leads; nowhere: nobody knows, or nobody answers. */
  behind: Place[]
}

export type ClusterIndex = {
  cluster: Cluster
  /** Labels of a namespace; undefined: nobody told us. */
  namespace: (name: string) => Namespace | undefined
  /** Who has this address: several while one pod goes and another comes. */
  podsAt: (address: Address) => readonly ClusterPod[]
  /** By the address alone, as what comes from there is seen. */
  servicesAt: (address: Address) => readonly ServiceName[]
  /** Of a Service itself, and of what is behind it. */
  servicesOf: (place: Place) => readonly ServiceName[]
  front: (place: Place) => Front | undefined
  fronts: readonly Front[]
  /** What is behind Services, each once. */
  backs: readonly Place[]
  /** Addresses that belong to a pod. */
  addresses: readonly Address[]
}

export const addressKey = (address: Address) => formatAddress(address)
export const placeKey = ({ address, protocol, port }: Place) =>
  `${protocol} ${port} ${addressKey(address)}`

/** Made once for a cluster, asked often. */
export function indexCluster(cluster: Cluster): ClusterIndex {
  const pods = new Map<string, ClusterPod[]>()
  const owned = new Map<string, Address>()
  for (const pod of cluster.pods) {
    if (pod.hostNetwork || isOver(pod)) continue
    for (const address of pod.addresses.flatMap(usable)) {
      add(pods, addressKey(address), pod)
      owned.set(addressKey(address), address)
    }
  }
  // fail closed: an address that a node has as well is never taken for the pod's alone.
  for (const pod of nodePods(cluster))
    for (const address of pod.addresses.flatMap(usable))
      if (owned.has(addressKey(address))) add(pods, addressKey(address), pod)

  const namespaces = new Map(cluster.namespaces.map((one) => [one.name, one]))
  const fronts = new Map<string, Front>()
  const byPlace = new Map<string, ServiceName[]>()
  const byAddress = new Map<string, ServiceName[]>()
  const backs = new Map<string, Place>()
  const nodes = [
    ...[...nodePods(cluster)].flatMap((pod) => pod.addresses),
    ...(cluster.here ?? []),
  ].flatMap(usable)
  const slices = new Map<string, EndpointSlice[]>()
  for (const slice of cluster.slices) add(slices, `${slice.namespace}/${slice.service}`, slice)

  for (const service of cluster.services) {
    const { namespace, name } = service
    const of = { namespace, name }
    const own = slices.get(`${namespace}/${name}`)
    for (const port of service.ports) {
      const behind = own ? fromSlices(own, port) : fromSelector(service, port, cluster)
      const protocol = protocols[port.protocol]
      for (const place of behind) {
        if (!isSpecial(place.address)) {
          addService(byPlace, placeKey(place), of)
          addService(byAddress, addressKey(place.address), of)
        }
        backs.set(placeKey(place), place)
      }
      const front = (address: Address, at: number) => {
        const place = { address, protocol, port: at }
        const key = placeKey(place)
        const known = fronts.get(key)
        // fail closed: where two Services claim one address and port, it leads to what is behind either.
        if (known) {
          known.behind.push(...behind)
          known.services.push(of)
        } else fronts.set(key, { place, services: [of], behind: [...behind] })
        addService(byPlace, key, of)
        addService(byAddress, addressKey(address), of)
      }
      for (const address of service.addresses.flatMap(usable)) front(address, port.port)
      if (port.nodePort !== undefined) for (const node of nodes) front(node, port.nodePort)
    }
  }
  return {
    cluster,
    namespace: (name) => namespaces.get(name),
    podsAt: (address) => pods.get(addressKey(address)) ?? [],
    servicesAt: (address) => byAddress.get(addressKey(address)) ?? [],
    servicesOf: (place) => byPlace.get(placeKey(place)) ?? [],
    front: (place) => fronts.get(placeKey(place)),
    fronts: [...fronts.values()],
    backs: [...backs.values()],
    addresses: [...owned.values()],
  }
}

const isOver = ({ phase }: ClusterPod) => phase === 'Succeeded' || phase === 'Failed'

/** What stands for each node: pods that share its addresses, and a nameless one for addresses that are told. */
function* nodePods(cluster: Cluster): Generator<ClusterPod> {
  const seen = new Set<string>()
  for (const address of [
    ...cluster.nodes,
    ...cluster.pods.filter((pod) => pod.hostNetwork).flatMap((pod) => pod.addresses),
  ]) {
    const [known] = usable(address)
    if (!known || seen.has(addressKey(known))) continue
    seen.add(addressKey(known))
    const nobody = { namespace: '', name: '', labels: {}, phase: 'Running', ports: [] }
    yield { ...nobody, addresses: [address], hostNetwork: true }
  }
}

function fromSlices(
  slices: readonly EndpointSlice[],
  { name, protocol }: ClusterService['ports'][number],
): Place[] {
  return slices.flatMap((slice) =>
    slice.ports
      .filter((port) => port.name === name && port.protocol === protocol && port.port !== null)
      .flatMap(({ port }) => slice.addresses.flatMap((text) => at(text, protocol, port ?? 0))),
  )
}

/** Before anybody told of slices: what the endpoints controller would write into them. */
function fromSelector(
  { namespace, selector }: ClusterService,
  { protocol, targetPort }: ClusterService['ports'][number],
  cluster: Cluster,
): Place[] {
  if (selector === null || Object.keys(selector).length === 0) return []
  return cluster.pods
    .filter(
      (pod) =>
        pod.namespace === namespace &&
        !isOver(pod) &&
        Object.entries(selector).every(([key, value]) => pod.labels[key] === value),
    )
    .flatMap((pod) => {
      const port =
        typeof targetPort === 'number'
          ? targetPort
          : pod.ports.find((one) => one.name === targetPort && one.protocol === protocol)?.port
      return port === undefined ? [] : pod.addresses.flatMap((text) => at(text, protocol, port))
    })
}

function at(text: string, protocol: ProtocolName, port: number): Place[] {
  const address = readAddress(text)
  return address ? [{ address, protocol: protocols[protocol], port }] : []
}

/** An address by which others can be reached. Whoever may write a Service must not claim loopback or metadata by it. */
function usable(text: string): Address[] {
  const address = readAddress(text)
  return address && !isSpecial(address) ? [address] : []
}

/** Unspecified, loopback, link-local and multicast addresses mean something else on every machine. */
function isSpecial({ family, bytes }: Address): boolean {
  const at = (i: number) => bytes[i] ?? 0
  if (family === 4) {
    const [a, b] = [at(12), at(13)]
    return a === 0 || a === 127 || a >= 224 || (a === 169 && b === 254)
  }
  if (at(0) === 0xff || (at(0) === 0xfe && (at(1) & 0xc0) === 0x80)) return true
  return bytes.subarray(0, 15).every((byte) => byte === 0) && at(15) <= 1
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function addService(map: Map<string, ServiceName[]>, key: string, of: ServiceName): void {
  const list = map.get(key)
  if (!list) map.set(key, [of])
  else if (!list.some((one) => one.name === of.name && one.namespace === of.namespace))
    list.push(of)
}
