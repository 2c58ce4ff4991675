// SPDX-License-Identifier: Apache-2.0
// Dapr gives its sidecar only to pods that a known account creates: dapr/dapr pkg/injector/service/injector.go
// AllowedServiceAccountInfos, handler.go, pkg/injector/namespacednamematcher (1.8 to 1.18).

import { controllerKind, type Subject } from '../subject.ts'
import type { DaprSettings } from './dapr-settings.ts'
import type { Requester } from './mesh.ts'

const builtIn = [
  ...['replicaset', 'replication', 'deployment', 'cronjob', 'job', 'statefulset', 'daemon-set'].map(
    (name) => `kube-system:${name}-controller`,
  ),
  'openshift-operator-lifecycle-manager:olm-operator-serviceaccount',
  'tekton-pipelines:tekton-pipelines-controller',
  'mirrord:mirrord-operator',
]

export function isAllowed(
  { user, groups }: NonNullable<Requester>,
  { allowedServiceAccounts = [], allowedServiceAccountPrefixes = [] }: DaprSettings,
): boolean {
  if (groups.includes('system:masters')) return true
  const [namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)/.exec(user)?.slice(1) ?? []
  if (namespace === undefined || name === undefined) return false
  return (
    [...builtIn, ...allowedServiceAccounts].includes(`${namespace}:${name}`) ||
    allowedServiceAccountPrefixes.some((one) => {
      const [inNamespace = '', named = ''] = one.split(':')
      return fits(namespace, inNamespace) && fits(name, named)
    })
  )
}

/** A star counts only at the end. */
function fits(text: string, pattern: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

const controllers = [
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'],
  // These make ReplicaSets and ReplicationControllers, whose pods they are.
  ...['ReplicationController', 'Rollout', 'DeploymentConfig'],
]

/** Controllers of Kubernetes make its pods. Whoever writes a pod can write any owner into it. */
export function isOfKnownController(subject: Subject): boolean {
  const own = subject.kind === 'Pod' && !subject.finished
  return !own && controllers.includes(controllerKind(subject))
}
