// SPDX-License-Identifier: Apache-2.0
// Connections into a running pod: a shell in the sidecar has the proxy's identity, and a forwarded port
// arrives on the loopback interface, where nothing is captured.

import { requirements } from '../../policies/src/index.ts'
import { text } from './fields.ts'
import { findingOf, type Finding } from './finding.ts'
import type { Knowledge, Objection } from './judge.ts'
import { unknownNamespace } from './namespace.ts'
import type { Review } from './review.ts'

const sidecarNames: Readonly<Record<string, string>> = {
  istio: 'istio-proxy',
  linkerd: 'linkerd-proxy',
}

export function judgeConnect(
  review: Review,
  known: Knowledge,
): { findings: Finding[]; objections: Objection[] } {
  const findings: Finding[] = []
  const objections: Objection[] = []
  if (review.group !== '' || review.resource !== 'pods') return { findings, objections }
  const namespace = known.namespaces.get(review.namespace) ?? unknownNamespace(review.namespace)
  const labels = Object.fromEntries(namespace.labels)
  const object = `Pod/${review.namespace}/${review.name}`
  for (const one of requirements(known.policies, { name: namespace.name, labels })) {
    for (const mesh of one.meshes) {
      if (review.subresource === 'portforward') {
        const message = 'a forwarded port arrives on the loopback interface, past the sidecar'
        findings.push(findingOf({ id: 'loopback-ingress', path: '', message }, mesh, object))
      }
      const container = text(review.object, 'container')
      const shell = review.subresource === 'exec' || review.subresource === 'attach'
      // fail open: without a name the pod's default container is meant, which the request does not tell.
      if (!shell || container === undefined || container !== sidecarNames[mesh]) continue
      const message = `a command in the container "${container}" runs with the identity of the proxy`
      const finding = findingOf({ id: 'exec-into-proxy', path: 'container', message }, mesh, object)
      findings.push(finding)
      objections.push({ finding, mode: one.mode, policy: one.loaded.key, class: one.class })
    }
  }
  return { findings, objections }
}
