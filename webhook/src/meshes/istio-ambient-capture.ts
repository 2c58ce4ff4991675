// SPDX-License-Identifier: Apache-2.0
// A pod that the node should capture: does it, all of it, and only at the level of TCP? The node agent writes an
// annotation when it has set the redirect up. istio/istio cni/pkg/nodeagent/net.go and informers.go,
// cni/pkg/plugin/plugin.go isAmbientPod, cni/pkg/util/podutil.go (1.22 to 1.31).

import type { CheckInput } from '../checks/check.ts'
import { onFreshNode } from '../checks/fresh-node.ts'
import { inNamespace, objectNamed } from '../cluster-objects.ts'
import { fields, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { parsesFalse, parsesTrue } from '../go-bool.ts'
import type { Subject } from '../subject.ts'
import { annotationHits, annotationPath, type AnnotationRule } from './annotation-rules.ts'
import type { AmbientSettings } from './istio-ambient-settings.ts'
import type { MeshInput } from './mesh.ts'
import { sound, type Rule } from './rule.ts'

type Input = MeshInput<AmbientSettings>

export const redirection = 'ambient.istio.io/redirection'
export const waypoint = 'istio.io/use-waypoint'

const exceptions: readonly AnnotationRule[] = [
  {
    key: 'ambient.istio.io/bypass-inbound-capture',
    id: 'ambient-bypass-inbound',
    blinds: parsesTrue,
    what: 'what comes in reaches the application directly',
  },
  {
    key: 'ambient.istio.io/dns-capture',
    id: 'dns-exfil',
    blinds: parsesFalse,
    what: 'questions for names go past the node',
  },
]

const annotated: Rule<AmbientSettings> = sound(
  'Is everything captured, as annotations say?',
  'istio/istio cni/pkg/nodeagent/net.go and cni/pkg/util/podutil.go CheckBooleanAnnotation, 1.24 to 1.31',
  ({ subject }) => annotationHits(subject, exceptions),
)

const aboveTcp: Rule<AmbientSettings> = sound(
  'Is there a waypoint, for policy above TCP?',
  'istio/istio pilot/pkg/serviceregistry/kube/controller/ambient/waypoints.go, 1.22 to 1.31',
  withoutWaypoint,
)

export const ambientForesight: readonly Rule<AmbientSettings>[] = [annotated, aboveTcp]

export const ambientVerification: readonly Rule<AmbientSettings>[] = [
  sound(
    'Has the node agent set the redirect up, if the pod runs?',
    'istio/istio cni/pkg/plugin/plugin.go isAmbientPod and cni/pkg/util/podutil.go PodFullyEnrolled, 1.22 to 1.31',
    notEnrolled,
  ),
  annotated,
  aboveTcp,
]

function notEnrolled({ subject, objects }: Input): Hit[] {
  const value = subject.pod.annotations.get(redirection)
  // At its creation a pod has no address yet, and the annotation comes later; it goes when the pod ends.
  if (value === 'enabled' || !runs(subject)) return []
  const path = annotationPath(subject, redirection)
  if (value === 'pending') {
    const message = 'the redirect is set up, and the proxy of the node does not know the pod yet'
    return [{ id: 'cni-race', path, message }]
  }
  if (onFreshNode(subject, objects)) {
    const message = `the pod started when its node was new, and the node agent never set the redirect up (no annotation ${redirection})`
    return [{ id: 'cni-race', path, message }]
  }
  const message = `the pod runs without the annotation ${redirection}: the node agent never set the redirect up`
  const hits: Hit[] = [{ id: 'ambient-detect-error', path, message }]
  const node = text(subject.object, 'spec', 'nodeName') ?? ''
  if (objectNamed(objects, 'Node', node) !== null) return hits
  const race =
    'how old its node was is not known: it may have started before the node agent was there'
  return [...hits, { id: 'cni-race', path, message: race }]
}

function runs({ object }: Subject): boolean {
  const phase = text(object, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return false
  return phase === 'Running' || list(object, 'status', 'podIPs').length > 0
}

/** The pod's label wins, then one of its services', then the namespace's. */
function withoutWaypoint({ subject, namespace, objects }: Input): Hit[] {
  const { pod } = subject
  const hit = (path: string, message: string): Hit[] => [
    { id: 'ambient-no-waypoint', path, message },
  ]
  const none = `the label ${waypoint} is "none": policy above TCP does not apply`
  const own = pod.labels.get(waypoint)
  if (own !== undefined) {
    return own === 'none' ? hit(`${pod.prefix}metadata.labels[${waypoint}]`, none) : []
  }
  const served = inNamespace(objects, 'Service', subject.namespace).some((service) => {
    const selector = Object.entries(fields(service.object, 'spec', 'selector'))
    const value = service.labels.get(waypoint) ?? 'none'
    return (
      value !== 'none' &&
      selector.length > 0 &&
      selector.every(([key, wanted]) => pod.labels.get(key) === wanted)
    )
  })
  const inherited = namespace.labels.get(waypoint)
  if (served || (inherited !== undefined && inherited !== 'none')) return []
  return inherited === 'none'
    ? hit(`namespace.metadata.labels[${waypoint}]`, none)
    : hit(
        `${pod.prefix}metadata.labels`,
        `no label ${waypoint} on pod, service or namespace: only TCP is governed`,
      )
}

/** The node tells its own traffic by a mark, so no user or group is left alone. */
export function ambientChecks({ subject, namespace, objects }: Input): CheckInput {
  return {
    subject,
    namespace,
    objects,
    exempt: { users: new Set(), groups: new Set(), usual: -1 },
    own: () => false,
    reserved: new Set([15008]),
  }
}
