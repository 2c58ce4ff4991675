// SPDX-License-Identifier: Apache-2.0
// The steps of Open Service Mesh's injector, in their order: openservicemesh/osm pkg/injector/webhook.go mustInject,
// exclusions.go and patch.go (1.0 to 1.2). What it cannot read makes it refuse the pod.

import { isIP } from 'node:net'
import type { Hit } from '../finding.ts'
import { annotationPath, oneLine, refusedValue, type ReadValue } from './annotation-rules.ts'
import type { MeshInput } from './mesh.ts'
import { misplacedKey } from './misplaced-key.ts'
import { notMonitored, ownNamespace, systemNamespaces } from './osm-no-call.ts'
import { bootstrapVolume, inject, isOsmOwn, isOsmProxy } from './osm-parts.ts'
import type { OsmSettings } from './osm-settings.ts'
import { refusingBefore } from './refusals.ts'
import { no, shown, stops, when, type Rule } from './rule.ts'
import { skipsHostNetwork } from './usual-rules.ts'

type Input = MeshInput<OsmSettings>

const code = 'openservicemesh/osm pkg/injector'
const source = `${code}/webhook.go mustInject, 1.0 to 1.2`

export const osmRules: readonly Rule<OsmSettings>[] = refusingBefore<OsmSettings>([
  skipsHostNetwork(source),
  systemNamespaces,
  ownNamespace,
  notMonitored,
  when(
    'Does the pod or the namespace say something that cannot be read?',
    source,
    saidAs,
    ({ subject, namespace }) => {
      const onPod = subject.pod.annotations.get(inject) ?? ''
      if (said(onPod) === 'unreadable') {
        return unreadable('the pod', onPod, annotationPath(subject, inject))
      }
      const onNamespace = namespace.annotations.get(inject) ?? ''
      const path = `namespace.metadata.annotations[${inject}]`
      return said(onNamespace) === 'unreadable'
        ? unreadable(`namespace "${namespace.name}"`, onNamespace, path)
        : null
    },
  ),
  when('Does the pod say no?', source, saidAs, ({ subject }) => {
    const value = subject.pod.annotations.get(inject) ?? ''
    if (said(value) !== false) return null
    const message = `the annotation ${inject} is "${value}", which means no sidecar`
    return { id: 'optout-annotation-others', path: annotationPath(subject, inject), message }
  }),
  when('Is the pod silent, and the namespace does not say yes?', source, saidAs, nothingSaysYes),
  {
    question:
      'Does the pod have a Secret of the name that the proxy gets, so that it counts as done?',
    source: `${code}/patch.go createPatch, 1.2`,
    ask: ({ subject: { pod }, settings }) => {
      const path = bootstrapVolume(pod)
      const real = pod.containers.some((one) => isOsmProxy(one, settings))
      if (path === null || real) return no(shown('volumes', path ?? undefined))
      const message =
        'a volume has the name that the injector gives to its own Secret: neither proxy nor redirect is added'
      return stops(path, { id: 'osm-forged-volume', path, message })
    },
  },
  when(
    'Is there a list that the injector cannot read?',
    `${code}/exclusions.go, 1.0 to 1.2`,
    ({ subject }) =>
      shown(
        `${subject.pod.prefix}metadata.annotations`,
        [...subject.pod.annotations.keys()].filter((key) => key.startsWith('openservicemesh.io/')),
      ),
    ({ subject }) => refusedValue(subject, readable),
  ),
  when(
    'Is a container called envoy, or an init container osm-init, so that there would be two?',
    `${code}/patch.go createPatch, 1.0 to 1.2; kubernetes pkg/apis/core/validation/validation.go, 1.34 to 1.36`,
    ({ subject: { pod } }) =>
      shown(
        'containers',
        pod.containers.map(({ name }) => name),
      ),
    ({ subject, settings }) => {
      const twice = subject.pod.containers.find(
        (one) =>
          ['envoy', 'osm-init'].includes(one.name) &&
          one.kind !== 'ephemeral' &&
          !isOsmOwn(one, settings),
      )
      if (twice === undefined) return null
      const message = `the injector adds a container "${twice.name}" beside this one, and the API server refuses two of one name`
      return { id: 'injector-refuses', path: `${twice.path}.name`, message }
    },
  ),
])

/** Any case; an empty word is none. */
function said(value: string): boolean | 'nothing' | 'unreadable' {
  const word = value.toLowerCase()
  if (word === '') return 'nothing'
  if (['enabled', 'yes', 'true'].includes(word)) return true
  return ['disabled', 'no', 'false'].includes(word) ? false : 'unreadable'
}

function saidAs({ subject, namespace }: Input): string {
  const onPod = shown(annotationPath(subject, inject), subject.pod.annotations.get(inject))
  const key = `namespace.metadata.annotations[${inject}]`
  return `${onPod}; ${shown(key, namespace.annotations.get(inject))}`
}

function unreadable(who: string, value: string, path: string): Hit {
  const message = `the annotation ${inject} of ${who} is "${oneLine(value)}", which the injector cannot read`
  return { id: 'injector-refuses', path, message }
}

function nothingSaysYes(input: Input): Hit | null {
  const { subject, namespace } = input
  const onNamespace = said(namespace.annotations.get(inject) ?? '')
  if (said(subject.pod.annotations.get(inject) ?? '') === true || onNamespace === true) return null
  const where = `namespace "${namespace.name}"`
  // Of the pod first: a namespace that says no leaves it to its pods to ask.
  const asking = {
    key: inject,
    on: null,
    pod: 'annotation',
    namespace: onNamespace === false ? null : 'annotation',
  } as const
  const misplaced = misplacedKey(input, asking)
  if (misplaced !== null) return misplaced
  if (onNamespace === false) {
    const path = `namespace.metadata.annotations[${inject}]`
    const value = namespace.annotations.get(inject) ?? ''
    const message = `${where} has the annotation ${inject}="${value}"`
    return { id: 'ns-optout', path, message }
  }
  return {
    id: 'ns-unlabelled',
    path: 'namespace.metadata.annotations',
    message: `neither ${where} nor the pod has the annotation ${inject}`,
  }
}

const ports = (value: string) =>
  value.split(',').every((one) => /^\s*\+?\d{1,9}\s*$/.test(one) && Number(one) > 0)
const networks = (value: string) =>
  value.split(',').every((one) => {
    const [address = '', bits = '', ...rest] = one.trim().split('/')
    const family = isIP(address)
    return (
      family !== 0 &&
      rest.length === 0 &&
      /^\d{1,3}$/.test(bits) &&
      Number(bits) <= (family === 4 ? 32 : 128)
    )
  })

const readable: readonly ReadValue[] = [
  { key: 'openservicemesh.io/inbound-port-exclusion-list', reads: ports },
  { key: 'openservicemesh.io/outbound-port-exclusion-list', reads: ports },
  { key: 'openservicemesh.io/outbound-ip-range-exclusion-list', reads: networks },
  { key: 'openservicemesh.io/outbound-ip-range-inclusion-list', reads: networks },
]
