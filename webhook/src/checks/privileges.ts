// SPDX-License-Identifier: Apache-2.0
// Privileges that undo any redirect: capabilities, privileged containers, the node's processes, and mounts
// of the container runtime's socket or of the node's own configuration.

import { posix } from 'node:path'
import { fields, isTrue, list, text, texts } from '../fields.ts'
import type { FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import { called, type Check, type CheckInput } from './check.ts'

const capabilities: Readonly<Record<string, FindingId>> = {
  NET_ADMIN: 'net-admin',
  ALL: 'net-admin',
  NET_RAW: 'net-raw',
  SYS_ADMIN: 'sys-caps',
  SYS_PTRACE: 'sys-caps',
  SYS_MODULE: 'sys-caps',
  BPF: 'sys-caps',
  PERFMON: 'sys-caps',
  DAC_READ_SEARCH: 'sys-caps',
}

const runtimeSockets = [
  '/run/containerd',
  '/run/crio',
  '/run/k3s',
  '/run/docker.sock',
  '/var/run/containerd',
  '/var/run/crio',
  '/var/run/docker.sock',
  '/var/run/dockershim.sock',
]

const nodeConfiguration = [
  '/etc/kubernetes/manifests',
  '/etc/cni/net.d',
  '/opt/cni/bin',
  '/var/lib/kubelet',
]

export const privileges: Check = {
  question: 'Does a container have a privilege that undoes the redirect or leaves the pod?',
  source: 'Linux capabilities(7), Kubernetes Pod Security Standards',
  find,
}

function find({ subject, own }: CheckInput): Hit[] {
  const { spec, prefix, containers } = subject.pod
  const hits: Hit[] = []
  for (const container of containers.filter((one) => !own(one))) {
    if (isTrue(container.security, 'privileged')) {
      hits.push({
        id: 'privileged',
        path: `${container.path}.securityContext.privileged`,
        message: `${called(container)} is privileged and can undo the redirect`,
      })
    }
    for (const [index, name] of texts(container.security, 'capabilities', 'add').entries()) {
      const short = name.toUpperCase().replace(/^CAP_/, '')
      const id = Object.hasOwn(capabilities, short) ? capabilities[short] : undefined
      if (id === undefined) continue
      hits.push({
        id,
        path: `${container.path}.securityContext.capabilities.add[${index}]`,
        message: `${called(container)} has the capability ${short}, which gets around the redirect`,
      })
    }
  }
  if (isTrue(spec, 'hostPID')) {
    hits.push({
      id: 'host-pid',
      path: `${prefix}spec.hostPID`,
      message: 'the pod sees every process of the node and can enter their networks',
    })
  }
  if (isTrue(spec, 'shareProcessNamespace')) {
    hits.push({
      id: 'share-process-namespace',
      path: `${prefix}spec.shareProcessNamespace`,
      message: 'the containers can signal the sidecar and read its files',
    })
  }
  return [...hits, ...mounts(list(spec, 'volumes'), `${prefix}spec.volumes`)]
}

function mounts(volumes: readonly unknown[], path: string): Hit[] {
  return volumes.flatMap((volume, index): Hit[] => {
    const host = text(fields(volume, 'hostPath'), 'path')
    if (host === undefined) return []
    const at = `${path}[${index}].hostPath.path`
    const id = reachedBy(host)
    if (id === 'hostpath-node-config') {
      const message = `volume mounts "${host}" of the node, where the kubelet and the network plugins are configured`
      return [{ id, path: at, message }]
    }
    if (id === 'runtime-socket') {
      const message = `volume mounts "${host}" of the node, through which containers can be started past the API server`
      return [{ id, path: at, message }]
    }
    return []
  })
}

/** What a path of the node gives to the pod that mounts it; null: neither. */
export function reachedBy(host: string): 'hostpath-node-config' | 'runtime-socket' | null {
  const place = posix.join('/', host, '.').replace(/(?<=.)\/$/, '')
  // A parent of the place gives the place as well: "/", "/run", "/var/run", "/etc".
  const reaches = (target: string) =>
    place === '/' || within(target, place) || within(place, target)
  if (nodeConfiguration.some(reaches)) return 'hostpath-node-config'
  return runtimeSockets.some(reaches) ? 'runtime-socket' : null
}

function within(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`)
}
