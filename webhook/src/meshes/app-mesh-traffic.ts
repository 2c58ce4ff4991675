// SPDX-License-Identifier: Apache-2.0
// What annotations of the pod leave out of App Mesh's redirect, and whose traffic they leave alone.
// aws/aws-app-mesh-controller-for-k8s pkg/inject/constants.go, proxy.go and cni_proxy.go (1.4 to 1.13).

import { groupOf, identityPath, userOf, type Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { annotationHits, annotationPath, oneLine, type AnnotationRule } from './annotation-rules.ts'
import { cniKey, fargate, isAppMeshOwn } from './app-mesh-parts.ts'
import { usualIgnoredIps, usualIgnoredPorts, type AppMeshSettings } from './app-mesh-settings.ts'
import type { Capture, MeshInput } from './mesh.ts'
import { withoutIpv6 } from './pod-addresses.ts'

type Input = MeshInput<AppMeshSettings>

const own = 'appmesh.k8s.aws'

/** Fargate has the plugin; elsewhere the pod may ask for one that is not there. */
export function appMeshCapture({ subject: { pod } }: Input): Capture {
  const asked = pod.annotations.get(cniKey)
  if (asked !== undefined) return asked.toLowerCase() === 'enabled' ? 'cni' : 'init'
  return (pod.labels.get(fargate) ?? '') === '' ? 'init' : 'cni'
}

/** Values beyond those that the controller writes itself. */
export function beyond(value: string, usual: string): boolean {
  const known = usual.split(',').map((one) => one.trim())
  return value.split(',').some((one) => one.trim() !== '' && !known.includes(one.trim()))
}

export function appMeshTraffic(input: Input): Hit[] {
  const { subject, settings } = input
  // With the plugin the controller writes these annotations into every pod.
  const written = subject.finished && appMeshCapture(input) === 'cni'
  const rules: readonly AnnotationRule[] = [
    {
      key: `${own}/egressIgnoredIPs`,
      id: 'osm-appmesh-exclusions',
      blinds: (value) => beyond(value, settings.ignoredIps ?? usualIgnoredIps),
      what: 'connections to these addresses are not redirected',
    },
    {
      key: `${own}/egressIgnoredPorts`,
      id: 'osm-appmesh-exclusions',
      blinds: (value) => beyond(value, usualIgnoredPorts),
      what: 'connections to these ports are not redirected',
    },
    {
      key: `${own}/ports`,
      id: 'osm-appmesh-exclusions',
      blinds: () => !written,
      what: 'connections to all other ports reach the application directly',
    },
    {
      key: `${own}/ipv6`,
      id: 'osm-appmesh-exclusions',
      blinds: (value) => value === 'disabled' && !withoutIpv6(subject),
      what: 'IPv6 is not redirected',
    },
    {
      key: `${own}/ipv6`,
      id: 'ipv6',
      blinds: (value) => value === 'disabled' && !withoutIpv6(subject),
      what: 'IPv6 goes past the sidecar',
    },
  ]
  return [
    ...annotationHits(subject, rules),
    ...leftAlone(input, 'ignoredUID', 'runAsUser', userOf),
    ...leftAlone(input, 'ignoredGID', 'runAsGroup', groupOf),
    ...withoutPlugin(input),
  ]
}

/** The user or group whose traffic is left alone, by an annotation: worse when a container is that one. */
function leftAlone(
  { subject, settings }: Input,
  name: 'ignoredUID' | 'ignoredGID',
  set: 'runAsUser' | 'runAsGroup',
  idOf: typeof userOf,
): Hit[] {
  const { pod } = subject
  const key = `${own}/${name}`
  const value = pod.annotations.get(key)?.trim()
  if (value === undefined || value === '' || value === '1337') return []
  const message = `the annotation ${key} is "${oneLine(value)}": traffic of that one is not redirected`
  const is = (one: Container) =>
    String(idOf(one, pod.spec)) === value && !isAppMeshOwn(one, settings)
  const hits = pod.containers.filter(is).map((one): Hit => ({
    id: 'proxy-uid-realigned',
    path: identityPath(one, set, `${pod.prefix}spec`),
    message: `"${one.name}" has ${set} ${value}; ${message}`,
  }))
  if (hits.length > 0) return hits
  const hit: Hit = { id: 'proxy-uid-realigned', path: annotationPath(subject, key), message }
  if (value === '0') return [hit]
  // Whose user only its image tells may be that one.
  const open = pod.containers.some(
    (one) => !isAppMeshOwn(one, settings) && idOf(one, pod.spec) === undefined,
  )
  return open ? [{ ...hit, effect: 'risk' }] : []
}

/** No init container is added, and where there is no plugin nothing else redirects. */
function withoutPlugin({ subject, settings }: Input): Hit[] {
  const { pod } = subject
  const asked = pod.annotations.get(cniKey)?.toLowerCase() === 'enabled'
  if (!asked || settings.cni === true || (pod.labels.get(fargate) ?? '') !== '') return []
  const message = `the annotation ${cniKey} asks for a CNI plugin that only Fargate has: no init container is added`
  return [{ id: 'capture-missing', path: annotationPath(subject, cniKey), message }]
}
