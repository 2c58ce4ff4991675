// SPDX-License-Identifier: Apache-2.0
// What a user lays over the injector's containers: containers of the same names, which are merged over the
// template's, and the annotation in which the injector keeps what it merged.
// istio/istio pkg/kube/inject/webhook.go reapplyOverwrittenContainers, mergeOrAppendProbers (1.12 to 1.31).

import { field, fields, isFields, list, number, text } from '../fields.ts'
import { staysUp, type Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { istioImage } from './istio-parts.ts'
import { containerVariables, variableHit } from './istio-proxy-config.ts'
import type { IstioSettings } from './istio-settings.ts'

const names = ['istio-proxy', 'istio-init', 'istio-validation']
const overrides = 'proxy.istio.io/overrides'

/** Of a manifest. */
export function mergedOver({ pod }: Subject, settings: IstioSettings): Hit[] {
  const hits = pod.containers
    .filter(({ name, kind }) => names.includes(name) && kind !== 'ephemeral')
    .flatMap((one) => [...replaced(one, settings), ...rewired(one)])
  if ((pod.annotations.get(overrides) ?? '').trim() !== '') {
    hits.push({
      id: 'proxy-overrides-annotation',
      path: `${pod.prefix}metadata.annotations[${overrides}]`,
      message: `the annotation ${overrides} replaces the sidecar's containers by those it holds`,
    })
  }
  return hits
}

function replaced(one: Container, settings: IstioSettings): Hit[] {
  const foreign = !['', 'auto'].includes(one.image) && !istioImage(one, settings)
  const key = foreign
    ? 'image'
    : one.command.length > 0
      ? 'command'
      : one.args.length > 0 && !isAsInjected(one)
        ? 'args'
        : null
  if (key === null) return []
  const id = one.name === 'istio-proxy' && staysUp(one) ? 'user-istio-proxy' : 'user-istio-init'
  const message = `the container "${one.name}" of the manifest is merged over the one that Istio injects`
  return [{ id, path: `${one.path}.${key}`, message }]
}

/** What was written out of a pod that ran has the injector's own arguments. */
function isAsInjected({ name, args }: Container): boolean {
  return name === 'istio-proxy'
    ? args[0] === 'proxy' && args[1] === 'sidecar'
    : args[0] === 'istio-iptables'
}

/** Variables and users that count before those of the template. */
function rewired(one: Container): Hit[] {
  const hits = containerVariables(one)
  if (one.name !== 'istio-proxy' || number(one.security, 'runAsUser') !== 0) return hits
  const message =
    'the sidecar runs as root, so that the traffic of every process of root is left alone'
  const path = `${one.path}.securityContext.runAsUser`
  return [...hits, { id: 'proxy-uid-realigned', path, message }]
}

/**
 * Of a finished pod: the injector writes the annotation whenever a user brought such a container along, so what is
 * in it counts.
 */
export function keptOverrides({ pod }: Subject, settings: IstioSettings): Hit[] {
  const value = pod.annotations.get(overrides)
  if (value === undefined || value.trim() === '') return []
  const why = strange(value, settings)
  if (why === null) return []
  const message = `the annotation ${overrides} holds ${why}, which is laid over the injected containers`
  return [
    {
      id: 'proxy-overrides-annotation',
      path: `${pod.prefix}metadata.annotations[${overrides}]`,
      message,
    },
  ]
}

function strange(value: string, settings: IstioSettings): string | null {
  let read: unknown
  try {
    read = JSON.parse(value)
  } catch {
    // fail closed: what the injector wrote is JSON.
    return 'what cannot be read'
  }
  const containers = ['containers', 'initContainers'].flatMap((key) => list(read, key))
  for (const one of containers.filter(isFields)) {
    const image = text(one, 'image') ?? ''
    if (!['', 'auto'].includes(image) && !istioImage({ image }, settings)) return 'another image'
    if (['command', 'args'].some((key) => list(one, key).length > 0)) return 'another command'
    const set = list(one, 'env').find(
      (each) => variableHit(text(each, 'name') ?? '', field(each, 'value'), '', '') !== null,
    )
    if (set !== undefined) return `the variable ${text(set, 'name') ?? ''}`
    if (field(fields(one, 'securityContext'), 'runAsUser') !== undefined) return 'another user'
  }
  return null
}
