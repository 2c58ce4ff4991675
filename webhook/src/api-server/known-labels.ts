// SPDX-License-Identifier: Apache-2.0
// What is known of an object's labels when a webhook is asked about it. A finished object's are complete; of a
// namespace that nobody gave us only the name label is certain; pods get further labels from their controller.

import { marks, text, type Marks } from '../fields.ts'

export type KnownLabels = {
  known: Marks
  /** There are no labels but these. */
  complete: boolean
  /** Keys that will be there, with a value that is made later. */
  coming?: ReadonlySet<string>
}

export function allLabels(known: Marks): KnownLabels {
  return { known, complete: true }
}

export function someLabels(known: Marks): KnownLabels {
  return { known, complete: false }
}

/**
 * Labels that controllers write into the pods of a template, over what the template has there: kubernetes
 * pkg/controller/{deployment/sync.go, daemon/update.go, statefulset/stateful_set_utils.go},
 * pkg/registry/batch/job/strategy.go, pkg/controller/job/job_controller.go (1.34–1.36).
 */
const written: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['pod-template-hash'],
  Rollout: ['rollouts-pod-template-hash'],
  DaemonSet: ['controller-revision-hash', 'pod-template-generation'],
  StatefulSet: [
    'controller-revision-hash',
    'statefulset.kubernetes.io/pod-name',
    'apps.kubernetes.io/pod-index',
  ],
  Job: jobLabels(),
  CronJob: jobLabels(),
}

function jobLabels(): string[] {
  const names = ['controller-uid', 'job-name']
  return [...names, ...names.map((name) => `batch.kubernetes.io/${name}`)]
}

/** The labels of the pods that a workload of this kind makes from its template. */
export function templateLabels(kind: string, known: Marks): KnownLabels {
  const coming = Object.hasOwn(written, kind) ? (written[kind] ?? []) : []
  if (coming.length === 0) return allLabels(known)
  const kept = [...known].filter(([key]) => !coming.includes(key))
  return { known: new Map(kept), complete: true, coming: new Set(coming) }
}

/**
 * The labels that an object of a manifest has when webhooks see it: a Namespace is labelled with its name, a Job or
 * ReplicationController without labels takes those of its template (kubernetes pkg/apis/{core,batch}/v1/defaults.go).
 */
export function manifestLabels(object: unknown): KnownLabels {
  const own = marks(object, 'metadata', 'labels')
  const kind = `${text(object, 'apiVersion')} ${text(object, 'kind')}`
  const name = text(object, 'metadata', 'name') ?? ''
  if (kind === 'v1 Namespace' && name !== '') {
    return allLabels(new Map([...own, ['kubernetes.io/metadata.name', name]]))
  }
  const takes = kind === 'batch/v1 Job' || kind === 'v1 ReplicationController'
  return allLabels(
    takes && own.size === 0 ? marks(object, 'spec', 'template', 'metadata', 'labels') : own,
  )
}
