// SPDX-License-Identifier: Apache-2.0
// Where no sidecar can be: pods of Windows, of virtual nodes, and pods that the kubelet runs from a file.
// The API server shows the last as mirror pods; a sidecar in such an object is never started.

import { named, type ClusterObject } from '../cluster-objects.ts'
import { fields, isTrue, list, text, texts } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

export const mirrorAnnotation = 'kubernetes.io/config.mirror'

export function isMirror(subject: Subject): boolean {
  return (
    subject.kind === 'Pod' &&
    (subject.annotations.has(mirrorAnnotation) || subject.owner.kind === 'Node')
  )
}

export function placement(
  subject: Subject,
  hasSidecar: boolean,
  nodes: readonly ClusterObject[] = [],
): Hit[] {
  const hits: Hit[] = []
  if (isMirror(subject)) {
    const path = subject.annotations.has(mirrorAnnotation)
      ? `metadata.annotations[${mirrorAnnotation}]`
      : 'metadata.ownerReferences'
    hits.push({
      id: 'static-pod',
      path,
      message: 'the kubelet runs this pod from a file; no injector ever changes what it runs',
    })
    const message = hasSidecar
      ? 'the mirror object carries a sidecar that the static pod does not run'
      : 'what an injector may add to the mirror object never runs: the static pod stays as it is'
    hits.push({ id: 'mirror-pod-illusion', path, message })
  }
  const process = hostProcess(subject)
  if (process !== null) {
    const message = 'host processes use the network of the node, without any sidecar'
    hits.push({ id: 'windows-hostprocess', path: process, message })
  }
  const windows = windowsPath(subject)
  if (windows !== null) {
    const message = 'a Linux sidecar cannot run in a Windows pod'
    hits.push({ id: 'windows-pod', path: windows, message })
  }
  hits.push(...virtualNode(subject, nodes))
  return hits
}

function hostProcess({ pod }: Subject): string | null {
  const option = ['windowsOptions', 'hostProcess']
  if (isTrue(pod.spec, 'securityContext', ...option)) {
    return `${pod.prefix}spec.securityContext.windowsOptions.hostProcess`
  }
  const one = pod.containers.find(({ security }) => isTrue(security, ...option))
  return one === undefined ? null : `${one.path}.securityContext.windowsOptions.hostProcess`
}

function windowsPath(subject: Subject): string | null {
  const { prefix, spec } = subject.pod
  if (text(spec, 'os', 'name') === 'windows') return `${prefix}spec.os.name`
  const keys = ['kubernetes.io/os', 'beta.kubernetes.io/os']
  return asksFor(subject, keys, (value) => value === 'windows')
}

/** By its selector, or by what its affinity requires in every one of its terms; null: it does not. */
function asksFor(
  { pod: { prefix, spec } }: Subject,
  keys: readonly string[],
  fits: (value: string) => boolean,
): string | null {
  const selector = fields(spec, 'nodeSelector')
  const key = keys.find((one) => fits(text(selector, one) ?? ''))
  if (key !== undefined) return `${prefix}spec.nodeSelector[${key}]`
  const required = ['affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution']
  const terms = list(spec, ...required, 'nodeSelectorTerms')
  const every = terms.every((term) =>
    list(term, 'matchExpressions').some(
      (one) =>
        keys.includes(text(one, 'key') ?? '') &&
        text(one, 'operator') === 'In' &&
        texts(one, 'values').length > 0 &&
        texts(one, 'values').every(fits),
    ),
  )
  return terms.length > 0 && every ? `${prefix}spec.${required.join('.')}` : null
}

const virtual = 'a virtual node runs neither the redirect nor the node enforcer'
const taints = /^(virtual-kubelet\.io\/provider|azure\.com\/aci|eks\.amazonaws\.com\/compute-type)$/

/** The selector asks for such a node; a pod that runs tells where it is. */
function virtualNode(subject: Subject, nodes: readonly ClusterObject[]): Hit[] {
  const asked = asksFor(subject, ['type'], (value) => value === 'virtual-kubelet')
  if (asked !== null) return [{ id: 'virtual-node', path: asked, message: virtual }]
  const name = text(subject.object, 'spec', 'nodeName') ?? ''
  const node = name === '' ? undefined : named(nodes).get(name)?.[0]
  const isVirtual =
    node?.labels.get('type') === 'virtual-kubelet' ||
    list(node?.object, 'spec', 'taints').some((one) => taints.test(text(one, 'key') ?? ''))
  return isVirtual ? [{ id: 'virtual-node', path: 'spec.nodeName', message: virtual }] : []
}

/** A toleration only allows such a node, so it is a risk and no verdict. */
export function allowsVirtualNode({ pod: { prefix, spec } }: Subject): Hit[] {
  const at = list(spec, 'tolerations').findIndex((one) => taints.test(text(one, 'key') ?? ''))
  if (at === -1) return []
  const message = `the pod may run on a virtual node: ${virtual}`
  return [{ id: 'virtual-node', path: `${prefix}spec.tolerations[${at}]`, message, effect: 'risk' }]
}
