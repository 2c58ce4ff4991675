// SPDX-License-Identifier: Apache-2.0
// From any kind of workload to the one thing that is judged: its pod, or the template of its pods.
// A pod that the API server has already made is judged by what it is; everything else is a prediction.

import { containersOf, type Container } from './containers.ts'
import { fields, isFields, list, marks, text, type Fields, type Marks } from './fields.ts'
import { prefixOf, templatePlaces, type TemplatePaths } from './template-paths.ts'

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

export type SubjectPlace = {
  namespace?: string
  finished?: boolean
  /** Where further kinds keep their pod templates, by "Kind.group" or "Kind". */
  templates?: TemplatePaths
}

/** Null when the object is no workload. A pod is finished when told so, or when it has an UID. */
export function subjectOf(object: unknown, known: SubjectPlace = {}): Subject | null {
  return subjectsOf(object, known)[0] ?? null
}

/** Some kinds hold several pod templates: a leader's and its workers'. */
export function subjectsOf(object: unknown, known: SubjectPlace = {}): Subject[] {
  if (!isFields(object)) return []
  return templatePlaces(object, known.templates).map((at) => subjectAt(object, at, known))
}

function subjectAt(object: Fields, at: readonly (string | number)[], known: SubjectPlace): Subject {
  const kind = text(object, 'kind') ?? ''
  const template = fields(object, ...at.map(String))
  const prefix = prefixOf(at)
  const spec = fields(template, 'spec')
  const name = text(object, 'metadata', 'name') ?? text(object, 'metadata', 'generateName') ?? ''
  const labels = marks(object, 'metadata', 'labels')
  const annotations = marks(object, 'metadata', 'annotations')
  return {
    apiVersion: text(object, 'apiVersion') ?? '',
    kind,
    name,
    namespace: text(object, 'metadata', 'namespace') ?? known.namespace ?? 'default',
    object,
    labels,
    annotations,
    pod: {
      prefix,
      // A pod is its own template.
      labels: at.length === 0 ? labels : marks(template, 'metadata', 'labels'),
      annotations: at.length === 0 ? annotations : marks(template, 'metadata', 'annotations'),
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

/** The kind that is behind the pod, as far as the object tells: 'Job' for a pod of a Job. */
export function controllerKind(subject: Subject): string {
  return subject.owner.kind
}

/** How a subject is called in reports: "Deployment/shop/cart". */
export function subjectKey(subject: Subject): string {
  return `${subject.kind}/${subject.namespace}/${subject.name}`
}
