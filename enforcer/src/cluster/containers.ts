// SPDX-License-Identifier: Apache-2.0
// Every running container of the node, with what the kernel says of it: read from the cgroup tree and the maps, joined to
// the pods that the API server told of.
import type { NodeContainer, Pod, PodName } from '../../../policies/src/index.ts'
import { Scope } from '../kernel/abi.gen.ts'
import { readable, walkCgroups } from '../kernel/cgroups.ts'
import type { Inside } from '../enforce.ts'
import type { KnownPod } from '../identity/pods.ts'
import { recognise } from '../identity/recognise.ts'

type Fields = Record<string, unknown>
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

export function podName({ name, namespace, manifest }: KnownPod): PodName {
  const uid = fieldsOf(manifest.metadata).uid
  return { namespace: namespace.name, name, uid: typeof uid === 'string' ? uid : '' }
}

/** Its cgroup carries the hash of its configuration, not the UID of the object in the API. */
export const isStatic = ({ claim }: KnownPod): boolean =>
  claim === 'mirror' || claim === 'annotation'

/** By the id that the runtime gave them ("containerd://…"): their names. */
function namesOf(manifest: Pod): Map<string, string> {
  const status = fieldsOf(manifest.status)
  const all = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']
  return new Map(
    all
      .flatMap((field) => listOf(status[field]))
      .flatMap(({ name, containerID }) => {
        const id = typeof containerID === 'string' ? containerID.split('://').at(-1) : undefined
        return typeof name === 'string' && id ? [[id, name] as const] : []
      }),
  )
}

/** Looks at so many cgroups, which takes some milliseconds, and lets others do something before it goes on. */
const atOnce = 50

export async function containersOf(
  inside: Inside,
  top: string,
  pause: () => Promise<void>,
): Promise<NodeContainer[]> {
  const { tables, applied, input, mount } = inside
  const byUid = new Map(input.pods.map((pod) => [pod.uid, pod]))
  const modes = new Map(applied.plan.policies.map(({ key, mode }) => [key, mode]))
  const byBinding = new Map([...applied.bindings].map(([key, id]) => [id, key]))
  const policiesOf = (binding: number): string[] => {
    const ruleset = applied.plan.bindings.get(byBinding.get(binding) ?? '')?.ruleset ?? ''
    return applied.plan.rulesets.get(ruleset)?.policies ?? []
  }
  const names = new Map<string, Map<string, string>>()
  const found: NodeContainer[] = []
  let looked = 0
  for (const cgroup of walkCgroups(mount, top)) {
    if (++looked % atOnce === 0) await pause()
    const path = readable(cgroup.path)
    const parts = path.split('/').slice(1)
    const [own = '', parent = '', above = ''] = parts.toReversed()
    if (recognise({ own, parent, above, atTop: parts.length === 2 })?.kind !== 'container') continue
    const subject = tables.cgroups.get({ value: cgroup.id })?.subject ?? 0n
    const row = subject === 0n ? undefined : tables.subjects.get({ value: subject })
    // A container within a container, as of a runtime inside a pod, is its subject's.
    if (row && row.scope !== Scope.POD && subject !== cgroup.id) continue
    const policies = row ? policiesOf(row.binding) : []
    const name = subject === 0n ? undefined : tables.subject_names.get({ value: subject })
    const uid = row?.scope === Scope.POD && name ? Buffer.from(name.uid).toString('hex') : ''
    const pod = byUid.get(uid)
    const id = /([0-9a-f]{64})/.exec(own)?.[1] ?? own
    if (pod && !names.has(uid)) names.set(uid, namesOf(pod.manifest))
    const container = names.get(uid)?.get(id)
    found.push({
      ...(pod && { pod: podName(pod) }),
      ...(container !== undefined && { container }),
      id,
      kind: !row
        ? 'unbound'
        : row.scope !== Scope.POD
          ? 'bare'
          : pod
            ? isStatic(pod)
              ? 'static'
              : 'pod'
            : 'pending',
      cgroup: path,
      enforced: policies.some((key) => modes.get(key) === 'enforce'),
      audited: policies.some((key) => modes.get(key) === 'audit'),
      policies,
    })
  }
  return found
}
