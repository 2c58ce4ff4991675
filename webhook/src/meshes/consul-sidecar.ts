// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its consul-dataplane the one that Consul injects, and is the redirect set up by
// consul-connect-inject-init or, with the CNI plugin, from an annotation? hashicorp/consul-k8s control-plane/
// connect-inject/webhook/{consul_dataplane_sidecar,container_init,mesh_webhook}.go, control-plane/cni/main.go (1.0 to 2.0).

import type { CheckInput } from '../checks/check.ts'
import type { Container } from '../containers.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { annotationPath } from './annotation-rules.ts'
import {
  consulInits,
  consulSidecars,
  initUser,
  isConsulImage,
  isConsulName,
  redirectConfig,
  reservedPorts,
  status,
  transparentStatus,
  usualUser,
} from './consul-parts.ts'
import { consulRedirect, leftAlone, untoldHoles } from './consul-redirect.ts'
import type { ConsulSettings } from './consul-settings.ts'
import { consulTraffic, transparentProxy } from './consul-traffic.ts'
import type { Capture, MeshInput } from './mesh.ts'
import { shown, sound, when, type Rule } from './rule.ts'
import { aheadOf, foreignSidecar, initsBefore, oneStaysUp, whileUp } from './usual-rules.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<ConsulSettings>

const source =
  'hashicorp/consul-k8s control-plane/connect-inject/webhook/container_init.go and consul_dataplane_sidecar.go, 1.0 to 2.0'
const plugin = 'hashicorp/consul-k8s control-plane/cni/main.go skipTrafficRedirection, 1.0 to 2.0'

export const consulVerification: readonly Rule<ConsulSettings>[] = [
  oneStaysUp(consulSidecars, source),
  sound(
    'Is the sidecar the one that Consul injects, by image, command and arguments?',
    source,
    whileUp(consulSidecars, foreignProxy),
  ),
  sound(
    'Is the transparent proxy on, without holes?',
    source,
    whileUp(consulSidecars, (_proxy, input) => consulTraffic(input)),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    source,
    whileUp(consulSidecars, (_proxy, input) => redirect(input)),
  ),
]

export const consulForesight: readonly Rule<ConsulSettings>[] = [
  sound(
    'Is the transparent proxy on, without holes?',
    'hashicorp/consul-k8s control-plane/connect-inject/constants/annotations_and_labels.go, 1.0 to 2.0',
    consulTraffic,
  ),
  initsBefore({
    source: `${source} (its init container and its native sidecar are appended)`,
    redirect: 'consul-connect-inject-init',
    comesFirst: (input) =>
      consulCapture(input) === 'init' ? null : 'no init container sets up the redirect',
  }),
  sound(
    'Does the manifest leave the redirect to the injector?',
    'hashicorp/consul-k8s control-plane/connect-inject/webhook/mesh_webhook.go addRedirectTrafficConfigAnnotation, 1.0 to 2.0',
    (input) => {
      const { subject, settings } = input
      if (!subject.pod.annotations.has(redirectConfig) || settings.cni === false) return []
      const message = `the manifest brings the annotation ${redirectConfig} along, which only the injector writes`
      const hit: Hit = {
        id: 'cni-forged-redirect',
        path: annotationPath(subject, redirectConfig),
        message,
      }
      // The injector writes over it, but only for the transparent proxy.
      return [transparentProxy(input).on ? { ...hit, effect: 'risk' } : hit]
    },
  ),
]

export const consulCniRules: readonly Rule<ConsulSettings>[] = [
  when(
    'Is an annotation missing without which the plugin does nothing?',
    plugin,
    ({ subject: { pod } }) =>
      [status, transparentStatus].map((key) => shown(key, pod.annotations.get(key))).join('; '),
    ({ subject }) => {
      if (!subject.finished) return null
      const missing = [status, transparentStatus].find(
        (key) => (subject.pod.annotations.get(key) ?? '') === '',
      )
      if (missing === undefined) return null
      const message = `without the annotation ${missing} the CNI plugin sets up no redirect`
      return { id: 'capture-missing', path: 'metadata.annotations', message }
    },
  ),
]

