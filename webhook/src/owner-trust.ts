// SPDX-License-Identifier: Apache-2.0
// Whose word about the owner of a pod is taken. Whoever may create a pod can write any owner into it, so an
// exemption of an owner holds only for pods that the owner's own controller made.

import { field, fields, list, text, type Fields } from './fields.ts'
import type { Review } from './review.ts'

/** User name → the kinds of owners it speaks for; null: all of them. */
export type Controllers = ReadonlyMap<string, readonly string[] | null>

const serviceAccounts = 'system:serviceaccount:kube-system:'

/** The controllers of Kubernetes itself, each with its service account (kubernetes pkg/controller, 1.37). */
const builtIn: Controllers = new Map<string, readonly string[] | null>([
  [`${serviceAccounts}replicaset-controller`, ['ReplicaSet']],
  [`${serviceAccounts}replication-controller`, ['ReplicationController']],
  [`${serviceAccounts}deployment-controller`, ['Deployment']],
  [`${serviceAccounts}statefulset-controller`, ['StatefulSet']],
  [`${serviceAccounts}daemon-set-controller`, ['DaemonSet']],
  [`${serviceAccounts}job-controller`, ['Job']],
  [`${serviceAccounts}cronjob-controller`, ['CronJob']],
  // Without --use-service-account-credentials all of them are this one.
  ['system:kube-controller-manager', null],
])

export function ownerIsTrue(review: Review, further: Controllers): boolean {
  const owner = controllerOf(review.object)
  if (owner === null) return true
  // What it was made with was looked at then; only a change of owner is somebody's word.
  if (review.operation === 'UPDATE' && owner === controllerOf(review.oldObject)) return true
  // fail closed: a user who is not known to be a controller speaks for nobody.
  const kinds = further.has(review.user) ? further.get(review.user) : builtIn.get(review.user)
  if (kinds === undefined) return false
  return kinds === null || kinds.includes(owner.slice(0, owner.indexOf('/')))
}

/** "DaemonSet/exporter UID", or null when nobody controls it. */
function controllerOf(object: Fields | null): string | null {
  const found = list(object, 'metadata', 'ownerReferences').find(
    (one) => field(one, 'controller') === true,
  )
  if (found === undefined) return null
  const [kind, name, uid] = ['kind', 'name', 'uid'].map((key) => text(fields(found), key) ?? '')
  return `${kind}/${name} ${uid}`
}
