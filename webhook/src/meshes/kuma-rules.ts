// SPDX-License-Identifier: Apache-2.0
// The steps of Kuma's injector, in its order: kumahq/kuma pkg/plugins/runtime/k8s/webhooks/injector/precheck.go
// and injector.go (2.5 to 2.14, 3.0). What it cannot read, or does not find, makes it refuse the pod.

import { groupOf, ofKind, type ClusterObject, type ClusterObjects } from '../cluster-objects.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { refusedValue, type ReadValue } from './annotation-rules.ts'
import { enabledWord, inject, isKumaOwn, usualUser } from './kuma-parts.ts'
import type { KumaSettings } from './kuma-settings.ts'
import type { MeshInput } from './mesh.ts'
import { refusedUser, refusingBefore } from './refusals.ts'
import { no, shown, stops, unknown, when, yes, type Rule } from './rule.ts'
import { isBefore } from './version.ts'

type Input = MeshInput<KumaSettings>

const injector = 'kumahq/kuma pkg/plugins/runtime/k8s/webhooks/injector'
const precheck = `${injector}/precheck.go preCheck, needToInject, 2.5 to 2.14`

export const kumaRules: readonly Rule<KumaSettings>[] = refusingBefore<KumaSettings>([
  when(
    'Does a label of the pod match an exception of the injector?',
    `${precheck}; pkg/config/plugins/runtime/k8s/config.go`,
    ({ subject: { pod } }) => shown(`${pod.prefix}metadata.labels`, [...pod.labels.keys()]),
    exception,
  ),
  when(
    'Is a container called kuma-sidecar already?',
    precheck,
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    ({ subject, settings }) => {
      const named = subject.pod.containers.find(
        (one) =>
          one.name === 'kuma-sidecar' && one.kind !== 'ephemeral' && !isKumaOwn(one, settings),
      )
      if (named === undefined) return null
      const message =
        'the container "kuma-sidecar" has the sidecar\'s name, so the injector takes it for one'
      return { id: 'fake-sidecar-name', path: `${named.path}.name`, message }
    },
  ),
  when(
    'Does the label of the pod say no?',
    precheck,
    ({ subject: { pod } }) =>
      shown(`${pod.prefix}metadata.labels[${inject}]`, pod.labels.get(inject)),
    ({ subject: { pod } }) => {
      const value = pod.labels.get(inject)
      const path = `${pod.prefix}metadata.labels[${inject}]`
      if (value === undefined || enabledWord(value) === true) return null
      return enabledWord(value) === false
        ? {
            id: 'optout-label-kuma',
            path,
            message: `the label ${inject} is "${value}", which means no sidecar`,
          }
        : unreadable(path, `the label ${inject} of the pod is "${value}"`)
    },
  ),
  when(
    'Is the pod silent, and does the label of the namespace not say yes?',
    precheck,
    ({ namespace }) => shown(`namespace.metadata.labels[${inject}]`, namespace.labels.get(inject)),
    namespaceSaysNo,
  ),
  {
    question: 'Does the mesh that the pod belongs to not exist?',
    source: `${precheck}; pkg/plugins/runtime/k8s/util/names.go MeshOf`,
    ask: (input) => {
      const { name, path } = meshOf(input)
      const at = shown(path, name)
      const known = kumaObjects(input.objects, 'Mesh')
      if (known.some((one) => one.name === name)) return no(at)
      // The control plane makes the default one itself, so files seldom have it.
      const open = known.length === 0 || name === 'default'
      if (open && !input.objects.complete.has('Mesh')) {
        return unknown(at, `the Mesh "${name}" exists (no Mesh was given)`)
      }
      // From 3.0 a proxy of the zone may come before its mesh.
      const early = input.subject.pod.labels.has('k8s.kuma.io/zone-proxy-type')
      if (early && isBefore(input.settings.version, '3.0') === false) return yes(at)
      const message = `the pod belongs to the Mesh "${name}", which does not exist`
      return stops(at, { id: 'injector-refuses', path, message })
    },
  },
  {
    question: "Does a container ask for the sidecar's user?",
    source: `${precheck} (containers only; of init containers it warns)`,
    ask: ({ subject, settings }) => {
      const user = settings.sidecarUser ?? usualUser
      const at = shown('user of the sidecar', user)
      const found = subject.pod.containers.find(
        (one) =>
          one.kind === 'regular' &&
          !isKumaOwn(one, settings) &&
          number(one.security, 'runAsUser') === user,
      )
      if (found === undefined) return no(at)
      const path = `${found.path}.securityContext.runAsUser`
      return stops(at, ...refusedUser(path, `the container "${found.name}"`, user))
    },
  },
  when(
    'Is there an annotation that the injector cannot read?',
    `${injector}/injector.go InjectKuma, NewAnnotations, 2.5 to 2.14`,
    ({ subject: { pod } }) =>
      shown(
        `${pod.prefix}metadata.annotations`,
        [...pod.annotations.keys()].filter((key) => key.includes('kuma.io/')),
      ),
    ({ subject }) => refusedValue(subject, readable),
  ),
  {
    question: 'Does an annotation name a ContainerPatch that does not exist?',
    source: `${injector}/injector.go loadContainerPatches, 2.5 to 2.14`,
    ask: ({ subject: { pod }, objects }) => {
      const path = `${pod.prefix}metadata.annotations[${patches}]`
      const names = (pod.annotations.get(patches) ?? '').split(',').filter((one) => one !== '')
      const at = shown(path, pod.annotations.get(patches))
      const known = kumaObjects(objects, 'ContainerPatch')
      if (names.length === 0) return no(at)
      if (known.length === 0 && !objects.complete.has('ContainerPatch')) {
        return unknown(at, `the container patches ${names.join(', ').slice(0, 80)} exist`)
      }
      const missing = names.find((name) => !known.some((one) => one.name === name))
      if (missing === undefined) return no(at)
      const message = `the annotation names the ContainerPatch "${missing}", which does not exist`
      return stops(at, { id: 'injector-refuses', path, message })
    },
  },
])

