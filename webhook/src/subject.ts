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

/** Null when the object is no workload. A pod is finished when told so, or when the API server has made it. */
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
    finished: kind === 'Pod' && (known.finished ?? wasMade(object)),
    owner: ownerOf(object, kind, name),
  }
}

/** Nobody writes these into a manifest; tools that write manifests leave them empty. */
function wasMade(object: Fields): boolean {
  const written = ['uid', 'resourceVersion', 'creationTimestamp'].some(
    (key) => (text(object, 'metadata', key) ?? '') !== '',
  )
  return written || text(object, 'status', 'startTime') !== undefined
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

export type Carrier = { path: string; labels: Marks; annotations: Marks }

/** Every mesh asks for those of the same workload. */
const carried = new WeakMap<Subject, readonly Carrier[]>()

/** Everything above the pod template that has labels and annotations of its own: the workload, and its parts. */
export function carriers(subject: Subject): readonly Carrier[] {
  const known = carried.get(subject) ?? readCarriers(subject)
  carried.set(subject, known)
  return known
}

function readCarriers(subject: Subject): Carrier[] {
  const found: Carrier[] = []
  const steps = subject.pod.prefix.split('.').slice(0, -1)
  // The last step is the template itself.
  for (let length = 0; length < steps.length; length++) {
    const at = steps.slice(0, length)
    const metadata = fields(subject.object, ...at, 'metadata')
    if (Object.keys(metadata).length === 0) continue
    const path = [...at, 'metadata'].join('.')
    const [labels, annotations] = [marks(metadata, 'labels'), marks(metadata, 'annotations')]
    found.push({ path, labels, annotations })
  }
  return found
}

/** How a subject is called in reports: "Deployment/shop/cart". */
export function subjectKey(subject: Subject): string {
  return `${subject.kind}/${subject.namespace}/${subject.name}`
}
