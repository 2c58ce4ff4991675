// SPDX-License-Identifier: Apache-2.0
// Is the redirect whole in a finished pod? Set up by the init container istio-init, with the arguments that
// the template gives it; with the CNI plugin there is istio-validation instead, and a container called
// istio-init makes the plugin skip the pod. Init containers of the user must come after it.

import type { FindingId } from '../catalogue.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { istioImage, istioNames, reservedInbound } from './istio-parts.ts'
import { containerVariables } from './istio-proxy-config.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { MeshInput } from './mesh.ts'
import { aheadOf } from './usual-rules.ts'

export function redirectHits(
  { subject, settings }: MeshInput<IstioSettings>,
  proxy: Container,
): Hit[] {
  const { containers, annotations } = subject.pod
  const alone = containers.every((one) => istioNames.includes(one.name))
  const type = proxy.args[1]
  if (type !== 'sidecar') {
    // A gateway is the proxy and nothing else: there is no application beside it to capture.
    if (type === 'router' && alone) return []
    const message = `the proxy runs as "${type ?? ''}", for which nothing is redirected`
    return [{ id: 'cni-skip-proxy-type', path: `${proxy.path}.args`, message }]
  }
  const setUp = containers.find((one) => one.name === 'istio-init' && one.kind === 'init')
  const validation = containers.find(
    (one) => one.name === 'istio-validation' && one.kind === 'init',
  )
  const own = setUp ?? validation
  if (own === undefined) {
    // Its own finding tells of it where an annotation asked for this.
    if (annotations.get('sidecar.istio.io/interceptionMode') === 'NONE') return []
    const message = 'the pod has neither istio-init nor istio-validation: nothing is redirected'
    return [{ id: 'capture-missing', path: `${subject.pod.prefix}spec.initContainers`, message }]
  }
  return [
    ...foreignInit(own, istioImage(own, settings)),
    ...containerVariables(own),
    ...argumentHits(own, annotations),
    ...(setUp === undefined ? [] : aheadOf(setUp, subject, isNamed, proxy.kind === 'native')),
  ]
}

const isNamed = (one: Container) => istioNames.includes(one.name)

function foreignInit(own: Container, genuine: boolean): Hit[] {
  const say = (field: string, why: string): Hit => ({
    id: 'user-istio-init',
    path: `${own.path}.${field}`,
    message: `the init container "${own.name}" ${why}`,
  })
  if (!genuine)
    return [say('image', `runs "${own.image.slice(0, 100)}", which is no image of Istio's`)]
  if (own.command.length > 0) return [say('command', 'has a command of its own')]
  return own.args[0] === 'istio-iptables' ? [] : [say('args', 'does not start istio-iptables')]
}

type Flag = {
  names: string[]
  annotation: string
  id: FindingId
  blinds: (value: string) => boolean
}

const traffic = 'traffic.sidecar.istio.io'
const flags: readonly Flag[] = [
  {
    names: ['-m', '--istio-inbound-interception-mode'],
    annotation: 'sidecar.istio.io/interceptionMode',
    id: 'interception-none',
    blinds: (value) => !['REDIRECT', 'TPROXY'].includes(value),
  },
  {
    names: ['-i', '--istio-service-cidr'],
    annotation: `${traffic}/includeOutboundIPRanges`,
    id: 'exclude-outbound-ips',
    blinds: (value) => value !== '*',
  },
  {
    names: ['-x', '--istio-service-exclude-cidr'],
    annotation: `${traffic}/excludeOutboundIPRanges`,
    id: 'exclude-outbound-ips',
    blinds: (value) => value !== '',
  },
  {
    names: ['-b', '--istio-inbound-ports'],
    annotation: `${traffic}/includeInboundPorts`,
    id: 'exclude-inbound-ports',
    blinds: (value) => value !== '*',
  },
  {
    names: ['-d', '--istio-local-exclude-ports'],
    annotation: `${traffic}/excludeInboundPorts`,
    id: 'exclude-inbound-ports',
    blinds: (value) =>
      value.split(',').some((one) => one.trim() !== '' && !reservedInbound.has(Number(one))),
  },
  {
    names: ['-o', '--istio-local-outbound-ports-exclude'],
    annotation: `${traffic}/excludeOutboundPorts`,
    id: 'exclude-outbound-ports',
    blinds: (value) => value !== '',
  },
  {
    names: ['-c', '--istio-exclude-interfaces'],
    annotation: `${traffic}/excludeInterfaces`,
    id: 'exclude-interfaces',
    blinds: (value) => value !== '',
  },
]

/** What the arguments say, where no annotation already told the same. */
function argumentHits(own: Container, annotations: ReadonlyMap<string, string>): Hit[] {
  return flags.flatMap(({ names, annotation, id, blinds }): Hit[] => {
    const at = own.args.findIndex((one) => names.includes(one))
    const value = own.args[at + 1] ?? ''
    if (at === -1 || annotations.has(annotation) || !blinds(value)) return []
    const message = `"${own.name}" is started with ${own.args[at] ?? ''} "${value.slice(0, 60)}", which leaves traffic out`
    return [{ id, path: `${own.path}.args[${at + 1}]`, message }]
  })
}