export const patches = 'kuma.io/container-patches'

/** Other meshes have kinds of the same name. */
export function kumaObjects(objects: ClusterObjects, kind: string): ClusterObject[] {
  return ofKind(objects, kind).filter((one) => groupOf(one.apiVersion) === 'kuma.io')
}

/** pkg/config/plugins/runtime/k8s/config.go, Exceptions. */
const exceptions = ['openshift.io/build.name=*', 'openshift.io/deployer-pod-for.name=*']

function exception({ subject: { pod }, settings }: Input): Hit | null {
  for (const one of settings.exceptions ?? exceptions) {
    const equals = one.indexOf('=')
    const key = equals === -1 ? one : one.slice(0, equals)
    const wanted = equals === -1 ? '*' : one.slice(equals + 1)
    const value = pod.labels.get(key)
    if (value === undefined || (wanted !== '*' && wanted !== value)) continue
    return {
      id: 'exception-label',
      path: `${pod.prefix}metadata.labels[${key}]`,
      message: `the label ${key} is an exception of the injector, which leaves the pod alone`,
    }
  }
  return null
}

function namespaceSaysNo({ subject, namespace }: Input): Hit | null {
  if (subject.pod.labels.has(inject)) return null
  const value = namespace.labels.get(inject)
  const path = `namespace.metadata.labels[${inject}]`
  const where = `namespace "${namespace.name}"`
  if (value === undefined) {
    const message = `neither ${where} nor the pod has the label ${inject}`
    return { id: 'ns-unlabelled', path: 'namespace.metadata.labels', message }
  }
  const said = enabledWord(value)
  if (said === true) return null
  return said === false
    ? { id: 'ns-optout', path, message: `${where} has the label ${inject}="${value}"` }
    : unreadable(path, `the label ${inject} of ${where} is "${value}"`)
}

function unreadable(path: string, said: string): Hit {
  return { id: 'injector-refuses', path, message: `${said}, which the injector cannot read` }
}

function meshOf({ subject: { pod }, namespace, settings }: Input): { name: string; path: string } {
  const key = 'kuma.io/mesh'
  // The annotation was read until 3.0. fail closed: with an unknown version it is not.
  const older = isBefore(settings.version, '3.0') === true
  const places = [
    { value: pod.labels.get(key), path: `${pod.prefix}metadata.labels[${key}]` },
    {
      value: older ? pod.annotations.get(key) : undefined,
      path: `${pod.prefix}metadata.annotations[${key}]`,
    },
    { value: namespace.labels.get(key), path: `namespace.metadata.labels[${key}]` },
    {
      value: older ? namespace.annotations.get(key) : undefined,
      path: `namespace.metadata.annotations[${key}]`,
    },
  ]
  const found = places.find(({ value }) => value !== undefined && value !== '')
  return { name: found?.value ?? 'default', path: found?.path ?? places[0]?.path ?? '' }
}

const isPlainBool = (value: string) => ['true', 'yes', 'false', 'no'].includes(value)
const isEnabledWord = (value: string) => enabledWord(value) !== null
const isUint32 = (value: string) => /^\+?\d{1,10}$/.test(value) && Number(value) <= 0xffffffff

const readable: readonly ReadValue[] = [
  { key: 'kuma.io/gateway', reads: isEnabledWord },
  { key: 'kuma.io/init-first', reads: isEnabledWord },
  { key: 'kuma.io/transparent-proxying-ebpf', reads: isEnabledWord },
  { key: 'kuma.io/builtin-dns', reads: isEnabledWord },
  { key: 'kuma.io/wait-for-dataplane-ready', reads: isPlainBool },
  { key: 'kuma.io/envoy-admin-port', reads: isUint32 },
  { key: 'kuma.io/application-probe-proxy-port', reads: isUint32 },
  { key: 'kuma.io/sidecar-proxy-concurrency', reads: (value) => /^-?\d{1,19}$/.test(value) },
  {
    key: 'kuma.io/sidecar-env-vars',
    reads: (value) => value.split(';').every((pair) => pair.split('=').length === 2),
  },
]
