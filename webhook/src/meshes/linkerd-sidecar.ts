// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its linkerd-proxy the one that Linkerd injects, and is the redirect set up by
// linkerd-init or, with the CNI plugin, checked by linkerd-network-validator?
// linkerd/linkerd2 charts/partials/templates/_proxy.tpl, _proxy-init.tpl, charts/patch/templates/patch.json;
// linkerd/linkerd2-proxy-init cni-plugin/main.go (2.11 to 2.20).

import type { CheckInput } from '../checks/check.ts'
import { number } from '../fields.ts'
import { staysUp, type Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import {
  chartPorts,
  isLinkerdOwn,
  linkerdNames,
  linkerdSidecars,
  usualUser,
} from './linkerd-parts.ts'
import { linkerdTraffic } from './linkerd-traffic.ts'
import type { MeshInput } from './mesh.ts'

export function verifyLinkerd(input: MeshInput): Hit[] {
  const { subject, settings } = input
  const proxy = linkerdSidecars(subject).find(staysUp)
  if (proxy === undefined) {
    return linkerdSidecars(subject).map((one) => ({
      id: 'fake-sidecar-name',
      path: `${one.path}.name`,
      message: `the container "${one.name}" has the sidecar's name and does not stay up with the pod`,
    }))
  }
  const hits: Hit[] = []
  if (!isLinkerdOwn(proxy, settings)) {
    hits.push({
      id: 'fake-sidecar-name',
      path: `${proxy.path}.image`,
      message: `the container "linkerd-proxy" runs "${proxy.image.slice(0, 100)}", which is no image of Linkerd's proxy`,
    })
  } else if (proxy.command.length > 0) {
    hits.push({
      id: 'fake-sidecar-name',
      path: `${proxy.path}.command`,
      message: 'the container "linkerd-proxy" has a command of its own; the injected one has none',
    })
  }
  return [...hits, ...redirect(input, proxy), ...linkerdTraffic(input)]
}

function redirect({ subject, settings }: MeshInput, proxy: Container): Hit[] {
  const { containers, prefix } = subject.pod
  const init = containers.find((one) => one.name === 'linkerd-init' && one.kind === 'init')
  const validator = containers.find(
    (one) => one.name === 'linkerd-network-validator' && one.kind === 'init',
  )
  if (validator !== undefined) {
    const named = containers.find((one) => one.name === 'linkerd-init')
    const message = 'a container is called "linkerd-init", so the CNI plugin sets up no redirect'
    return named === undefined
      ? []
      : [{ id: 'cni-skip-init-name', path: `${named.path}.name`, message }]
  }
  if (init === undefined) {
    const message =
      'the pod has neither linkerd-init nor linkerd-network-validator: nothing is redirected'
    return [{ id: 'capture-missing', path: `${prefix}spec.initContainers`, message }]
  }
  const hits: Hit[] = []
  if (!isLinkerdOwn(init, settings) || init.command.length > 0) {
    hits.push({
      id: 'capture-missing',
      path: `${init.path}.image`,
      message: `the init container "linkerd-init" runs "${init.image.slice(0, 100)}" and not Linkerd's own program`,
    })
  }
  return [...hits, ...ignoredPorts(subject, init), ...order(containers, init, proxy)]
}

/** More ports left out than the chart does, and no annotation that told of it. */
function ignoredPorts(subject: Subject, init: Container): Hit[] {
  const control = subject.pod.labels.has('linkerd.io/control-plane-component')
  return (['inbound', 'outbound'] as const).flatMap((direction): Hit[] => {
    const at = init.args.indexOf(`--${direction}-ports-to-ignore`)
    if (at === -1 || subject.pod.annotations.has(`config.linkerd.io/skip-${direction}-ports`))
      return []
    const more = (init.args[at + 1] ?? '')
      .split(',')
      .filter((port) => port !== '' && !chartPorts.has(Number(port)))
    // The control plane itself must reach the API server without a proxy.
    if (more.length === 0 || (control && more.every((port) => ['443', '6443'].includes(port))))
      return []
    const message = `"linkerd-init" leaves the ${direction} ports ${more.join(',').slice(0, 60)} out`
    return [{ id: 'linkerd-skip-ports', path: `${init.path}.args[${at + 1}]`, message }]
  })
}

function order(containers: readonly Container[], init: Container, proxy: Container): Hit[] {
  return containers
    .filter((one) => one.kind === 'init' || one.kind === 'native')
    .filter((one) => one.index < init.index && !linkerdNames.includes(one.name))
    .map((one) => ({
      id: proxy.kind === 'native' ? 'init-ahead-by-other-webhook' : 'init-before-capture',
      path: one.path,
      message: `the init container "${one.name}" runs before linkerd-init and is not captured`,
    }))
}

/** The user left alone is the one linkerd-init was told, the sidecar's, or an annotation's. */
export function linkerdChecks({ subject, namespace, settings }: MeshInput): CheckInput {
  const users = new Set<number>([usualUser])
  const groups = new Set<number>()
  const add = (into: Set<number>, value: unknown) => {
    const id = Number(value)
    if (value !== undefined && value !== '' && Number.isInteger(id) && id > 0) into.add(id)
  }
  for (const { annotations } of [subject.pod, namespace]) {
    add(users, annotations.get('config.linkerd.io/proxy-uid'))
    add(groups, annotations.get('config.linkerd.io/proxy-gid'))
  }
  for (const one of subject.pod.containers) {
    if (one.name === 'linkerd-init') {
      for (const [flag, into] of [
        ['--proxy-uid', users],
        ['--proxy-gid', groups],
      ] as const) {
        if (one.args.includes(flag)) add(into, one.args[one.args.indexOf(flag) + 1])
      }
    }
    if (one.name === 'linkerd-proxy') add(users, number(one.security, 'runAsUser'))
  }
  return {
    subject,
    exempt: { users, groups, usual: usualUser },
    own: (one) => isLinkerdOwn(one, settings),
    reserved: new Set([4190, 4191]),
  }
}
