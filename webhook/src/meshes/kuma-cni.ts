// SPDX-License-Identifier: Apache-2.0
// Kuma's CNI plugin decides again, in this order, whether it sets up the redirect of a pod, and takes the
// redirect from annotations: kumahq/kuma app/cni/pkg/cni/kubernetes_linux.go getAndValidatePodAnnotations,
// main_linux.go add (2.9 to 2.14).

import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { annotationPath } from './annotation-rules.ts'
import { injected, kumaSidecars, redirectConfig } from './kuma-parts.ts'
import { systemNamespace } from './kuma-injectors.ts'
import { toldOf, toldUser } from './kuma-redirect.ts'
import type { KumaSettings } from './kuma-settings.ts'
import type { Capture, MeshInput } from './mesh.ts'
import { shown, sound, when, type Rule } from './rule.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<KumaSettings>

const source = 'kumahq/kuma app/cni/pkg/cni/kubernetes_linux.go and main_linux.go, 2.9 to 2.14'
const networks = 'k8s.v1.cni.cncf.io/networks'

/** With the plugin the injector adds kuma-validation, and names the plugin's network in an annotation. */
export function kumaCapture({ subject: { pod, finished }, settings }: Input): Capture {
  if (pod.containers.some(({ name }) => name === 'kuma-validation')) return 'cni'
  const named = (pod.annotations.get(networks) ?? '')
    .split(',')
    .some((one) => one.trim() === 'kuma-cni')
  if (finished && named) return 'cni'
  return settings.cni === true ? 'cni' : 'init'
}

export const kumaCniRules: readonly Rule<KumaSettings>[] = [
  when(
    'Is the namespace excluded from the CNI plugin?',
    source,
    ({ subject }) => shown('metadata.namespace', subject.namespace),
    ({ subject, settings }) => {
      const excluded = settings.cniExcludedNamespaces ?? [systemNamespace(settings)]
      if (!excluded.includes(subject.namespace)) return null
      const message = `the CNI plugin sets up no redirect in namespace "${subject.namespace}"`
      return { id: 'capture-missing', path: 'metadata.namespace', message }
    },
  ),
  when(
    'Is an init container called kuma-init?',
    source,
    ({ subject }) =>
      shown(
        'init containers',
        subject.pod.containers.flatMap(({ name, kind }) =>
          kind === 'init' || kind === 'native' ? [name] : [],
        ),
      ),
    ({ subject }) => {
      const named = subject.pod.containers.find(
        (one) => one.name === 'kuma-init' && (one.kind === 'init' || one.kind === 'native'),
      )
      if (named === undefined) return null
      const message = 'a container is called "kuma-init", so the CNI plugin sets up no redirect'
      return { id: 'cni-skip-init-name', path: `${named.path}.name`, message }
    },
  ),
  when(
    'Is the injector\'s annotation missing, or not "true"?',
    source,
    ({ subject: { pod } }) =>
      shown(`metadata.annotations[${injected}]`, pod.annotations.get(injected)),
    ({ subject }) => {
      if (!subject.finished || subject.pod.annotations.get(injected) === 'true') return null
      const message = `without the annotation ${injected}="true" the CNI plugin sets up no redirect`
      return { id: 'capture-missing', path: 'metadata.annotations', message }
    },
  ),
  when(
    'Does the annotation that holds the redirect come from somebody else than the injector?',
    source,
    ({ subject: { pod } }) =>
      shown(
        `${pod.prefix}metadata.annotations[${redirectConfig}]`,
        pod.annotations.get(redirectConfig),
      ),
    forged,
  ),
]

function forged({ subject }: Input): Hit | null {
  const value = subject.pod.annotations.get(redirectConfig) ?? ''
  if (!subject.finished || value === '') return null
  // An injector that writes this annotation does not write that one.
  if (subject.pod.annotations.has('kuma.io/transparent-proxying-outbound-port')) {
    return forgedHit(subject, 'which the injector did not write')
  }
  const user = toldUser(toldOf(subject, undefined))
  const proxy = kumaSidecars(subject)[0]
  const own = proxy === undefined ? undefined : number(proxy.security, 'runAsUser')
  return user !== undefined && own !== undefined && user !== own
    ? forgedHit(subject, `which leaves user ${user} alone, and the sidecar runs as ${own}`)
    : null
}

/** A manifest that brings along what only the injector writes. */
export const redirectInManifest: Rule<KumaSettings> = sound(
  'Does the manifest leave the redirect to the injector?',
  'kumahq/kuma injector.go InjectKuma and app/cni/pkg/cni/main_linux.go add, 2.9 to 2.14, 3.0',
  ({ subject, settings }) => {
    // fail closed: it is not known that there is no plugin, which would take the redirect from here.
    if (settings.cni === false || (subject.pod.annotations.get(redirectConfig) ?? '') === '') {
      return []
    }
    const hit = forgedHit(subject, 'which the manifest brings along')
    // The injector writes over it only when it works with a ConfigMap itself, always from 3.0.
    const writes =
      settings.transparentProxyConfigMap === true || isBefore(settings.version, '3.0') === false
    return [writes ? { ...hit, effect: 'risk' } : hit]
  },
)

function forgedHit(subject: Subject, why: string): Hit {
  const message = `the CNI plugin takes the redirect from the annotation ${redirectConfig}, ${why}`
  return { id: 'cni-forged-redirect', path: annotationPath(subject, redirectConfig), message }
}