/** A finished pod tells it itself: a variable of the init container, or the annotation for the plugin. */
export function consulCapture(input: Input): Capture {
  const { subject, settings } = input
  if (!transparentProxy(input).on) return 'none'
  const told = subject.finished ? consulRedirect(subject) : null
  if (told !== null) return told.by
  return settings.cni === true ? 'cni' : 'init'
}

function foreignProxy(proxy: Container, { settings }: Input): Hit[] {
  // The first ones were started by a shell.
  const shell = isBefore(settings.version, '1.1') === true && proxy.command[0] === '/bin/sh'
  const told = [...proxy.command, ...proxy.args].some((one) => /-proxy(-service)?-id/.test(one))
  return foreignSidecar(proxy, {
    title: 'Consul',
    image: isConsulImage(proxy, settings),
    command: proxy.command.length === 0 || shell,
    told: told ? null : { place: 'args', why: 'is not told which service it is the proxy of' },
  })
}

function redirect(input: Input): Hit[] {
  const { subject, settings } = input
  if (!transparentProxy(input).on) return []
  const missing = (path: string, message: string): Hit => ({ id: 'capture-missing', path, message })
  const inits = consulInits(subject)
  const [init] = inits
  const told = consulRedirect(subject)
  if (init === undefined) {
    const path = `${subject.pod.prefix}spec.initContainers`
    return [missing(path, 'the pod has no consul-connect-inject-init, so nothing was set up')]
  }
  const foreign = inits.flatMap((one): Hit[] => {
    if (!isConsulImage(one, settings)) {
      const message = `the init container "${one.name}" runs "${one.image.slice(0, 100)}" and not Consul's own program`
      return [missing(`${one.path}.image`, message)]
    }
    if (startsConnectInit(one)) return []
    const message = `the init container "${one.name}" does not start connect-init`
    return [missing(`${one.path}.command`, message)]
  })
  if (foreign.length > 0) return foreign
  if (told === null && !subject.pod.annotations.has(transparentStatus)) {
    const path = `${subject.pod.prefix}metadata.annotations`
    const message =
      'the pod was injected without the transparent proxy: only explicit upstreams go through the sidecar'
    return [{ id: 'consul-tproxy-off', path, message }]
  }
  if (told?.config === undefined || told.config === null) {
    const path = told?.path ?? `${init.path}.env`
    return [missing(path, 'nothing tells how traffic is redirected: it goes past the sidecar')]
  }
  const holes = untoldHoles(subject, told)
  if (told.by === 'cni') return holes
  // It is appended, native sidecar or not: what is ahead of it is the user's own.
  return [...holes, ...aheadOf(init, subject, isConsulName(subject), false)]
}

/** One command and its flags, as the injector writes it: nothing before, after or instead of it. */
function startsConnectInit({ command, args }: Container): boolean {
  const [shell, flag, script = '', ...more] = [...command, ...args]
  const plain = script
    .replaceAll(/\$\{\w+\}/g, '')
    .replaceAll('\\\n', ' ')
    .trim()
  return (
    shell === '/bin/sh' &&
    flag === '-ec' &&
    more.length === 0 &&
    /^consul-k8s(-control-plane)? connect-init [\w \t=./",:@-]*$/.test(plain)
  )
}

/** The users left alone are those that the redirect was told. */
export function consulChecks(input: Input): CheckInput {
  const { subject, namespace, objects, settings } = input
  const isNamed = isConsulName(subject)
  const users = new Set<number>()
  if (transparentProxy(input).on) {
    users.add(usualUser).add(initUser)
    const told = subject.finished ? consulRedirect(subject) : null
    for (const user of told === null ? [] : leftAlone(told)) users.add(user)
    for (const one of consulSidecars(subject)) {
      const user = number(one.security, 'runAsUser')
      if (user !== undefined && user !== 0) users.add(user)
    }
  }
  return {
    subject,
    namespace,
    objects,
    // Its rules match users only: the group is not left alone.
    exempt: { users, groups: new Set(), usual: usualUser, alsoUsual: initUser },
    own: (one) => isNamed(one) && one.kind !== 'ephemeral' && isConsulImage(one, settings),
    reserved: reservedPorts,
  }
}
