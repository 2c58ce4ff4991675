// SPDX-License-Identifier: Apache-2.0
// What the webhook watches: of everything that a scan reads around workloads, what is asked when one of them is judged.
// The rest is about other objects, or is more than a request needs: roles, nodes' addresses, most Services.

import type { WatchedObject } from '../../../runtime/src/index.ts'
import { clusterObject, isWanted, type ClusterObject, type Wanted } from '../cluster-objects.ts'
import { field, fields, list, text, type Fields } from '../fields.ts'
import { namespaceOf, type Namespace } from '../namespace.ts'
import type { Mesh } from '../meshes/mesh.ts'
import { wantedOf } from '../meshes/resolve-settings.ts'
import { waypoint } from '../meshes/istio-ambient-capture.ts'

/** Read only by checks of objects that are no workload, which a review is not about. */
export const besideOnly: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'PeerAuthentication',
  'DestinationRule',
  'Sidecar',
  'ServiceEntry',
  'ProxyConfig',
  'EnvoyFilter',
  'ProxyDefaults',
  'ServiceDefaults',
])

export type WatchedKind = Wanted & {
  /** Of a custom resource: watched once its group is served, in the version that the API server prefers. */
  custom: boolean
  /** Kept by a mesh's control plane, so in its namespace. */
  ofControlPlane: boolean
  labelSelector?: string
  fieldSelector?: string
  pageSize?: number
  slim: (object: WatchedObject) => ClusterObject | null
}

const builtIn = new Set(['', 'apps', 'admissionregistration.k8s.io'])

const rights = 'rbac.authorization.k8s.io'

/** `expects`: those as well that say only by being there that their mesh is installed. */
export function watchedKinds(meshes: readonly Mesh[], expects = false): WatchedKind[] {
  const isSign = ({ group }: Wanted) => expects && !builtIn.has(group) && group !== rights
  return wantedOf(meshes)
    .filter((wanted) => !besideOnly.has(wanted.kind) || isSign(wanted))
    .map((wanted) => ({
      ...wanted,
      custom: !builtIn.has(wanted.group),
      ofControlPlane: ['ConfigMap', 'Deployment', 'DaemonSet'].includes(wanted.kind),
      ...selectors[wanted.kind],
      slim: (object) =>
        isWanted(object, [wanted]) ? clusterObject(slimmerOf(wanted.kind)(object)) : null,
    }))
}

const selectors: Readonly<Record<string, Pick<WatchedKind, 'fieldSelector' | 'labelSelector'>>> = {
  // Of Services, only those are asked for that send traffic through a waypoint.
  Service: { labelSelector: waypoint },
  // There is one in every namespace, and none of them is a mesh's.
  ConfigMap: { fieldSelector: 'metadata.name!=kube-root-ca.crt' },
}

const slimmer: Readonly<Record<string, (object: WatchedObject) => Fields>> = {
  Node: slimNode,
  Deployment: withoutStatus,
  DaemonSet: withoutStatus,
  Service: withoutStatus,
  MutatingWebhookConfiguration: withoutBundles,
}

const slimmerOf = (kind: string) =>
  besideOnly.has(kind) ? nameOnly : (slimmer[kind] ?? withoutFiller)

function nameOnly({ apiVersion, kind, metadata }: WatchedObject): Fields {
  const { name, namespace } = metadata
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
}

const filler = 'kubectl.kubernetes.io/last-applied-configuration'

/** What nobody asks for is not kept: these two are often most of an object. */
function withoutFiller(object: WatchedObject): Fields {
  const { annotations } = object.metadata
  return {
    ...object,
    metadata: {
      ...without(object.metadata, 'managedFields', 'resourceVersion', 'generation'),
      ...(annotations === undefined ? {} : { annotations: without(fields(annotations), filler) }),
    },
  }
}

function without(object: Readonly<Record<string, unknown>>, ...keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}

/** As its author wrote it. */
export function slimPolicy(object: WatchedObject): Fields {
  const { apiVersion, kind, metadata, spec } = object
  return { apiVersion, kind, metadata: { name: metadata.name }, spec }
}

function withoutStatus(object: WatchedObject): Fields {
  return without(withoutFiller(object), 'status')
}

function withoutBundles(object: WatchedObject): Fields {
  const whole = withoutFiller(object)
  return {
    ...whole,
    webhooks: list(whole, 'webhooks').map((entry) => ({
      ...fields(entry),
      clientConfig: { ...fields(entry, 'clientConfig'), caBundle: undefined },
    })),
  }
}

/** A node tells the same again and again; a cluster has thousands of them. */
function slimNode(object: WatchedObject): Fields {
  const { apiVersion, kind, metadata } = object
  const { name, creationTimestamp, labels } = metadata
  const ready = list(object, 'status', 'conditions').filter((one) => text(one, 'type') === 'Ready')
  return {
    ...{ apiVersion, kind },
    metadata: { name, creationTimestamp, labels },
    spec: { taints: field(object, 'spec', 'taints'), podCIDRs: field(object, 'spec', 'podCIDRs') },
    status: {
      conditions: ready.map((one) => ({
        type: 'Ready',
        lastTransitionTime: field(one, 'lastTransitionTime'),
      })),
    },
  }
}

export function slimNamespace(object: WatchedObject): Namespace {
  return namespaceOf(withoutFiller(object))
}
