// SPDX-License-Identifier: Apache-2.0
// Pods that are known from manifests (the kubelet's folder of static pods, or files of a test), by the UID in the name of
// their cgroup. A static pod's cgroup carries the hash of its configuration, which its mirror pod in the API names in an
// annotation. Whoever may write annotations must not take another pod's place by that, so an annotation is the weakest
// claim of a UID, and a pod is always known by its own UID as well.
import type { Namespace, Pod, PodFacts } from '../../../policies/src/index.ts'

/** Who says that this is the pod's UID; a later one wins over an earlier. */
export const claims = ['annotation', 'mirror', 'uid'] as const

type Claim = (typeof claims)[number]

export interface KnownPod {
  /** 32 hexadecimal digits: a UID without its dashes, or a static pod's configuration hash. */
  uid: string
  claim?: Claim
  name: string
  namespace: Namespace
  manifest: Pod
  /** What follows from its manifest. */
  facts?: PodFacts
}

const hash = 'kubernetes.io/config.hash'
const mirror = 'kubernetes.io/config.mirror'

/** Once for each UID that its cgroup may have; nothing for anything that is not a pod with one. */
export function knownPods(
  manifest: unknown,
  namespaces: ReadonlyMap<string, Namespace>,
): KnownPod[] {
  if (typeof manifest !== 'object' || manifest === null) return []
  const { kind, metadata } = manifest as { kind?: unknown; metadata?: Record<string, unknown> }
  if (kind !== 'Pod' || typeof metadata !== 'object') return []
  const annotations = (metadata.annotations ?? {}) as Record<string, unknown>
  const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : 'default'
  const pod = {
    name: typeof metadata.name === 'string' ? metadata.name : '',
    namespace: namespaces.get(namespace) ?? { name: namespace },
    manifest: manifest as Pod,
  }
  const uid = normaliseUid(metadata.uid)
  const hashed = normaliseUid(annotations[hash])
  const claim: Claim = annotations[mirror] === annotations[hash] ? 'mirror' : 'annotation'
  const known: KnownPod[] = []
  if (uid) known.push({ uid, claim: 'uid', ...pod })
  if (hashed && hashed !== uid) known.push({ uid: hashed, claim, ...pod })
  return known
}

export function normaliseUid(uid: unknown): string | undefined {
  if (typeof uid !== 'string') return undefined
  const digits = uid.toLowerCase().replace(/[-_]/g, '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}
