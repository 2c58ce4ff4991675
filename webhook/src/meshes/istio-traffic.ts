// SPDX-License-Identifier: Apache-2.0
// What a user may write on a pod so that Istio's sidecar is there and does not see all of the traffic.
// istio/istio manifests/charts/istio-control/istio-discovery/files/injection-template.yaml and
// pkg/kube/inject/validate.go (1.12 to 1.31): bad values make the injector refuse the pod.

import { isIP } from 'node:net'
import { staysUp } from '../containers.ts'
import type { FindingId } from '../catalogue.ts'
import type { Hit } from '../finding.ts'
import type { PodTemplate, Subject } from '../subject.ts'
import { istioImage, reservedInbound } from './istio-parts.ts'
import { istioBeforeCapture } from './istio-before-capture.ts'
import { mergedOver } from './istio-merged.ts'
import { readProxyConfig } from './istio-proxy-config.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { MeshInput } from './mesh.ts'
import { willMissIpv6 } from './pod-addresses.ts'
import { sound, type Rule as MeshRule } from './rule.ts'

type Rule = {
  key: string
  id: FindingId
  /** Does this value leave traffic uncaptured? */
  blinds: (value: string) => boolean
  valid?: (value: string) => boolean
  what: string
}

const traffic = 'traffic.sidecar.istio.io'
const notEmpty = (value: string) => value.trim() !== ''
const notAll = (value: string) => value.trim() !== '*'

const rules: readonly Rule[] = [
  {
    key: `${traffic}/excludeOutboundIPRanges`,
    id: 'exclude-outbound-ips',
    blinds: notEmpty,
    valid: networks,
    what: 'connections to these addresses are not redirected',
  },
  {
    key: `${traffic}/includeOutboundIPRanges`,
    id: 'exclude-outbound-ips',
    blinds: notAll,
    valid: (value) => value.trim() === '*' || networks(value),
    what: 'connections to all other addresses are not redirected',
  },
  {
    key: `${traffic}/excludeOutboundPorts`,
    id: 'exclude-outbound-ports',
    blinds: notEmpty,
    valid: ports,
    what: 'connections to these ports are not redirected',
  },
  {
    key: `${traffic}/excludeInboundPorts`,
    id: 'exclude-inbound-ports',
    blinds: (value) => portList(value).some((port) => !reservedInbound.has(Number(port))),
    valid: ports,
    what: 'connections to these ports reach the application directly',
  },
  {
    key: `${traffic}/includeInboundPorts`,
    id: 'exclude-inbound-ports',
    blinds: notAll,
    valid: (value) => value.trim() === '*' || ports(value),
    what: 'connections to all other ports reach the application directly',
  },
  {
    key: `${traffic}/excludeInterfaces`,
    id: 'exclude-interfaces',
    blinds: notEmpty,
    what: 'nothing on these interfaces is redirected',
  },
  {
    key: 'sidecar.istio.io/interceptionMode',
    id: 'interception-none',
    blinds: (value) => value === 'NONE',
    valid: (value) => ['NONE', 'REDIRECT', 'TPROXY'].includes(value),
    what: 'nothing is redirected',
  },
  ...['bootstrapOverride', 'userVolume', 'userVolumeMount'].map((name): Rule => ({
    key: `sidecar.istio.io/${name}`,
    id: 'bootstrap-override',
    blinds: notEmpty,
    what: 'the proxy reads files that the user chose',
  })),
  {
    key: 'sidecar.istio.io/nativeSidecar',
    id: 'native-sidecar-optout',
    blinds: (value) => value === 'false',
    what: 'init containers run before the redirect is set up',
  },
]

const shippedTemplates = [
  'sidecar',
  'gateway',
  'grpc-simple',
  'grpc-agent',
  'waypoint',
  'kube-gateway',
  'agentgateway',
  'agentgateway-waypoint',
]

/** For a finished pod and for a manifest alike: what its annotations and labels do. */
export function trafficHits({ pod }: Subject, settings: IstioSettings): Hit[] {
  const hits: Hit[] = []
  for (const rule of rules) {
    const value = pod.annotations.get(rule.key)
    if (value === undefined) continue
    const path = `${pod.prefix}metadata.annotations[${rule.key}]`
    const shown = `the annotation ${rule.key} is "${value.slice(0, 60)}"`
    if (rule.valid?.(value) === false) {
      const message = `${shown}, which the injector refuses`
      hits.push({ id: 'invalid-traffic-annotation', path, message })
    } else if (rule.blinds(value)) {
      hits.push({ id: rule.id, path, message: `${shown}: ${rule.what}` })
    }
  }
  hits.push(...onlyPorts(pod))
  const tls = pod.labels.get('security.istio.io/tlsMode')
  if (tls !== undefined && tls !== 'istio') {
    hits.push({
      id: 'tlsmode-label',
      path: `${pod.prefix}metadata.labels[security.istio.io/tlsMode]`,
      message: `the label security.istio.io/tlsMode is "${tls}": peers send plain text to this pod`,
    })
  }
  return [...hits, ...templateHits(pod, settings), ...readProxyConfig(pod)]
}

