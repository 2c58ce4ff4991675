// SPDX-License-Identifier: Apache-2.0
// Privileges that undo any redirect: capabilities, privileged containers, the node's processes, and mounts
// of the container runtime's socket or of the node's own configuration.

import { posix } from 'node:path'
import type { FindingId } from '../catalogue.ts'
import { userOf, type Container } from '../containers.ts'
import { field, fields, isTrue, list, text, texts, type Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { parsesTrue } from '../go-bool.ts'
import type { PodTemplate, Subject } from '../subject.ts'
import { called, type Check, type CheckInput } from './check.ts'

const capabilities: Readonly<Record<string, FindingId>> = {
  NET_ADMIN: 'net-admin',
  NET_RAW: 'net-raw',
  SYS_ADMIN: 'sys-caps',
  SYS_PTRACE: 'sys-caps',
  SYS_MODULE: 'sys-caps',
  BPF: 'sys-caps',
  PERFMON: 'sys-caps',
  DAC_READ_SEARCH: 'sys-caps',
}

/** Dropped with all others and asked for again: somebody wants to become another user. */
const identities = ['SETUID', 'SETGID']

function idsOf(name: string, dropped: readonly string[]): FindingId[] {
  if (name === 'ALL') return ['net-admin', 'net-raw', 'sys-caps']
  if (identities.includes(name) && dropped.includes('ALL')) return ['sys-caps']
  return Object.hasOwn(capabilities, name) ? [capabilities[name] ?? 'sys-caps'] : []
}

/** Below /run and below /var/run, which is the same place. */
const runtimes = [
  ...['containerd', 'crio', 'k3s', 'k0s', 'podman', 'buildkit', 'docker'],
  ...['docker.sock', 'dockershim.sock', 'cri-dockerd.sock'],
]
const runtimeSockets = [
  ...['/run', '/var/run'].flatMap((place) => runtimes.map((name) => `${place}/${name}`)),
  '/var/snap/microk8s/common/run',
]

/** Static pods, network plugins and their configuration, the kubelet: of Kubernetes and of k3s, RKE2, k0s, GKE. */
const nodeConfiguration = [
  '/etc/kubernetes',
  '/etc/cni',
  '/opt/cni',
  '/var/lib/kubelet',
  '/var/lib/rancher/k3s/agent',
  '/var/lib/rancher/k3s/server/manifests',
  '/var/lib/rancher/rke2/agent',
  '/var/lib/rancher/rke2/server/manifests',
  '/var/lib/k0s',
  '/home/kubernetes/bin',
]

export const privileges: Check = {
  question: 'Does a container have a privilege that undoes the redirect or leaves the pod?',
  source: 'Linux capabilities(7), Kubernetes Pod Security Standards',
  find,
}

function find({ subject, own }: CheckInput): Hit[] {
  const { spec, prefix, containers, annotations } = subject.pod
  const hits: Hit[] = []
  for (const container of containers.filter((one) => !own(one))) {
    if (isTrue(container.security, 'privileged')) {
      hits.push({
        id: 'privileged',
        path: `${container.path}.securityContext.privileged`,
        message: `${called(container)} is privileged and can undo the redirect`,
      })
    }
    const dropped = capabilitiesIn(container, 'drop')
    for (const [index, short] of capabilitiesIn(container, 'add').entries()) {
      for (const id of idsOf(short, dropped)) {
        hits.push({
          id,
          path: `${container.path}.securityContext.capabilities.add[${index}]`,
          message: `${called(container)} has the capability ${short}, which gets around the redirect`,
        })
      }
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
  const key = 'vault.hashicorp.com/agent-share-process-namespace'
  if (!isTrue(spec, 'shareProcessNamespace') && parsesTrue(annotations.get(key))) {
    hits.push({
      id: 'share-process-namespace',
      path: `${prefix}metadata.annotations[${key}]`,
      message:
        'the Vault injector lets the containers share their processes, the sidecar among them',
    })
  }
  return [
    ...hits,
    ...leftRaw(subject, own),
    ...mounts(list(spec, 'volumes'), `${prefix}spec.volumes`),
  ]
}

/** Short and in capitals: "CAP_net_raw" is NET_RAW. */
export function capabilitiesIn({ security }: Container, key: 'add' | 'drop'): string[] {
  return texts(security, 'capabilities', key).map((name) => name.toUpperCase().replace(/^CAP_/, ''))
}

/**
 * Container runtimes grant NET_RAW to root unless it is dropped. Told where somebody wrote a security context and
 * left it: a manifest without any decided nothing, and telling it of every pod would tell nothing.
 */
function leftRaw({ pod }: Subject, own: CheckInput['own']): Hit[] {
  for (const container of pod.containers.filter((one) => !own(one))) {
    const written = securityPath(container, pod)
    const listed = [...capabilitiesIn(container, 'add'), ...capabilitiesIn(container, 'drop')]
    if (written === null || listed.some((one) => one === 'ALL' || one === 'NET_RAW')) continue
    if (isTrue(container.security, 'privileged') || !mayBeRoot(container, pod.spec)) continue
    const message = `${called(container)} may run as root and keeps NET_RAW, which container runtimes grant`
    return [{ id: 'net-raw', path: written, message, effect: 'risk', severity: 'medium' }]
  }
  return []
}

/** Where something was decided about the container: its own security context, else the pod's. */
export function securityPath({ security, path }: Container, pod: PodTemplate): string | null {
  if (Object.keys(security).length > 0) return `${path}.securityContext`
  const ofPod = Object.keys(fields(pod.spec, 'securityContext')).length > 0
  return ofPod ? `${pod.prefix}spec.securityContext` : null
}

/** Neither a user of its own nor a promise: then the image decides. */
export function mayBeRoot(container: Container, spec: Fields): boolean {
  const user = userOf(container, spec)
  if (user !== undefined) return user === 0
  const own = field(container.security, 'runAsNonRoot')
  return (own ?? field(spec, 'securityContext', 'runAsNonRoot')) !== true
}

function mounts(volumes: readonly unknown[], path: string): Hit[] {
  return volumes.flatMap((volume, index): Hit[] => {
    const host = text(fields(volume, 'hostPath'), 'path')
    if (host === undefined) return []
    const at = `${path}[${index}].hostPath.path`
    const name = text(volume, 'name') ?? ''
    const id = reachedBy(host)
    if (id === 'hostpath-node-config') {
      const message = `volume "${name}" mounts "${host}" of the node, where the kubelet and the network plugins are configured`
      return [{ id, path: at, message }]
    }
    if (id === 'runtime-socket') {
      const message = `volume "${name}" mounts "${host}" of the node, through which containers can be started past the API server`
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
