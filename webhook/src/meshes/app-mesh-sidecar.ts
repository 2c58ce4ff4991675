// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its envoy the one of the App Mesh controller, and is the redirect that proxyinit sets up
// whole? Its orders are in its environment. aws/aws-app-mesh-controller-for-k8s pkg/inject/{init_proxy,cni_proxy,
// sidecar_builder,virtualgateway_envoy}.go (1.4 to 1.13).

import type { CheckInput } from '../checks/check.ts'
import { staysUp, type Container } from '../containers.ts'
import { list, number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { oneLine } from './annotation-rules.ts'
import {
  appMeshNames,
  appMeshSidecars,
  isAppMeshImage,
  isAppMeshOwn,
  isGateway,
  isGatewayManifest,
  isTold,
  usualUser,
} from './app-mesh-parts.ts'
import { designated } from './app-mesh-rules.ts'
import { usualIgnoredIps, usualIgnoredPorts, type AppMeshSettings } from './app-mesh-settings.ts'
import { appMeshCapture, appMeshTraffic, beyond } from './app-mesh-traffic.ts'
import type { MeshInput } from './mesh.ts'
import { withoutIpv6 } from './pod-addresses.ts'
import { sound, type Rule } from './rule.ts'
import { aheadOf, foreignSidecar, initsBefore, oneStaysUp, whileUp } from './usual-rules.ts'

type Input = MeshInput<AppMeshSettings>

const code = 'aws/aws-app-mesh-controller-for-k8s pkg/inject'
const source = `${code}/init_proxy.go, cni_proxy.go and sidecar_builder.go, 1.4 to 1.13`
const own = 'appmesh.k8s.aws'

export const appMeshVerification: readonly Rule<AppMeshSettings>[] = [
  oneStaysUp(appMeshSidecars, source),
  sound(
    'Is the sidecar the one of the controller, by image, command and environment?',
    source,
    whileUp(appMeshSidecars, foreignProxy),
  ),
  sound(
    'Is everything captured, as annotations say?',
    `${code}/constants.go, 1.4 to 1.13`,
    whileUp(appMeshSidecars, (proxy, input) => (isGateway(proxy) ? [] : appMeshTraffic(input))),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    source,
    whileUp(appMeshSidecars, (proxy, input) => redirect(input, proxy)),
  ),
]

export const appMeshForesight: readonly Rule<AppMeshSettings>[] = [
  sound(
    'Is everything captured, as annotations say?',
    `${code}/constants.go, 1.4 to 1.13`,
    appMeshTraffic,
  ),
  sound(
    'Is the redirect left to the controller?',
    `${code}/init_proxy.go containsProxyInitContainer, 1.4 to 1.13`,
    ({ subject, settings }) => {
      const named = subject.pod.containers.find(
        (one) =>
          one.name === 'proxyinit' &&
          ['init', 'native'].includes(one.kind) &&
          !isAppMeshOwn(one, settings),
      )
      if (named === undefined) return []
      const message =
        'an init container is called "proxyinit", so the controller adds none, and nothing is redirected'
      return [{ id: 'capture-missing', path: `${named.path}.name`, message }]
    },
  ),
  initsBefore({
    source: `${code}/init_proxy.go mutate (proxyinit is appended), 1.4 to 1.13`,
    redirect: 'proxyinit',
    isOwn: ({ name }) => name === 'proxyinit',
    comesFirst: (input) => {
      const gateway = designated(input)[0]?.kind === 'VirtualGateway'
      return appMeshCapture(input) !== 'init' || gateway ? 'no init container sets it up' : null
    },
  }),
]

function foreignProxy(proxy: Container, { settings }: Input): Hit[] {
  return foreignSidecar(proxy, {
    title: 'App Mesh',
    image: isAppMeshImage(proxy, settings),
    command: proxy.command.length === 0,
    told: isTold(proxy) ? null : { place: 'env', why: 'is not told which node of the mesh it is' },
  })
}

function redirect(input: Input, proxy: Container): Hit[] {
  const { subject, settings } = input
  const { containers, prefix, annotations } = subject.pod
  const isNamed = (one: Container) => appMeshNames.includes(one.name)
  // A gateway is the proxy and nothing else: there is no application beside it to capture.
  if (isGateway(proxy) && containers.filter(staysUp).every(isNamed)) return []
  const missing = (path: string, message: string): Hit => ({ id: 'capture-missing', path, message })
  if (appMeshCapture(input) === 'cni') {
    const told = annotations.has(`${own}/proxyEgressPort`)
    const message = 'the annotations from which the CNI plugin takes the redirect are not there'
    return told ? [] : [missing(`${prefix}metadata.annotations`, message)]
  }
  const init = containers.find((one) => one.name === 'proxyinit' && one.kind === 'init')
  if (init === undefined) {
    const message = 'the pod has no proxyinit: nothing is redirected'
    return [missing(`${prefix}spec.initContainers`, message)]
  }
  const ahead = aheadOf(init, subject, isNamed, false)
  if (!isAppMeshImage(init, settings) || init.command.length > 0 || init.args.length > 0) {
    const message = `the init container "proxyinit" runs "${init.image.slice(0, 100)}" and not App Mesh's own program`
    return [missing(`${init.path}.image`, message), ...ahead]
  }
  if (init.env.get('APPMESH_START_ENABLED') !== '1') {
    const message = 'the init container "proxyinit" is told to redirect nothing'
    return [missing(`${init.path}.env`, message), ...ahead]
  }
  return [...untoldHoles(input, init), ...ahead]
}

/** Holes in the environment of proxyinit that no annotation tells of. */
function untoldHoles(input: Input, init: Container): Hit[] {
  const { subject, settings } = input
  const { annotations } = subject.pod
  const value = (name: string) => init.env.get(name) ?? ''
  const hit = (id: Hit['id'], name: string, why: string): Hit => ({
    id,
    path: `${init.path}.env`,
    message: `"proxyinit" has ${name}="${oneLine(value(name))}": ${why}`,
  })
  const hits: Hit[] = []
  const [addresses, ports] = ['APPMESH_EGRESS_IGNORED_IP', 'APPMESH_EGRESS_IGNORED_PORTS'] as const
  if (beyond(value(addresses), settings.ignoredIps ?? usualIgnoredIps)) {
    hits.push(hit('osm-appmesh-exclusions', addresses, 'connections there are not redirected'))
  }
  const told = `${usualIgnoredPorts},${annotations.get(`${own}/egressIgnoredPorts`) ?? ''}`
  if (beyond(value(ports), told)) {
    hits.push(hit('osm-appmesh-exclusions', ports, 'connections to these ports are not redirected'))
  }
  const served = listenerPorts(input)
  if (!annotations.has(`${own}/ports`) && beyond(served, value('APPMESH_APP_PORTS'))) {
    const why = 'not every port of its VirtualNode is redirected'
    hits.push(hit('osm-appmesh-exclusions', 'APPMESH_APP_PORTS', why))
  }
  const ipv6 = 'APPMESH_ENABLE_IPV6'
  if (value(ipv6) === '0' && !annotations.has(`${own}/ipv6`) && !withoutIpv6(subject)) {
    hits.push(hit('ipv6', ipv6, 'IPv6 is not redirected'))
  }
  return hits
}

/** Of the VirtualNode that selects the pod, if it is known. */
function listenerPorts(input: Input): string {
  return designated(input)
    .flatMap(({ object }) => list(object, 'spec', 'listeners'))
    .flatMap((one) => number(one, 'portMapping', 'port') ?? [])
    .join(',')
}

/** The user left alone is the one that proxyinit was told, else the sidecar's own. */
export function appMeshChecks({ subject, namespace, objects, settings }: Input): CheckInput {
  // Nothing is redirected in a gateway, so nobody is left alone.
  const usual = isGatewayManifest(subject, settings) ? [] : [usualUser]
  const [users, groups] = [new Set(usual), new Set(usual)]
  const add = (into: Set<number>, value: string | undefined) => {
    if (value !== undefined && /^\d+$/.test(value) && value !== '0') into.add(Number(value))
  }
  for (const one of subject.pod.containers) {
    if (one.name === 'proxyinit') {
      add(users, one.env.get('APPMESH_IGNORE_UID'))
      add(groups, one.env.get('APPMESH_IGNORE_GID'))
    }
    if (one.name === 'envoy' && isTold(one))
      add(users, number(one.security, 'runAsUser')?.toString())
  }
  return {
    subject,
    namespace,
    objects,
    exempt: { users, groups, usual: usualUser },
    own: (one) => isAppMeshOwn(one, settings),
    reserved: new Set([9901]),
  }
}
