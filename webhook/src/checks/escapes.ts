// SPDX-License-Identifier: Apache-2.0
// Further ways around a redirect that the manifest tells of: sockets of the node, virtual interfaces, users
// that a process may become, nodes that were chosen by hand.

import { posix } from 'node:path'
import {
  field,
  fields,
  isFields,
  isTrue,
  list,
  number,
  text,
  texts,
  type Fields,
} from '../fields.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { reachedBy } from './privileges.ts'
import { called, type Check, type CheckInput } from './check.ts'

export const escapes: Check = {
  question:
    'Does the manifest tell of another way past the redirect: sockets, tunnels, users, nodes?',
  source: 'unix(7), vsock(7), setuid(2), Kubernetes 1.31 spec.nodeName and taints',
  find: (input) => [
    ...becomesProxyUser(input),
    ...virtualInterfaces(input),
    ...sockets(input),
    ...chosenNode(input.subject),
  ],
}

/** Said by the manifest, not merely left open: it runs as root, asks for SETUID, or for set-user-id programs. */
function becomesProxyUser({ subject, own, exempt }: CheckInput): Hit[] {
  const { spec, containers } = subject.pod
  // Where the redirect leaves no user alone there is nobody to become.
  if (exempt.users.size === 0 || isFalse(spec, 'hostUsers')) return []
  for (const container of containers.filter((one) => !own(one))) {
    const told = toldToBecome(container, spec)
    if (told === null) continue
    return [
      {
        id: 'setuid-to-proxy-uid',
        path: told,
        message: `${called(container)} may become user ${exempt.usual}, whose traffic is not redirected`,
      },
    ]
  }
  return []
}

function toldToBecome(container: Container, spec: Fields): string | null {
  const { security, path } = container
  const short = (name: string) => name.toUpperCase().replace(/^CAP_/, '')
  const added = texts(security, 'capabilities', 'add').map(short)
  const asked = added.findIndex((name) => name === 'SETUID')
  if (asked !== -1) return `${path}.securityContext.capabilities.add[${asked}]`
  const dropped = texts(security, 'capabilities', 'drop').map(short)
  // Without the capability not even root changes its user.
  if (dropped.includes('ALL') || dropped.includes('SETUID')) return null
  if (number(security, 'runAsUser') === 0) return `${path}.securityContext.runAsUser`
  const inherits = field(security, 'runAsUser') === undefined
  if (inherits && number(spec, 'securityContext', 'runAsUser') === 0) {
    return `${path.slice(0, path.lastIndexOf('.'))}.securityContext.runAsUser`
  }
  return isTrue(security, 'allowPrivilegeEscalation')
    ? `${path}.securityContext.allowPrivilegeEscalation`
    : null
}

function isFalse(value: unknown, key: string): boolean {
  return field(value, key) === false
}

/** A virtual machine's or a nested container's packets are forwarded, not sent by a process of the pod. */
function virtualInterfaces({ subject, own, reroutes }: CheckInput): Hit[] {
  const { pod } = subject
  // The annotations with which a mesh takes such interfaces in; an empty one takes in none.
  if ((reroutes ?? []).some((key) => (pod.annotations.get(key) ?? '').trim() !== '')) return []
  const label = 'kubevirt.io'
  if (pod.labels.get(label) === 'virt-launcher') {
    const path = `${pod.prefix}metadata.labels[${label}]`
    const message = 'the pod runs a virtual machine, whose packets are not redirected'
    return [{ id: 'virt-interface', path, message }]
  }
  const nested = pod.containers.find((one) => !own(one) && isNested(one.image))
  if (nested === undefined) return []
  const message = `${called(nested)} runs containers of its own, whose packets are not redirected`
  return [{ id: 'virt-interface', path: `${nested.path}.image`, message }]
}

/** "docker:27-dind", "registry.example/docker:dind-rootless", "registry.example/ci/dind:1". */
function isNested(image: string): boolean {
  const [plain = ''] = image.split('@', 1)
  const [name = '', tag = ''] = plain.slice(plain.lastIndexOf('/') + 1).split(':')
  return (
    name === 'dind' || name.endsWith('-dind') || (name === 'docker' && /(^|-)dind(-|$)/.test(tag))
  )
}

/** What goes through a socket of the node, or through vsock to its hypervisor, is no IP. */
function sockets({ subject, own }: CheckInput): Hit[] {
  const { spec, prefix, containers } = subject.pod
  const volumes = list(spec, 'volumes').flatMap((volume, index): Hit[] => {
    const host = fields(volume, 'hostPath')
    const place = posix.join('/', text(host, 'path') ?? '/')
    const device = ['/dev/vsock', '/dev/vhost-vsock'].includes(place)
    const isSocket = text(host, 'type') === 'Socket' || place.endsWith('.sock')
    // Through those sockets containers are started: that is the graver finding.
    if ((!device && !isSocket) || reachedBy(place) !== null) return []
    const path = `${prefix}spec.volumes[${index}].hostPath.path`
    const message = `volume mounts "${place.slice(0, 100)}" of the node: what goes through it is no IP`
    return [{ id: 'unix-vsock-hostpath', path, message }]
  })
  const devices = containers.flatMap((container): Hit[] => {
    if (own(container)) return []
    const limits = fields(container.fields, 'resources', 'limits')
    const name = Object.keys(limits).find((one) => one.endsWith('/vhost-vsock'))
    if (name === undefined) return []
    const path = `${container.path}.resources.limits[${name}]`
    const message = `${called(container)} gets ${name}: what goes through it is no IP`
    return [{ id: 'unix-vsock-hostpath', path, message }]
  })
  return [...volumes, ...devices]
}

/** Past the scheduler, and with it past the taint of a node whose network plugin is not ready. */
function chosenNode(subject: Subject): Hit[] {
  const { spec, prefix } = subject.pod
  // The controller puts them on every node by design, and Kubernetes itself tolerates for them.
  if ([subject.kind, subject.owner.kind].includes('DaemonSet')) return []
  const hits: Hit[] = []
  const name = text(spec, 'nodeName') ?? ''
  // A pod that runs has a node whoever chose it.
  if (name !== '' && !isPlaced(subject.object)) {
    const message = `the pod names its node "${name.slice(0, 60)}" itself, past the scheduler and its taints`
    hits.push({ id: 'node-name-direct', path: `${prefix}spec.nodeName`, message })
  }
  const every = list(spec, 'tolerations').findIndex(
    (one) =>
      isFields(one) &&
      text(one, 'operator') === 'Exists' &&
      (text(one, 'key') ?? '') === '' &&
      ['', 'NoSchedule'].includes(text(one, 'effect') ?? ''),
  )
  if (every !== -1) {
    const path = `${prefix}spec.tolerations[${every}]`
    const message = 'the pod tolerates every taint, also of nodes whose network plugin is not ready'
    hits.push({ id: 'node-name-direct', path, message })
  }
  return hits
}

function isPlaced(object: Fields): boolean {
  const status = fields(object, 'status')
  return text(status, 'startTime') !== undefined || list(status, 'conditions').length > 0
}
