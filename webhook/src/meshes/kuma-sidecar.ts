// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its kuma-sidecar the one that Kuma injects, and is the redirect set up by kuma-init or,
// with the CNI plugin, by what the annotations tell the plugin? kumahq/kuma pkg/plugins/runtime/k8s/webhooks/
// injector/injector.go and pkg/plugins/runtime/k8s/containers/factory.go (2.5 to 2.14).

import type { CheckInput } from '../checks/check.ts'
import { staysUp, type Container } from '../containers.ts'
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
import { no, sound, stops, unknown, type Rule } from './rule.ts'
import { aheadOf, oneStaysUp } from './usual-rules.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<KumaSettings>

const source = 'kumahq/kuma pkg/plugins/runtime/k8s/webhooks/injector/injector.go, 2.5 to 2.14'

export const kumaVerification: readonly Rule<KumaSettings>[] = [
  oneStaysUp(kumaSidecars, source),
  sound(
    'Is the sidecar the one that Kuma injects, by image, command and arguments?',
    source,
    (input) => ofProxy(input, (proxy) => foreignProxy(proxy, input)),
  ),
  sound('Is the redirect set up, whole, and before every other init container?', source, (input) =>
    ofProxy(input, (proxy) => redirect(input, proxy)),
  ),
  sound('Is everything captured, as annotations say?', source, (input) =>
    ofProxy(input, () => kumaTraffic(input)),
  ),
]

export const kumaForesight: readonly Rule<KumaSettings>[] = [
  sound(
    'Is everything captured, as annotations say?',
    'kumahq/kuma pkg/plugins/runtime/k8s/metadata/annotations.go, 2.5 to 2.14',
    kumaTraffic,
  ),
  redirectInManifest,
  {
    question: 'Do init containers of the pod run before the redirect is set up?',
    source: `${source} (kuma-init is appended, unless native sidecars are on or kuma.io/init-first says so)`,
    ask: (input) => {
      const { pod } = input.subject
      const inits = pod.containers.filter(({ kind }) => kind === 'init')
      const first = pod.annotations.get('kuma.io/init-first') ?? ''
      if (kumaCapture(input) === 'cni') return no('the CNI plugin sets up the redirect')
      if (inits.length === 0) return no('no init containers')
      if (['true', 'yes', 'enabled'].includes(first)) return no(`kuma.io/init-first: "${first}"`)
      const native = nativeSidecars(input.settings)
      if (native === true) return no('native sidecars come first')
      const at = inits.map(({ path }) => path).join(', ')
      if (native === null) {
        return unknown(at, 'Kuma injects native sidecars, which come before other init containers')
      }
      const hits = inits.map((one): Hit => ({
        id: 'init-before-capture',
        path: one.path,
        message: `the init container "${one.name}" runs before kuma-init and is not captured`,
      }))
      return stops(at, ...hits)
    },
  },
]

/** null: it depends on a setting that is not known. */
function nativeSidecars(settings: KumaSettings): boolean | null {
  if (isBefore(settings.version, '3.0') === false) return true
  return settings.nativeSidecars ?? (settings.version === undefined ? null : false)
}

function ofProxy({ subject }: Input, find: (proxy: Container) => Hit[]): Hit[] {
  const proxy = kumaSidecars(subject).find(staysUp)
  return proxy === undefined ? [] : find(proxy)
}

function foreignProxy(proxy: Container, { subject, settings }: Input): Hit[] {
  const id = subject.pod.annotations.has(patches) ? 'proxy-image-override' : 'fake-sidecar-name'
  if (!isKumaImage(proxy, settings)) {
    const message = `the container "kuma-sidecar" runs "${proxy.image.slice(0, 100)}", which is no image of Kuma's proxy`
    return [{ id, path: `${proxy.path}.image`, message }]
  }
  if (proxy.command.length > 0) {
    const message =
      'the container "kuma-sidecar" has a command of its own; the injected one has none'
    return [{ id, path: `${proxy.path}.command`, message }]
  }
  if (proxy.args[0] === 'run') return []
  const message = `the container "kuma-sidecar" is started with "${proxy.args.slice(0, 2).join(' ')}" and not with "run"`
  return [{ id, path: `${proxy.path}.args`, message }]
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
