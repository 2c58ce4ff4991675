// SPDX-License-Identifier: Apache-2.0
// Further ways around a redirect that the manifest tells of: virtual interfaces, users that a process may
// become, nodes that were chosen by hand.

import { field, fields, isFields, isTrue, list, number, text, type Fields } from '../fields.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { PodTemplate, Subject } from '../subject.ts'
import { allowsVirtualNode } from './placement.ts'
import { capabilitiesIn, mayBeRoot, securityPath } from './privileges.ts'
import { called, type Check, type CheckInput } from './check.ts'

export const escapes: Check = {
  question: 'Does the manifest tell of another way past the redirect: tunnels, users, nodes?',
  source: 'setuid(2), Kubernetes 1.31 spec.nodeName and taints',
  find: (input) => [
    ...becomesProxyUser(input),
    ...virtualInterfaces(input),
    ...chosenNode(input.subject),
    ...allowsVirtualNode(input.subject),
  ],
}

/**
 * It runs as root, asks for SETUID, or for set-user-id programs; or a security context was written that leaves all
 * of that open. A manifest without any decided nothing.
 */
function becomesProxyUser({ subject, own, exempt }: CheckInput): Hit[] {
  const { pod } = subject
  // Where the redirect leaves no user alone there is nobody to become.
  if (exempt.users.size === 0 || isFalse(pod.spec, 'hostUsers')) return []
  const others = pod.containers.filter((one) => !own(one))
  for (const read of [toldToBecome, leftToBecome]) {
    for (const container of others) {
      const path = read(container, pod)
      if (path === null) continue
      const message = `${called(container)} may become user ${exempt.usual}, whose traffic is not redirected`
      const hit: Hit = { id: 'setuid-to-proxy-uid', path, message }
      return [read === toldToBecome ? hit : { ...hit, severity: 'medium' }]
    }
  }
  return []
}

function toldToBecome(container: Container, { spec }: PodTemplate): string | null {
  const { security, path } = container
  const asked = capabilitiesIn(container, 'add').findIndex((name) => name === 'SETUID')
  if (asked !== -1) return `${path}.securityContext.capabilities.add[${asked}]`
  if (cannotBecome(container)) return null
  if (number(security, 'runAsUser') === 0) return `${path}.securityContext.runAsUser`
  const inherits = field(security, 'runAsUser') === undefined
  if (inherits && number(spec, 'securityContext', 'runAsUser') === 0) {
    return `${path.slice(0, path.lastIndexOf('.'))}.securityContext.runAsUser`
  }
  return isTrue(security, 'allowPrivilegeEscalation')
    ? `${path}.securityContext.allowPrivilegeEscalation`
    : null
}

/** Not even root changes its user without the capability. */
function cannotBecome(container: Container): boolean {
  return capabilitiesIn(container, 'drop').some((name) => name === 'ALL' || name === 'SETUID')
}

function leftToBecome(container: Container, pod: PodTemplate): string | null {
  const open = !cannotBecome(container) && mayBeRoot(container, pod.spec)
  return open ? securityPath(container, pod) : null
}

function isFalse(value: unknown, key: string): boolean {
  return field(value, key) === false
}

/** A virtual machine's or a nested container's packets are forwarded, not sent by a process of the pod. */
function virtualInterfaces({ subject, own, reroutes }: CheckInput): Hit[] {
  const { pod } = subject
  // The annotations with which a mesh takes such interfaces in; an empty one takes in none.
  if ((reroutes ?? []).some((key) => (pod.annotations.get(key) ?? '').trim() !== '')) return []
  const machine = ['kubevirt.io/domain', 'vm.kubevirt.io/name'].find((key) => pod.labels.has(key))
  const launcher = pod.labels.get('kubevirt.io') === 'virt-launcher' ? 'kubevirt.io' : machine
  if (launcher !== undefined) {
    const path = `${pod.prefix}metadata.labels[${launcher}]`
    const message = 'the pod runs a virtual machine, whose packets are not redirected'
    return [{ id: 'virt-interface', path, message }]
  }
  const nested = pod.containers.find((one) => !own(one) && isNested(one.image))
  if (nested === undefined) return []
  const message = `${called(nested)} runs containers of its own, whose packets are not redirected`
  return [{ id: 'virt-interface', path: `${nested.path}.image`, message }]
}

/** Nodes in a container, and builders that give each step a network of its own. */
const nodesInside = ['kindest/node', 'rancher/k3s', 'rancher/rke2', 'moby/buildkit', 'nestybox/']

/** "docker:27-dind", "registry.example/docker:dind-rootless", "registry.example/ci/dind:1". */
function isNested(image: string): boolean {
  const [plain = ''] = image.split('@', 1)
  const [name = '', tag = ''] = plain.slice(plain.lastIndexOf('/') + 1).split(':')
  return (
    name === 'dind' ||
    name.endsWith('-dind') ||
    name.startsWith('dind-') ||
    (name === 'docker' && /(^|-)dind(-|$)/.test(tag)) ||
    nodesInside.some((one) => plain.startsWith(one) || plain.includes(`/${one}`))
  )
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
