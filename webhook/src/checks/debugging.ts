// SPDX-License-Identifier: Apache-2.0
// Pods that a person made to look into another pod or a node, whatever a mesh makes of them.
// kubectl debug (1.25 to 1.34): "node-debugger-NODE-xxxxx", and copies with a container "debugger-xxxxx".

import { fields, isTrue, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

/** `marker`: what only an injector writes, when the pod has it. */
export function debugging(subject: Subject, marker: Hit | null): Hit[] {
  // A controller makes no debug pods: agents of the node look alike, and are reviewed as DaemonSets.
  const single = subject.kind === 'Pod' && subject.owner.kind === 'Pod'
  return single ? [...ofNode(subject), ...copied(subject, marker)] : carried(subject, marker)
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

function copied(subject: Subject, marker: Hit | null): Hit[] {
  const debug = subject.pod.containers.find(
    (one) => one.kind === 'regular' && /^debugger-[a-z0-9]{5}$/.test(one.name),
  )
  if (debug !== undefined) {
    const message = `the pod is a copy for debugging, with the container "${debug.name}" in it`
    return [{ id: 'debug-copy', path: `${debug.path}.name`, message }]
  }
  return carried(subject, marker)
}

/** The mark of an injector beside the token that the API server gave it: what a running pod was written out as. */
function carried({ finished, pod }: Subject, marker: Hit | null): Hit[] {
  if (finished || marker === null) return []
  const token = list(pod.spec, 'volumes').some((one) =>
    /^kube-api-access-[a-z0-9]{5}$/.test(text(one, 'name') ?? ''),
  )
  if (!token) return []
  const message = 'the manifest carries marks of injection, as a copy of a running pod does'
  return [{ id: 'debug-copy', path: marker.path, message }]
}
