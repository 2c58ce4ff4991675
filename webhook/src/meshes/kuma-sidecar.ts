// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its kuma-sidecar the one that Kuma injects, and is the redirect set up by kuma-init or,
// with the CNI plugin, by what the annotations tell the plugin? kumahq/kuma pkg/plugins/runtime/k8s/webhooks/
// injector/injector.go and pkg/plugins/runtime/k8s/containers/factory.go (2.5 to 2.14).

import type { CheckInput } from '../checks/check.ts'
import type { Container } from '../containers.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import {
  isKumaImage,
  isKumaOwn,
  kumaNames,
  kumaSidecars,
  reservedPorts,
  usualUser,
} from './kuma-parts.ts'
import { kumaCapture, redirectInManifest } from './kuma-cni.ts'
import { toldOf, toldUser, untoldHoles } from './kuma-redirect.ts'
import { patches } from './kuma-rules.ts'
import type { KumaSettings } from './kuma-settings.ts'
import { kumaTraffic } from './kuma-traffic.ts'
import type { MeshInput } from './mesh.ts'
import { sound, type Rule } from './rule.ts'
import { aheadOf, foreignSidecar, initsBefore, oneStaysUp, whileUp } from './usual-rules.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<KumaSettings>

const source = 'kumahq/kuma pkg/plugins/runtime/k8s/webhooks/injector/injector.go, 2.5 to 2.14'

export const kumaVerification: readonly Rule<KumaSettings>[] = [
  oneStaysUp(kumaSidecars, source),
  sound(
    'Is the sidecar the one that Kuma injects, by image, command and arguments?',
    source,
    whileUp(kumaSidecars, foreignProxy),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    source,
    whileUp(kumaSidecars, (proxy, input) => redirect(input, proxy)),
  ),
  sound(
    'Is everything captured, as annotations say?',
    source,
    whileUp(kumaSidecars, (_proxy, input) => kumaTraffic(input)),
  ),
]

export const kumaForesight: readonly Rule<KumaSettings>[] = [
  sound(
    'Is everything captured, as annotations say?',
    'kumahq/kuma pkg/plugins/runtime/k8s/metadata/annotations.go, 2.5 to 2.14',
    kumaTraffic,
  ),
  redirectInManifest,
  initsBefore({
    source: `${source} (kuma-init is appended, unless native sidecars are on or kuma.io/init-first says so)`,
    redirect: 'kuma-init',
    comesFirst: (input) => {
      const first = input.subject.pod.annotations.get('kuma.io/init-first') ?? ''
      if (kumaCapture(input) === 'cni') return 'the CNI plugin sets up the redirect'
      if (['true', 'yes', 'enabled'].includes(first)) return `kuma.io/init-first: "${first}"`
      const native = nativeSidecars(input.settings)
      if (native === true) return 'native sidecars come first'
      if (native === false) return null
      return { assumed: 'Kuma injects native sidecars, which come before other init containers' }
    },
  }),
]

/** null: it depends on a setting that is not known. */
function nativeSidecars(settings: KumaSettings): boolean | null {
  if (isBefore(settings.version, '3.0') === false) return true
  return settings.nativeSidecars ?? (settings.version === undefined ? null : false)
}

function foreignProxy(proxy: Container, { subject, settings }: Input): Hit[] {
  const said = proxy.args.slice(0, 2).join(' ')
  const why = `is started with "${said}" and not with "run"`
  return foreignSidecar(proxy, {
    title: 'Kuma',
    image: isKumaImage(proxy, settings),
    command: proxy.command.length === 0,
    told: proxy.args[0] === 'run' ? null : { place: 'args', why },
    id: subject.pod.annotations.has(patches) ? 'proxy-image-override' : 'fake-sidecar-name',
  })
}

const program = ['/usr/bin/kumactl', 'install', 'transparent-proxy']

function redirect(input: Input, proxy: Container): Hit[] {
  const { subject, settings } = input
  const { containers, prefix } = subject.pod
  if (kumaCapture(input) === 'cni') return untoldHoles(subject, toldOf(subject, undefined))
  const init = containers.find((one) => one.name === 'kuma-init' && one.kind === 'init')
  if (init === undefined) {
    const message = 'the pod has neither kuma-init nor kuma-validation: nothing is redirected'
    return [{ id: 'capture-missing', path: `${prefix}spec.initContainers`, message }]
  }
  const hits: Hit[] = []
  // Older ones have no command: the image starts the same program.
  const usual = init.command.length === 0 || init.command.join(' ') === program.join(' ')
  if (!isKumaImage(init, settings) || !usual) {
    hits.push({
      id: 'capture-missing',
      path: `${init.path}.${usual ? 'image' : 'command'}`,
      message: `the init container "kuma-init" runs "${init.image.slice(0, 100)}" and not Kuma's own program`,
    })
  }
  const isNamed = (one: Container) => kumaNames.includes(one.name)
  const first = ['true', 'yes', 'enabled'].includes(
    subject.pod.annotations.get('kuma.io/init-first') ?? '',
  )
  return [
    ...hits,
    ...untoldHoles(subject, toldOf(subject, init)),
    ...aheadOf(init, subject, isNamed, first || proxy.kind === 'native'),
  ]
}

/** The user left alone is the one that the redirect was told, else the sidecar's own. */
export function kumaChecks({ subject, namespace, objects, settings }: Input): CheckInput {
  const usual = settings.sidecarUser ?? usualUser
  const users = new Set([usual])
  const { containers, annotations } = subject.pod
  if (subject.finished) {
    const told = toldUser(
      toldOf(
        subject,
        containers.find(({ name }) => name === 'kuma-init'),
      ),
    )
    const noted = Number(annotations.get('kuma.io/sidecar-uid') ?? Number.NaN)
    for (const user of [told, noted]) {
      if (user !== undefined && Number.isInteger(user)) users.add(user)
    }
  }
  for (const one of kumaSidecars(subject)) {
    const user = number(one.security, 'runAsUser')
    if (user !== undefined && user !== 0) users.add(user)
  }
  return {
    subject,
    namespace,
    objects,
    // Its rules match users only: the group is not left alone.
    exempt: { users, groups: new Set(), usual },
    own: (one) => isKumaOwn(one, settings),
    reserved: reservedPorts(subject),
  }
}
