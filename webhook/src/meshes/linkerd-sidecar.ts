// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its linkerd-proxy the one that Linkerd injects, and is the redirect set up by
// linkerd-init or, with the CNI plugin, checked by linkerd-network-validator?
// linkerd/linkerd2 charts/partials/templates/_proxy.tpl, _proxy-init.tpl, charts/patch/templates/patch.json;
// linkerd/linkerd2-proxy-init cni-plugin/main.go (2.11 to 2.20).

import type { CheckInput } from '../checks/check.ts'
import { number } from '../fields.ts'
import type { Container } from '../containers.ts'
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
import type { Capture, MeshInput } from './mesh.ts'
import { ipv6Of } from './pod-addresses.ts'
import { shown, sound, when, type Rule } from './rule.ts'
import { aheadOf, foreignSidecar, oneStaysUp, whileUp } from './usual-rules.ts'

const source =
  'linkerd/linkerd2 charts/partials/templates/_proxy.tpl and _proxy-init.tpl, 2.11 to 2.20'

export const linkerdVerification: readonly Rule[] = [
  oneStaysUp(linkerdSidecars, source),
  sound(
    'Is the sidecar the one that Linkerd injects, by image and command?',
    source,
    whileUp(linkerdSidecars, foreignProxy),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    `${source}; charts/patch/templates/patch.json`,
    whileUp(linkerdSidecars, (proxy, input) => redirect(input, proxy)),
  ),
  sound(
    'Is everything captured, as annotations of pod and namespace say?',
    source,
    whileUp(linkerdSidecars, (_proxy, input) => linkerdTraffic(input)),
  ),
]

function foreignProxy(proxy: Container, { settings }: MeshInput): Hit[] {
  return foreignSidecar(proxy, {
    title: 'Linkerd',
    image: isLinkerdOwn(proxy, settings),
    command: proxy.command.length === 0,
    told: null,
  })
}

/** linkerd/linkerd2-proxy-init cni-plugin/main.go (1.2 to 1.6). */
export const linkerdCniRules: readonly Rule[] = [
  when(
    'Is a container called linkerd-init?',
    'linkerd/linkerd2-proxy-init cni-plugin/main.go cmdAdd, 1.2 to 1.6',
    ({ subject }) =>
      shown(
        'containers',
        subject.pod.containers.map(({ name }) => name),
      ),
    ({ subject }) => {
      const named = subject.pod.containers.find((one) => one.name === 'linkerd-init')
      if (named === undefined) return null
      const message = 'a container is called "linkerd-init", so the CNI plugin sets up no redirect'
      return { id: 'cni-skip-init-name', path: `${named.path}.name`, message }
    },
  ),
]

/** With the plugin the injector adds a validator, which only checks what the plugin set up. */
export function linkerdCapture({ subject, settings }: MeshInput): Capture {
  const names = subject.pod.containers.map(({ name }) => name)
  if (names.includes('linkerd-network-validator')) return 'cni'
  return settings.cni === true ? 'cni' : 'init'
}

function redirect(input: MeshInput, proxy: Container): Hit[] {
  const { subject, settings } = input
  if (linkerdCapture(input) === 'cni') return []
  const { containers, prefix } = subject.pod
  const init = containers.find((one) => one.name === 'linkerd-init' && one.kind === 'init')
  if (init === undefined) {
    const message =
      'the pod has neither linkerd-init nor linkerd-network-validator: nothing is redirected'
    return [{ id: 'capture-missing', path: `${prefix}spec.initContainers`, message }]
  }
  const isNamed = (one: Container) => linkerdNames.includes(one.name)
  const hits: Hit[] = []
  if (!isLinkerdOwn(init, settings) || init.command.length > 0) {
    hits.push({
      id: 'capture-missing',
      path: `${init.path}.image`,
      message: `the init container "linkerd-init" runs "${init.image.slice(0, 100)}" and not Linkerd's own program`,
    })
  }
  return [
    ...hits,
    ...ignoredPorts(subject, init),
    ...besideIpv4(subject, init),
    ...aheadOf(init, subject, isNamed, proxy.kind === 'native'),
  ]
}

/** linkerd2-proxy-init sets up both unless told otherwise; the chart says disableIPv6 by default. */
function besideIpv4(subject: Subject, init: Container): Hit[] {
  const found = ipv6Of(subject)
  if (found === null || !init.args.includes('--ipv6=false')) return []
  const message = `the pod has the address ${found.address.slice(0, 40)}, and "linkerd-init" redirects IPv4 only`
  return [{ id: 'ipv6', path: `${init.path}.args[${init.args.indexOf('--ipv6=false')}]`, message }]
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

/** The user left alone is the one linkerd-init was told, the sidecar's, or an annotation's. */
export function linkerdChecks({ subject, namespace, objects, settings }: MeshInput): CheckInput {
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
    namespace,
    objects,
    exempt: { users, groups, usual: usualUser },
    own: (one) => isLinkerdOwn(one, settings),
    reserved: new Set([4190, 4191]),
  }
}
