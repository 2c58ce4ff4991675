// SPDX-License-Identifier: Apache-2.0
// Peers that are named by what they are: pods by their labels and those of their namespaces, Services by name. Which of a
// rule's selectors hold for one end of a connection is an identity; rules and the kernel's rows ask nothing else of it.
import type { Address } from './address.ts'
import type { ClusterIndex, ClusterPod, Place } from './cluster.ts'
import { namespaceLabels, selectorMatches, type Labels } from './labels.ts'
import type { LabelSelector, Peer } from './policy.gen.ts'

export type PeerSelector = {
  /** The same for selectors that say the same. */
  key: string
} & (
  | {
      kind: 'pods'
      /** Of the pods; null: any. */
      namespace: string | null
      namespaces: LabelSelector | null
      pods: LabelSelector | null
    }
  | { kind: 'service'; namespace: string; name: string }
)

/** `own`: the namespace of the policy; null for one of the whole cluster. */
export function peerSelector(peer: Peer, own: string | null): PeerSelector | undefined {
  const { pods = null, namespaces = null, services } = peer
  if (services) {
    const service = {
      kind: 'service',
      namespace: services.namespace ?? own ?? 'default',
      name: services.name,
    } as const
    return { key: JSON.stringify(service), ...service }
  }
  if (!pods && !namespaces) return undefined
  const selector = { kind: 'pods', namespace: namespaces ? null : own, namespaces, pods } as const
  return { key: JSON.stringify(selector), ...selector }
}

/** Keys of selectors, for everybody who may be meant. */
export type Identity = {
  /** Each pod that has the address: selectors that hold, and those that may hold. */
  pods: { sure: string[]; possible: string[] }[]
  services: string[]
}

export const nobody: Identity = { pods: [], services: [] }

/** Who a packet for this place would reach. */
export function identityTo(
  index: ClusterIndex,
  place: Place,
  selectors: readonly PeerSelector[],
): Identity {
  return identify(index, place.address, index.servicesOf(place), selectors)
}

/** Who a packet from this address comes from. */
export function identityFrom(
  index: ClusterIndex,
  address: Address,
  selectors: readonly PeerSelector[],
): Identity {
  return identify(index, address, index.servicesAt(address), selectors)
}

function identify(
  index: ClusterIndex,
  address: Address,
  services: readonly { namespace: string; name: string }[],
  selectors: readonly PeerSelector[],
): Identity {
  return {
    pods: index.podsAt(address).map((pod) => {
      const holds = selectors.map((one) => ({ key: one.key, ...holdsFor(one, pod, index) }))
      return {
        sure: holds.filter(({ sure }) => sure).map(({ key }) => key),
        possible: holds.filter(({ possible }) => possible).map(({ key }) => key),
      }
    }),
    services: selectors.flatMap((one) =>
      one.kind === 'service' &&
      services.some(({ namespace, name }) => namespace === one.namespace && name === one.name)
        ? one.key
        : [],
    ),
  }
}

/** Whether a rule with these selectors is about this identity. */
export function identityHits(
  identity: Identity,
  { effect, selectors }: { effect: 'allow' | 'deny'; selectors: readonly { key: string }[] },
): boolean {
  if (selectors.length === 0) return false
  const named = (keys: readonly string[]) => selectors.some(({ key }) => keys.includes(key))
  if (named(identity.services)) return true
  // fail closed: while it is not sure which pod has the address, a rail about any of them counts …
  if (effect === 'deny') return identity.pods.some(({ possible }) => named(possible))
  // fail closed: … and an allow only when it is about all of them.
  return identity.pods.length > 0 && identity.pods.every(({ sure }) => named(sure))
}

function holdsFor(
  selector: PeerSelector,
  pod: ClusterPod,
  index: ClusterIndex,
): { sure: boolean; possible: boolean } {
  const no = { sure: false, possible: false }
  if (selector.kind !== 'pods' || pod.hostNetwork) return no
  if (selector.namespace !== null && selector.namespace !== pod.namespace) return no
  if (selector.pods && !selectorMatches(selector.pods, pod.labels)) return no
  if (!selector.namespaces) return { sure: true, possible: true }
  const known = index.namespace(pod.namespace)
  const name = { name: pod.namespace }
  if (known) {
    const holds = selectorMatches(selector.namespaces, namespaceLabels({ ...name, ...known }))
    return { sure: holds, possible: holds }
  }
  // fail closed: a namespace that nobody told us of may have any label but its name's.
  return holdsForUnknown(selector.namespaces, namespaceLabels(name))
}

function holdsForUnknown(selector: LabelSelector, sure: Labels) {
  const conditions: LabelSelector[] = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
      matchLabels: { [key]: value },
    })),
    ...(selector.matchExpressions ?? []).map((one) => ({ matchExpressions: [one] })),
  ]
  const about = ({ matchLabels, matchExpressions }: LabelSelector) =>
    matchExpressions?.[0]?.key ?? Object.keys(matchLabels ?? {})[0] ?? ''
  const known = conditions.filter((one) => Object.hasOwn(sure, about(one)))
  const possible = known.every((one) => selectorMatches(one, sure))
  return { possible, sure: possible && known.length === conditions.length }
}