/** Beside all addresses it adds nothing; where only some are redirected, of all others only these ports are. */
function onlyPorts({ annotations, prefix }: PodTemplate): Hit[] {
  const key = `${traffic}/includeOutboundPorts`
  const value = annotations.get(key)
  if (value === undefined) return []
  const path = `${prefix}metadata.annotations[${key}]`
  const shown = `the annotation ${key} is "${value.slice(0, 60)}"`
  if (value.trim() !== '*' && !ports(value)) {
    const message = `${shown}, which the injector refuses`
    return [{ id: 'invalid-traffic-annotation', path, message }]
  }
  const ranges = annotations.get(`${traffic}/includeOutboundIPRanges`)
  if (value.trim() === '*' || ranges === undefined || ranges.trim() === '*') return []
  const message = `${shown}: connections to other ports outside the included addresses are not redirected`
  return [{ id: 'exclude-outbound-ports', path, message }]
}

type Input = MeshInput<IstioSettings>

/** A manifest that the injector will change: also what it may merge over the injector's own containers. */
export const istioForesight: readonly MeshRule<IstioSettings>[] = [
  sound(
    'Is everything captured, as labels and annotations say?',
    'istio/istio files/injection-template.yaml, pkg/kube/inject/validate.go, 1.12 to 1.31',
    ({ subject, settings }) => trafficHits(subject, settings),
  ),
  sound(
    "Are the injector's containers left as its template makes them?",
    'istio/istio pkg/kube/inject/webhook.go reapplyOverwrittenContainers, 1.12 to 1.31',
    ({ subject, settings }) => mergedOver(subject, settings),
  ),
  sound(
    "Is the sidecar's image one of Istio's?",
    'istio/istio files/injection-template.yaml sidecar.istio.io/proxyImage, 1.12 to 1.31',
    otherImage,
  ),
  istioBeforeCapture,
  sound(
    'Is IPv6 redirected, if pods have addresses of it?',
    'istio/istio pilot/pkg/features/experimental.go ISTIO_DUAL_STACK, 1.17 to 1.31',
    ({ subject, objects, settings }) =>
      settings.dualStack === true ? [] : willMissIpv6('Istio', subject, objects),
  ),
]

function otherImage({ subject: { pod }, settings }: Input): Hit[] {
  const image = pod.annotations.get('sidecar.istio.io/proxyImage')
  const plain = image !== undefined && !image.includes('/') && image.startsWith('proxyv2')
  if (image === undefined || plain || istioImage({ image }, settings)) return []
  return [
    {
      id: 'proxy-image-override',
      path: `${pod.prefix}metadata.annotations[sidecar.istio.io/proxyImage]`,
      message: `the annotation sidecar.istio.io/proxyImage replaces the sidecar by "${image.slice(0, 80)}"`,
    },
  ]
}

function templateHits(pod: PodTemplate, settings: IstioSettings): Hit[] {
  const key = 'inject.istio.io/templates'
  const names = (pod.annotations.get(key) ?? '').split(',').flatMap((name) => name.trim() || [])
  const path = `${pod.prefix}metadata.annotations[${key}]`
  // The injector's ConfigMap names the shipped ones as well.
  const custom = (settings.templates ?? []).filter((name) => !shippedTemplates.includes(name))
  const unknown = names.find((name) => !shippedTemplates.includes(name) && !custom.includes(name))
  if (unknown !== undefined) {
    const message = `the injector has no template "${unknown}", and refuses the pod`
    return [{ id: 'unknown-template', path, message }]
  }
  // A gateway is the proxy and nothing else: there is no application beside it to capture.
  const alone = pod.containers.filter(staysUp).every((one) => one.name === 'istio-proxy')
  const other = names.filter((name) => name !== 'sidecar' && !custom.includes(name))
  const id = 'inject-template-override'
  if (other.length === 0 && names.length > 0 && !names.includes('sidecar')) {
    const message = `only the template "${names.join(',')}" of this installation is used; whether it sets up the redirect is not known`
    return [{ id, path, message, effect: 'risk' }]
  }
  if (other.length === 0 || (alone && other.every((name) => name === 'gateway'))) return []
  return [
    { id, path, message: `the template "${other.join(',')}" adds a proxy without the redirect` },
  ]
}

function portList(value: string): string[] {
  return value.split(',').flatMap((port) => port.trim() || [])
}

function ports(value: string): boolean {
  return portList(value).every((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65535)
}

function networks(value: string): boolean {
  return portList(value).every((network) => {
    const [address = '', bits = '', ...rest] = network.split('/')
    const family = isIP(address)
    return (
      rest.length === 0 &&
      family !== 0 &&
      /^\d{1,3}$/.test(bits) &&
      Number(bits) <= (family === 4 ? 32 : 128)
    )
  })
}
