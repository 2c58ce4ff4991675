// SPDX-License-Identifier: Apache-2.0
// Manifests → the pods that policies may select, and who is at which address. The agent and the command line read them
// in the same way.
import {
  formatProblem,
  indexCluster,
  noCluster,
  readManifests,
  type ClusterIndex,
  type ManifestMemory,
  type Namespace,
} from '../../../policies/src/index.ts'
import { podFacts } from './pod-facts.ts'
import { knownPods, type KnownPod } from './pods.ts'

export interface KnownCluster {
  pods: KnownPod[]
  cluster: ClusterIndex
  problems: string[]
}
export const nothingKnown: KnownCluster = {
  pods: [],
  cluster: indexCluster(noCluster),
  problems: [],
}

/** So that an object that did not change is the same pod again; kept by the caller. */
export interface ClusterMemory {
  manifests: ManifestMemory
  pods: Map<object, { namespace: Namespace | undefined; here: string; known: KnownPod[] }>
}
export const noClusterMemory = (): ClusterMemory => ({ manifests: new Map(), pods: new Map() })

/** `here`: addresses of this node. */
export function knowCluster(
  texts: readonly { file: string; text: string }[],
  here: readonly string[],
  memory: ClusterMemory = noClusterMemory(),
): KnownCluster {
  const { objects, cluster, problems } = readManifests(texts, memory.manifests)
  const namespaces = new Map(cluster.namespaces.map((one) => [one.name, one]))
  const earlier = memory.pods
  memory.pods = new Map()
  const told = here.join()
  const pods = objects.flatMap((object) => {
    if (typeof object !== 'object' || object === null) return []
    const { namespace = 'default' } =
      (object as { metadata?: { namespace?: string } }).metadata ?? {}
    const now = namespaces.get(namespace)
    const before = earlier.get(object)
    const same = before?.namespace === now && before?.here === told
    const known = same
      ? before.known
      : knownPods(object, namespaces).map((pod) => {
          const facts = podFacts(pod.manifest, here)
          return facts ? { ...pod, facts } : pod
        })
    if (known.length > 0) memory.pods.set(object, { namespace: now, here: told, known })
    return known
  })
  return {
    pods,
    cluster: indexCluster({ ...cluster, here }),
    problems: problems.map(formatProblem),
  }
}
