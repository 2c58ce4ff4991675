// SPDX-License-Identifier: Apache-2.0
// Roles that reach the kubelet through nodes/proxy: commands in any container, past the admission of exec.
// Kubernetes kubelet authorization: exec and run are "create" on nodes/proxy, and "get" by WebSocket.

import { ofKind } from '../../cluster-objects.ts'
import { list, texts } from '../../fields.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'

/** What Kubernetes itself creates, cluster-admin among it. */
const bootstrapping = 'kubernetes.io/bootstrapping'

export const kubeletAccess: ObjectCheck = {
  ofCluster: (objects) =>
    ofKind(objects, 'ClusterRole').flatMap((object): ObjectHit[] => {
      if (object.labels.get(bootstrapping) === 'rbac-defaults') return []
      const at = list(object.object, 'rules').findIndex(reachesKubelet)
      if (at === -1) return []
      const message = 'the role runs commands in containers through the kubelet, past any review'
      return [{ id: 'kubelet-exec', path: `rules[${at}].resources`, message, object }]
    }),
}

function reachesKubelet(rule: unknown): boolean {
  const has = (key: string, ...names: string[]) =>
    texts(rule, key).some((one) => names.includes(one))
  return (
    has('apiGroups', '', '*') &&
    has('resources', 'nodes/proxy', '*/proxy', '*') &&
    has('verbs', 'create', 'get', '*')
  )
}
