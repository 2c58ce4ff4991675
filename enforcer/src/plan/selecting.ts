// SPDX-License-Identifier: Apache-2.0
// Which policies select which pods. Of 1,000 policies and 250 pods a change touches few: only a policy or a pod that is
// new is looked at.
import { selects, type RuntimeLike } from '../../../policies/src/index.ts'
import type { KnownPod } from '../identity/pods.ts'

type Policy = RuntimeLike['policy']

/** What the plan before found; kept by the caller. */
export interface SelectionMemory {
  policies: ReadonlySet<Policy>
  pods: ReadonlyMap<KnownPod, readonly Policy[]>
}

/** For each pod its policies, in the order given. */
export function selecting(
  policies: readonly RuntimeLike[],
  pods: readonly KnownPod[],
  memory: SelectionMemory,
): Map<KnownPod, RuntimeLike[]> {
  const placeOf = new Map(policies.map(({ policy }, place) => [policy, place]))
  const fresh = policies.filter(({ policy }) => !memory.policies.has(policy))
  const found = new Map<KnownPod, RuntimeLike[]>()
  for (const pod of pods) {
    const subject = { scope: 'pod', pod: pod.manifest, namespace: pod.namespace } as const
    const before = memory.pods.get(pod)
    const places = [
      ...(before ?? []),
      ...(before ? fresh : policies).filter((p) => selects(p, subject)).map((p) => p.policy),
    ].flatMap((policy) => placeOf.get(policy) ?? [])
    places.sort((a, b) => a - b)
    found.set(
      pod,
      places.map((place) => policies[place] as RuntimeLike),
    )
  }
  memory.policies = new Set(placeOf.keys())
  memory.pods = new Map([...found].map(([pod, its]) => [pod, its.map((p) => p.policy)]))
  return found
}
