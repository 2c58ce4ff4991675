// SPDX-License-Identifier: Apache-2.0
// What Open Service Mesh's injector adds: names, images, user and ports of its containers; keys it reads.
// openservicemesh/osm pkg/constants/constants.go, pkg/injector/{envoy_container,init_container,iptables}.go (1.0 to 1.2).

import type { Container } from '../containers.ts'
import { fields, list, text } from '../fields.ts'
import { imageFrom } from '../image.ts'
import type { PodTemplate, Subject } from '../subject.ts'
import type { OsmSettings } from './osm-settings.ts'

export const inject = 'openservicemesh.io/sidecar-injection'
export const monitored = 'openservicemesh.io/monitored-by'
export const uuid = 'osm-proxy-uuid'
export const usualUser = 1500

export const osmNames: readonly string[] = ['envoy', 'osm-init', 'osm-healthcheck']

/** Of the releases, and of the add-on of a managed platform; others are in the MeshConfig. */
const repositories = [
  'docker.io/envoyproxy/envoy',
  'docker.io/envoyproxy/envoy-alpine',
  'docker.io/envoyproxy/envoy-distroless',
  'docker.io/envoyproxy/envoy-windows',
  'docker.io/openservicemesh/init',
  'docker.io/openservicemesh/osm-healthcheck',
  'mcr.microsoft.com/oss/envoyproxy/envoy',
  'mcr.microsoft.com/oss/envoyproxy/envoy-alpine',
  'mcr.microsoft.com/oss/envoyproxy/envoy-distroless',
  'mcr.microsoft.com/oss/openservicemesh/init',
  'mcr.microsoft.com/oss/openservicemesh/osm-healthcheck',
]

export function isOsmImage({ image }: { image: string }, settings: OsmSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

/** The images are general ones, so what is started counts as well. */
export function isOsmProxy(one: Container, settings: OsmSettings): boolean {
  return (
    one.name === 'envoy' &&
    isOsmImage(one, settings) &&
    one.command.join(' ') === 'envoy' &&
    isBootstrapped(one)
  )
}

export function isOsmOwn(one: Container, settings: OsmSettings): boolean {
  if (!osmNames.includes(one.name) || one.kind === 'ephemeral') return false
  return one.name === 'envoy' ? isOsmProxy(one, settings) : isOsmImage(one, settings)
}

/** Others call a container "envoy" as well: something else must speak of this mesh. */
export function osmSidecars({ pod }: Subject): Container[] {
  const traces =
    pod.labels.has(uuid) ||
    bootstrapVolume(pod) !== null ||
    pod.containers.some(({ name }) => name === 'osm-init')
  return pod.containers.filter((one) => one.name === 'envoy' && (traces || isBootstrapped(one)))
}

function isBootstrapped({ args }: Container): boolean {
  return args.some((arg) => /^(--config-path=)?\/etc\/envoy\/bootstrap\.yaml$/.test(arg))
}

/** The Secret that the injector mounts into the proxy: a pod that has it counts as injected. */
export function bootstrapVolume({ spec, prefix }: PodTemplate): string | null {
  const at = list(spec, 'volumes').findIndex(
    (one) =>
      text(one, 'name') === 'envoy-bootstrap-config-volume' &&
      text(fields(one, 'secret'), 'secretName') !== undefined,
  )
  return at === -1 ? null : `${prefix}spec.volumes[${at}].name`
}

/** Metrics, and the stand-ins for probes. */
export const reservedPorts: ReadonlySet<number> = new Set([15010, 15901, 15902, 15903, 15904])
