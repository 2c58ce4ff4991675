// SPDX-License-Identifier: Apache-2.0
// What is no IP at all: sockets and directories of the node that several pods can mount, shared memory, and
// vsock to the hypervisor. No redirect of packets sees any of it.

import { posix } from 'node:path'
import { fields, isTrue, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { reachedBy } from './privileges.ts'
import { called, type Check, type CheckInput } from './check.ts'

const id = 'unix-vsock-hostpath'

export const sockets: Check = {
  question: 'Can the pod meet others by a socket, a directory or the memory of its node?',
  source: 'unix(7), vsock(7), shm_overview(7); Kubernetes 1.37 hostPath volumes and spec.hostIPC',
  find: (input) => [...mounted(input), ...memory(input), ...devices(input)],
}

const vsock = ['/dev/vsock', '/dev/vhost-vsock']

function mounted({ subject: { pod } }: CheckInput): Hit[] {
  return list(pod.spec, 'volumes').flatMap((volume, index): Hit[] => {
    const host = text(fields(volume, 'hostPath'), 'path')
    if (host === undefined) return []
    const place = posix.join('/', host, '.').replace(/(?<=.)\/$/, '')
    // Through those sockets containers are started, or there the node is set up: that is the graver finding.
    if (reachedBy(place) !== null) return []
    const type = text(fields(volume, 'hostPath'), 'type') ?? ''
    const what = meets(place, type)
    if (what === null) return []
    const path = `${pod.prefix}spec.volumes[${index}].hostPath.path`
    const message = `volume "${text(volume, 'name') ?? ''}" mounts ${what} "${place.slice(0, 100)}" of the node: what goes through it is no IP`
    return [{ id, path, message }]
  })
}

/** Of the node itself, and made by it: nobody puts a socket for others there. */
const ofTheNode = [
  ...['/proc', '/sys', '/boot', '/usr', '/lib', '/lib64', '/bin', '/sbin', '/etc'],
  ...['/var/log', '/var/lib/docker', '/var/lib/containerd', '/var/lib/containers'],
]

function meets(place: string, type: string): string | null {
  if (vsock.includes(place)) return 'the device'
  if (type === 'Socket' || /\.sock(et)?$/.test(place)) return 'the socket'
  // A file or another device is no socket; a directory may hold one.
  if (!['', 'Directory', 'DirectoryOrCreate'].includes(type)) return null
  if (ofTheNode.some((one) => place === one || place.startsWith(`${one}/`))) return null
  // "/etc/localtime" and the like come without a type.
  return /\.[a-z0-9]{1,5}$/.test(place) ? null : 'the directory'
}

function memory({ subject: { pod } }: CheckInput): Hit[] {
  if (!isTrue(pod.spec, 'hostIPC')) return []
  const message =
    'the pod shares memory and message queues with its node: what goes through them is no IP'
  return [{ id, path: `${pod.prefix}spec.hostIPC`, message }]
}

function devices({ subject: { pod }, own }: CheckInput): Hit[] {
  return pod.containers.flatMap((container): Hit[] => {
    if (own(container)) return []
    for (const kind of ['limits', 'requests']) {
      const asked = Object.keys(fields(container.fields, 'resources', kind))
      const name = asked.find((one) => /\/(vhost-)?vsock$/.test(one))
      if (name === undefined) continue
      const path = `${container.path}.resources.${kind}[${name}]`
      return [
        { id, path, message: `${called(container)} gets ${name}: what goes through it is no IP` },
      ]
    }
    return []
  })
}
