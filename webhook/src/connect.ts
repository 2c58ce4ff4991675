// SPDX-License-Identifier: Apache-2.0
// Connections into a running pod: a shell in the sidecar has the proxy's identity, a forwarded port arrives
// on the loopback interface, where nothing is captured, and through the kubelet's own door there is no
// review of the pod at all: the node's path is all that tells which pod is meant.

import { byPolicy, type Found, type Told } from './by-policy.ts'
import { text } from './fields.ts'
import type { Hit } from './finding.ts'
import type { Knowledge } from './judge.ts'
import { meshNamed } from './meshes/index.ts'
import type { Review } from './review.ts'

const nothing: Found = { findings: [], objections: [] }

export function judgeConnect(review: Review, known: Knowledge): Found {
  const { resource, subresource, namespace, name } = review
  if (review.group !== '') return nothing
  if (resource === 'nodes' && subresource === 'proxy') return throughKubelet(review, known)
  if (resource !== 'pods') return nothing
  if (subresource === 'portforward') {
    const message = 'a forwarded port arrives on the loopback interface, past the sidecar'
    const hit: Hit = { id: 'loopback-ingress', path: '', message }
    return intoPod(known, namespace, name, () => [{ hit, objects: false }])
  }
  const container = text(review.object, 'container')
  // fail open: without a name the pod's only container is meant; where there are several, the API server
  // asks for a name. So it can only be the sidecar of a pod that is nothing but a sidecar.
  if ((subresource !== 'exec' && subresource !== 'attach') || container === undefined) {
    return nothing
  }
  const message = identityOf(container)
  const hit: Hit = { id: 'exec-into-proxy', path: 'container', message }
  return intoPod(known, namespace, name, (mesh) =>
    isSidecar(container, mesh, known) ? [{ hit, objects: true }] : [],
  )
}

/** Has the container the name of this mesh's sidecar? */
export function isSidecar(container: string, mesh: string, known: Knowledge): boolean {
  return meshNamed(mesh, known.profiles)?.sidecarNames.includes(container) ?? false
}

function identityOf(container: string): string {
  return `a command in the container "${container}" runs with the identity of the proxy`
}

/** The pod's labels and owner are not part of the request, so of exemptions only its name counts. */
function intoPod(
  known: Knowledge,
  namespace: string,
  name: string,
  telling: (mesh: string) => Told[],
): Found {
  const object = `Pod/${namespace}/${name}`
  return byPolicy(known, { namespace, object, workload: { kind: 'Pod', name } }, telling)
}

/** Paths of the kubelet that run something in a pod or open a connection into it (kubelet server.go, 1.37). */
const doors = ['exec', 'run', 'attach', 'portforward', 'cri']

export type KubeletTarget = {
  door: string
  namespace: string
  pod: string
  container: string | null
}

/** What a path of the kubelet leads into, or null. */
export function kubeletTarget(path: string): KubeletTarget | null {
  const [asked = ''] = path.split(/[?#]/, 1)
  const [door = '', namespace = '', pod = '', ...rest] = asked
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map(decoded)
  if (!doors.includes(door.toLowerCase())) return null
  // With an UID in front of the container: exec/NAMESPACE/POD/UID/CONTAINER.
  return { door, namespace, pod, container: rest[1] ?? rest[0] ?? null }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function throughKubelet(review: Review, known: Knowledge): Found {
  const target = kubeletTarget(text(review.object, 'path') ?? '')
  if (target === null) return nothing
  const { door, namespace, pod, container } = target
  const forward = door.toLowerCase() === 'portforward'
  const plain = `"${door}" through the kubelet of ${review.name} reaches the pod without a review of it`
  return intoPod(known, namespace, pod, (mesh) => {
    const objects = !forward && container !== null && isSidecar(container, mesh, known)
    const message = objects ? identityOf(container) : plain
    return [{ hit: { id: 'kubelet-exec', path: 'path', message }, objects }]
  })
}
