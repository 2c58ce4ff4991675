// SPDX-License-Identifier: Apache-2.0
// Pods that are known from manifests (the kubelet's folder of static pods, or files of a test), by their UID, which
// is in the name of their cgroup.
import type { Namespace, Pod } from '../../../policies/src/index.ts'

export interface KnownPod {
  /** 32 hexadecimal digits: a UID without its dashes, or a static pod's configuration hash. */
  uid: string
  name: string
  namespace: Namespace
  manifest: Pod
}

const hash = 'kubernetes.io/config.hash'

/** Undefined for anything that is not a pod with a UID. */
export function knownPod(
  manifest: unknown,
  namespaces: ReadonlyMap<string, Namespace>,
): KnownPod | undefined {
  if (typeof manifest !== 'object' || manifest === null) return undefined
  const { kind, metadata } = manifest as { kind?: unknown; metadata?: Record<string, unknown> }
  if (kind !== 'Pod' || typeof metadata !== 'object') return undefined
  const annotations = (metadata.annotations ?? {}) as Record<string, unknown>
  const uid = normaliseUid(annotations[hash] ?? metadata.uid)
  if (!uid) return undefined
  const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : 'default'
  return {
    uid,
    name: typeof metadata.name === 'string' ? metadata.name : '',
    namespace: namespaces.get(namespace) ?? { name: namespace },
    manifest: manifest as Pod,
  }
}

export function normaliseUid(uid: unknown): string | undefined {
  if (typeof uid !== 'string') return undefined
  const digits = uid.toLowerCase().replace(/[-_]/g, '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

/**
 * The UID in a pod's cgroup name, as bpf/identity.bpf.c reads it: kubepods-burstable-pod<uid>.slice (systemd driver),
 * pod<uid> (cgroupfs driver).
 */
export function podUidOfCgroup(name: string): string | undefined {
  const found = /(?:^|-)pod([0-9a-f_-]+)(?:\.[^/]*)?$/.exec(name.slice(0, 127))
  return found ? normaliseUid(found[1]) : undefined
}
