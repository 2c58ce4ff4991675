// SPDX-License-Identifier: Apache-2.0
// From any kind of workload to the one thing that is judged: its pod, or the template of its pods.
// A pod that the API server has already made is judged by what it is; everything else is a prediction.

import { containersOf, type Container } from './containers.ts'
import { fields, isFields, list, marks, text, type Fields, type Marks } from './fields.ts'

export type PodTemplate = {
  /** '' for a pod, 'spec.template.' for a Deployment: goes in front of every field path. */
  prefix: string
  labels: Marks
  annotations: Marks
  spec: Fields
  containers: readonly Container[]
}

export type Subject = {
  apiVersion: string
  kind: string
  name: string
  namespace: string
  object: Fields
  labels: Marks
  annotations: Marks
  pod: PodTemplate
  /** A pod after admission's mutation, not a manifest that is still to be sent. */
  finished: boolean
  /** The workload that owns it, for messages and exemptions: "DaemonSet/node-exporter". */
  owner: { kind: string; name: string }
}

/** Kinds by the place of their pod template. A kind of another API group that has the same name fits too. */
const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  ReplicationController: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  Rollout: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
}

export const workloadKinds: readonly string[] = Object.keys(templates)

/** Null when the object is no workload. A pod is finished when told so, or when it has an UID. */
export function subjectOf(
  object: unknown,
  known: { namespace?: string; finished?: boolean } = {},
): Subject | null {
  const kind = text(object, 'kind')
  if (!isFields(object) || kind === undefined || !Object.hasOwn(templates, kind)) return null
  const place = templates[kind] ?? []
  const template = fields(object, ...place)
  const prefix = place.map((part) => `${part}.`).join('')
  const spec = fields(template, 'spec')
  // A Rollout may point to a Deployment instead of having a template: that Deployment is judged.
  if (kind !== 'Pod' && Object.keys(spec).length === 0) return null
  const name = text(object, 'metadata', 'name') ?? text(object, 'metadata', 'generateName') ?? ''
  return {
    apiVersion: text(object, 'apiVersion') ?? '',
    kind,
    name,
    namespace: text(object, 'metadata', 'namespace') ?? known.namespace ?? 'default',
    object,
    labels: marks(object, 'metadata', 'labels'),
    annotations: marks(object, 'metadata', 'annotations'),
    pod: {
      prefix,
      labels: marks(template, 'metadata', 'labels'),
      annotations: marks(template, 'metadata', 'annotations'),
      spec,
      containers: containersOf(spec, `${prefix}spec`),
    },
    finished: kind === 'Pod' && (known.finished ?? text(object, 'metadata', 'uid') !== undefined),
    owner: ownerOf(object, kind, name),
  }
}

/** The controller, one level up; a ReplicaSet named after a pod-template-hash is its Deployment's. */
function ownerOf(object: Fields, kind: string, name: string): { kind: string; name: string } {
  const controller = list(object, 'metadata', 'ownerReferences').find(
    (reference) => fields(reference).controller === true,
  )
  const ownerKind = text(controller, 'kind')
  const ownerName = text(controller, 'name')
  if (ownerKind === undefined || ownerName === undefined) return { kind, name }
  const hash = text(object, 'metadata', 'labels', 'pod-template-hash')
  if (ownerKind === 'ReplicaSet' && hash !== undefined && ownerName.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: ownerName.slice(0, -hash.length - 1) }
  }
  return { kind: ownerKind, name: ownerName }
}

/** How a subject is called in reports: "Deployment/shop/cart". */
export function subjectKey(subject: Subject): string {
  return `${subject.kind}/${subject.namespace}/${subject.name}`
}
