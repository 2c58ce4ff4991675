// SPDX-License-Identifier: Apache-2.0
// Who asks for the creation of a pod: matchConditions often leave out a user or a group. A manifest does not tell, but
// the pods of a workload are made by its controller, and nodes make only mirror pods of what they run from files.
// kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go, plugin/pkg/admission/noderestriction.

import type { RequestPart } from '../../../policies/src/index.ts'
import type { Fields } from '../fields.ts'

export type Creator = {
  userInfo: Fields
  /** What stays unknown of it. */
  unknown: readonly RequestPart[]
  /** The assumption, for people. */
  words: string
}

/** By the kind of the workload; a Deployment makes ReplicaSets, a CronJob Jobs, and those make the pods. */
const controllers: Readonly<Record<string, string>> = {
  Deployment: 'replicaset-controller',
  Rollout: 'replicaset-controller',
  ReplicaSet: 'replicaset-controller',
  ReplicationController: 'replication-controller',
  StatefulSet: 'statefulset-controller',
  DaemonSet: 'daemon-set-controller',
  Job: 'job-controller',
  CronJob: 'job-controller',
}

export function creatorOf(kind: string): Creator {
  const name = Object.hasOwn(controllers, kind) ? controllers[kind] : undefined
  if (name === undefined) {
    return {
      userInfo: { groups: ['system:authenticated'] },
      unknown: ['userInfo.username', 'userInfo.uid', 'userInfo.extra'],
      words: 'whoever creates the pod is in no group but system:authenticated',
    }
  }
  const username = `system:serviceaccount:kube-system:${name}`
  const groups = ['serviceaccounts', 'serviceaccounts:kube-system', 'authenticated']
  return {
    userInfo: { username, groups: groups.map((group) => `system:${group}`) },
    unknown: ['userInfo.uid', 'userInfo.extra'],
    words: `the pod is created by ${username}`,
  }
}
