// SPDX-License-Identifier: Apache-2.0
// Where no sidecar can be: pods of Windows, of virtual nodes, and pods that the kubelet runs from a file.
// The API server shows the last as mirror pods; a sidecar in such an object is never started.

import { isTrue, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

export const mirrorAnnotation = 'kubernetes.io/config.mirror'

export function isMirror(subject: Subject): boolean {
  return subject.kind === 'Pod' && subject.annotations.has(mirrorAnnotation)
}

export function placement(subject: Subject, hasSidecar: boolean): Hit[] {
  const { prefix, spec } = subject.pod
  const hits: Hit[] = []
  if (isMirror(subject)) {
    const path = `metadata.annotations[${mirrorAnnotation}]`
    hits.push({
      id: 'static-pod',
      path,
      message: 'the kubelet runs this pod from a file; no injector ever changes what it runs',
    })
    if (hasSidecar) {
      hits.push({
        id: 'mirror-pod-illusion',
        path,
        message: 'the mirror object carries a sidecar that the static pod does not run',
      })
    }
  }
  if (isTrue(spec, 'securityContext', 'windowsOptions', 'hostProcess')) {
    hits.push({
      id: 'windows-hostprocess',
      path: `${prefix}spec.securityContext.windowsOptions.hostProcess`,
      message: 'host processes use the network of the node, without any sidecar',
    })
  }
  const os = text(spec, 'os', 'name') === 'windows'
  if (os || text(spec, 'nodeSelector', 'kubernetes.io/os') === 'windows') {
    hits.push({
      id: 'windows-pod',
      path: os ? `${prefix}spec.os.name` : `${prefix}spec.nodeSelector`,
      message: 'a Linux sidecar cannot run in a Windows pod',
    })
  }
  hits.push(...virtualNode(subject))
  return hits
}

/** A toleration only allows such a node; the selector asks for one. */
function virtualNode({ pod }: Subject): Hit[] {
  if (text(pod.spec, 'nodeSelector', 'type') !== 'virtual-kubelet') return []
  const message = 'a virtual node runs neither the redirect nor the node enforcer'
  return [{ id: 'virtual-node', path: `${pod.prefix}spec.nodeSelector.type`, message }]
}
