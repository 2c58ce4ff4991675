// SPDX-License-Identifier: Apache-2.0
// What the agent keeps of objects: everything that policies can ask, nothing else. The pods of this node as they are,
// since a policy's expression may ask any of their fields; all others as what is behind an address.
import {
  readManifest,
  type ClusterPod,
  type ClusterService,
  type EndpointSlice,
  type Namespace,
  type Pod,
} from '../../../policies/src/index.ts'

export type PolicyObject = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; uid: string; generation: number }
  spec: unknown
}
/** A pod of another node; `nodes`: addresses of that node. */
export type OtherPod = { pod: ClusterPod; nodes: readonly string[] }

type Fields = Record<string, unknown>
type Metadata = { name: string; namespace?: string; uid: string; generation?: number } & Fields
type ApiObject = { apiVersion?: string; kind?: string; metadata: Metadata } & Fields

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

/** Only what is there. */
const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export const slimPolicy =
  (kind: string) =>
  ({ apiVersion = '', metadata, spec }: ApiObject): PolicyObject => ({
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      uid: metadata.uid,
      generation: metadata.generation ?? 0,
    },
    spec,
  })

/** Without what changes all the time and what nobody asks for. */
export function slimPod({ metadata, spec, status }: ApiObject): Pod {
  const kept = { ...metadata, managedFields: undefined, resourceVersion: undefined }
  const told = fieldsOf(status)
  const containers = (name: string) =>
    listOf(told[name]).map((one) => ({ name: one.name, containerID: one.containerID }))
  return {
    kind: 'Pod',
    metadata: present(kept),
    spec,
    status: present({
      phase: told.phase,
      podIP: told.podIP,
      podIPs: told.podIPs,
      hostIP: told.hostIP,
      hostIPs: told.hostIPs,
      containerStatuses: containers('containerStatuses'),
      initContainerStatuses: containers('initContainerStatuses'),
      ephemeralContainerStatuses: containers('ephemeralContainerStatuses'),
    }),
  }
}

export function slimNamespace(object: ApiObject): Namespace | null {
  return readManifest({ ...object, kind: 'Namespace' }).namespaces[0] ?? null
}

export function slimService(object: ApiObject): ClusterService | null {
  return readManifest({ ...object, kind: 'Service' }).services[0] ?? null
}

export function slimSlice(object: ApiObject): EndpointSlice | null {
  return readManifest({ ...object, kind: 'EndpointSlice' }).slices[0] ?? null
}

/** Nothing of what has no address, or none any more. */
export function slimOther(object: ApiObject): OtherPod | null {
  const { pods, nodes } = readManifest({ ...object, kind: 'Pod' })
  const [pod] = pods
  const isOver = pod?.phase === 'Succeeded' || pod?.phase === 'Failed'
  return pod && pod.addresses.length > 0 && !isOver ? { pod, nodes: [...new Set(nodes)] } : null
}
