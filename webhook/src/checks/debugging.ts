// SPDX-License-Identifier: Apache-2.0
// Pods that a person made to look into another pod or a node, and pods that somebody changed or entered while they
// run, whatever a mesh makes of them. kubectl debug (1.25 to 1.37): "node-debugger-NODE-xxxxx", and copies with a
// container "debugger-xxxxx", without the labels of the original and with its annotations.

import { fields, isTrue, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

export type Traces = {
  /** What only an injector writes, when the pod has it. */
  marker: Hit | null
  /** It has no sidecar. */
  bare: boolean
  /** Names of the mesh's sidecars. */
  sidecarNames: readonly string[]
  /** It carries a sidecar, and nothing asks for one. */
  unasked: boolean
  /** Whoever sent it speaks for the owner that is written in it. */
  ownerTrusted: boolean
}

export function debugging(subject: Subject, traces: Traces): Hit[] {
  // A controller makes no debug pods: agents of the node look alike, and are reviewed as DaemonSets.
  const own = subject.owner.kind === 'Pod' || !traces.ownerTrusted
  const single = subject.kind === 'Pod' && own
  return [
    ...(single ? [...ofNode(subject), ...copied(subject, traces)] : carried(subject, traces)),
    ...entered(subject, traces.sidecarNames),
  ]
}

function ofNode({ name, pod: { spec, prefix } }: Subject): Hit[] {
  const network = isTrue(spec, 'hostNetwork')
  const processes = isTrue(spec, 'hostPID')
  const files = list(spec, 'volumes').some((one) =>
    /^\/+$/.test(text(fields(one, 'hostPath'), 'path') ?? ''),
  )
  const named = name.startsWith('node-debugger-') && (network || processes || files)
  if (!named && !(network && processes && files)) return []
  const path = processes ? `${prefix}spec.hostPID` : `${prefix}spec`
  const message = "the pod looks into its node: it has the node's network, processes or files"
  return [{ id: 'debug-node-pod', path, message }]
}

function copied(subject: Subject, traces: Traces): Hit[] {
  const debug = subject.pod.containers.find(
    (one) => one.kind === 'regular' && /^debugger-[a-z0-9]{5}$/.test(one.name),
  )
  if (debug !== undefined) {
    const message = `the pod is a copy for debugging, with the container "${debug.name}" in it`
    return [{ id: 'debug-copy', path: `${debug.path}.name`, message }]
  }
  const { marker, bare, unasked } = traces
  if (marker !== null && bare) {
    const message =
      'somebody made the pod with the marks of injection on it, as a copy of another has them'
    return [{ id: 'debug-copy', path: marker.path, message }]
  }
  if (marker !== null && unasked) {
    const message =
      'the pod has a sidecar with its marks, and nothing that asks for one: a copy for debugging loses its labels'
    return [{ id: 'debug-copy', path: marker.path, message }]
  }
  return carried(subject, traces)
}

/** The mark of an injector beside the token that the API server gave it: what a running pod was written out as. */
function carried({ finished, pod }: Subject, { marker }: Traces): Hit[] {
  if (finished || marker === null) return []
  const token = list(pod.spec, 'volumes').some((one) =>
    /^kube-api-access-[a-z0-9]{5}$/.test(text(one, 'name') ?? ''),
  )
  if (!token) return []
  const message = 'the manifest carries marks of injection, as a copy of a running pod does'
  return [{ id: 'debug-copy', path: marker.path, message }]
}

const defaults = [
  'kubectl.kubernetes.io/default-container',
  'kubectl.kubernetes.io/default-exec-container',
]

/** kubectl exec and attach take that container when none is named. */
function entered({ pod }: Subject, sidecarNames: readonly string[]): Hit[] {
  const key = defaults.find((one) => sidecarNames.includes(pod.annotations.get(one) ?? ''))
  if (key === undefined) return []
  const path = `${pod.prefix}metadata.annotations[${key}]`
  const message = `who enters the pod gets into the sidecar "${pod.annotations.get(key) ?? ''}" unless told otherwise`
  return [{ id: 'exec-into-proxy', path, message, effect: 'risk' }]
}
