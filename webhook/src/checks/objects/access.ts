// SPDX-License-Identifier: Apache-2.0
// Who may get past the sidecar of a pod that runs, by the roles and bindings of the cluster: commands through the
// kubelet, commands in the sidecar, ports that arrive on the loopback interface, containers that join.
// Kubernetes kubelet authorization (exec and run are "create" on nodes/proxy, "get" by WebSocket), 1.30 to 1.37.

import type { FindingId, Severity } from '../../catalogue.ts'
import { ofKind, type ClusterObject, type ClusterObjects } from '../../cluster-objects.ts'
import { list, text, texts } from '../../fields.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'

/** What Kubernetes itself creates, cluster-admin among it. */
const bootstrapping = 'kubernetes.io/bootstrapping'

type Door = {
  id: FindingId
  severity: Severity
  resources: readonly string[]
  verbs: readonly string[]
  /** Nodes are of no namespace, so a Role opens nothing there. */
  clusterOnly?: boolean
  what: string
}

/** The first one is the widest: whoever has it needs none of the others. */
const doors: readonly Door[] = [
  {
    id: 'kubelet-exec',
    severity: 'medium',
    resources: ['nodes/proxy', '*/proxy', '*/*', '*'],
    verbs: ['create', 'get', '*'],
    clusterOnly: true,
    what: 'the role runs commands in containers through the kubelet, past any review',
  },
  {
    id: 'exec-into-proxy',
    severity: 'medium',
    resources: ['pods/exec', 'pods/attach', '*/exec', '*/attach', '*/*', '*'],
    verbs: ['create', 'get', '*'],
    what: 'the role runs commands in every container of its pods, the sidecar among them',
  },
  {
    id: 'loopback-ingress',
    severity: 'low',
    resources: ['pods/portforward', '*/portforward'],
    verbs: ['create', 'get', '*'],
    what: 'the role forwards ports into pods, which arrive past the sidecar',
  },
  {
    id: 'ephemeral-container',
    severity: 'medium',
    resources: ['pods/ephemeralcontainers', '*/ephemeralcontainers'],
    verbs: ['update', 'patch', '*'],
    what: 'the role lets debug containers join pods that run, which no injector sees',
  },
]

export const access: ObjectCheck = {
  ofCluster: (objects) => [
    ...['ClusterRole', 'Role'].flatMap((kind) => ofKind(objects, kind).flatMap(opened)),
    ...boundTo(objects),
  ],
}

function opened(object: ClusterObject): ObjectHit[] {
  if (object.labels.get(bootstrapping) === 'rbac-defaults') return []
  const found = doors.flatMap(({ id, severity, what, clusterOnly, ...door }): ObjectHit[] => {
    if (clusterOnly === true && object.kind !== 'ClusterRole') return []
    const at = list(object.object, 'rules').findIndex((rule) => opens(rule, door))
    if (at === -1) return []
    const path = `rules[${at}].resources`
    return [{ id, path, message: what, object, severity, effect: 'risk' }]
  })
  return found[0]?.id === 'kubelet-exec' ? found.slice(0, 1) : found
}

function opens(rule: unknown, { resources, verbs }: Pick<Door, 'resources' | 'verbs'>): boolean {
  const has = (key: string, names: readonly string[]) =>
    texts(rule, key).some((one) => names.includes(one))
  return has('apiGroups', ['', '*']) && has('resources', resources) && has('verbs', verbs)
}

/** Roles of Kubernetes itself that reach the kubelet. */
const wide = ['cluster-admin', 'system:kubelet-api-admin']

/** Of the cluster's own components, and of those who made the cluster. */
const trusted = [
  'system:masters',
  'kubeadm:cluster-admins',
  'kube-apiserver-kubelet-client',
  'kube-apiserver',
]

function boundTo(objects: ClusterObjects): ObjectHit[] {
  return ofKind(objects, 'ClusterRoleBinding').flatMap((object): ObjectHit[] => {
    const role = text(object.object, 'roleRef', 'name') ?? ''
    if (object.labels.get(bootstrapping) === 'rbac-defaults' || !wide.includes(role)) return []
    const at = list(object.object, 'subjects').findIndex((one) => !isTrusted(one))
    if (at === -1) return []
    const name = text(list(object.object, 'subjects')[at], 'name') ?? ''
    const message = `"${name.slice(0, 80)}" has the role ${role}, with which commands run in containers through the kubelet, past any review`
    return [{ id: 'kubelet-exec', path: `subjects[${at}]`, message, object, effect: 'risk' }]
  })
}

function isTrusted(subject: unknown): boolean {
  const name = text(subject, 'name') ?? ''
  return (
    trusted.includes(name) ||
    (text(subject, 'kind') === 'ServiceAccount' && text(subject, 'namespace') === 'kube-system')
  )
}
