// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its istio-proxy the one that Istio's template makes (name, image, arguments, user,
// place), and is the redirect set up by istio-init or, with the CNI plugin, checked by istio-validation?
// istio/istio files/injection-template.yaml, pkg/kube/inject/webhook.go reorderPod, cni/pkg/plugin/plugin.go.

import type { CheckInput } from '../checks/check.ts'
import { userOf, type Container } from '../containers.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { keptOverrides } from './istio-merged.ts'
import { containerVariables } from './istio-proxy-config.ts'
import { redirectHits } from './istio-redirect.ts'
import { istioImage, istioNames, istioSidecars, reservedInbound, usualUser } from './istio-parts.ts'
import { trafficHits } from './istio-traffic.ts'
import type { IstioSettings } from './istio-settings.ts'
import type { Capture, MeshInput } from './mesh.ts'
import { ipv6Of } from './pod-addresses.ts'
import { sound, type Rule } from './rule.ts'
import { oneStaysUp, whileUp } from './usual-rules.ts'

type Input = MeshInput<IstioSettings>

const template =
  'istio/istio manifests/charts/istio-control/istio-discovery/files/injection-template.yaml, 1.12 to 1.31'

export const istioVerification: readonly Rule<IstioSettings>[] = [
  oneStaysUp(istioSidecars, template),
  sound(
    'Is the sidecar the one that Istio injects, by image, command and arguments?',
    template,
    whileUp(istioSidecars, foreignProxy),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    `${template}; pkg/kube/inject/webhook.go reorderPod`,
    whileUp(istioSidecars, (proxy, input) => redirectHits(input, proxy)),
  ),
  sound(
    'Does the sidecar run its proxy?',
    'istio/istio pilot/cmd/pilot-agent/options/options.go DISABLE_ENVOY, 1.12 to 1.31',
    whileUp(istioSidecars, (proxy) =>
      containerVariables(proxy).filter(({ id }) => id === 'disable-envoy'),
    ),
  ),
  sound(
    'Is IPv6 redirected, if the pod has an address of it?',
    'istio/istio tools/common/config/config.go, pilot/pkg/features/experimental.go ISTIO_DUAL_STACK, 1.17 to 1.31',
    whileUp(istioSidecars, (_proxy, input) => besideIpv4(input)),
  ),
  sound(
    'Is everything captured, as labels and annotations say?',
    template,
    whileUp(istioSidecars, (_proxy, input) => trafficHits(input.subject, input.settings)),
  ),
  sound(
    "Are the injector's containers left as its template makes them?",
    'istio/istio pkg/kube/inject/webhook.go reapplyOverwrittenContainers, 1.12 to 1.31',
    whileUp(istioSidecars, (_proxy, input) => keptOverrides(input.subject, input.settings)),
  ),
]

/** istio-init and the plugin set up IPv6 when the first address is of it, or with dual stack: by default not. */
function besideIpv4({ subject, settings }: Input): Hit[] {
  const found = ipv6Of(subject)
  if (found === null || found.at === 0 || settings.dualStack === true) return []
  const dual = subject.pod.containers.some(
    (one) =>
      istioNames.includes(one.name) &&
      ['ISTIO_DUAL_STACK', 'DUAL_STACK'].some((name) => one.env.get(name) === 'true'),
  )
  if (dual) return []
  const message = `the pod has the address ${found.address.slice(0, 40)}, and Istio redirects IPv4 only`
  return [{ id: 'ipv6', path: `status.podIPs[${found.at}].ip`, message }]
}

/** With the plugin the injector adds istio-validation, which only checks what the plugin set up. */
export function istioCapture({ subject, settings }: Input): Capture {
  const names = subject.pod.containers.map(({ name }) => name)
  if (names.includes('istio-validation')) return 'cni'
  return settings.cni === true ? 'cni' : 'init'
}

function foreignProxy(proxy: Container, { subject, settings }: Input): Hit[] {
  const { annotations } = subject.pod
  const hits: Hit[] = []
  if (!istioImage(proxy, settings)) {
    const chosen = annotations.get('sidecar.istio.io/proxyImage')
    const id =
      chosen !== undefined && proxy.image.includes(chosen)
        ? 'proxy-image-override'
        : annotations.has('sidecar.istio.io/status')
          ? 'user-istio-proxy'
          : 'fake-sidecar-name'
    const message = `the container "istio-proxy" runs "${proxy.image.slice(0, 100)}", which is no image of Istio's proxy`
    hits.push({ id, path: `${proxy.path}.image`, message })
  }
  if (proxy.command.length > 0) {
    const message =
      'the container "istio-proxy" has a command of its own; the injected one has none'
    hits.push({ id: 'user-istio-proxy', path: `${proxy.path}.command`, message })
  }
  if (proxy.args[0] !== 'proxy') {
    const message = `the container "istio-proxy" is started with "${proxy.args.slice(0, 2).join(' ')}" and not with "proxy sidecar"`
    hits.push({ id: 'user-istio-proxy', path: `${proxy.path}.args`, message })
  }
  return hits
}

/** The user that the redirect leaves alone is the one istio-init was told, else the sidecar's own. */
export function istioChecks({ subject, namespace, objects, settings }: Input): CheckInput {
  const { spec, containers } = subject.pod
  const users = new Set([usualUser])
  const groups = new Set([usualUser])
  for (const one of containers) {
    if (one.name === 'istio-init') {
      const told = Number(one.args[one.args.indexOf('-u') + 1])
      if (one.args.includes('-u') && Number.isInteger(told)) users.add(told)
    }
    if (one.name === 'istio-proxy') {
      const user = userOf(one, spec)
      // User 0 is the template's choice for TPROXY and low ports; istio-init is still told 1337.
      if (user !== undefined && user !== 0) users.add(user)
      const group = number(one.security, 'runAsGroup')
      if (group !== undefined && group !== 0) groups.add(group)
    }
  }
  return {
    subject,
    namespace,
    objects,
    exempt: { users, groups, usual: usualUser },
    own: (one) =>
      istioNames.includes(one.name) &&
      one.kind !== 'ephemeral' &&
      (['', 'auto'].includes(one.image) || istioImage(one, settings)),
    reserved: reservedInbound,
    reroutes: [
      'istio.io/reroute-virtual-interfaces',
      'traffic.sidecar.istio.io/kubevirtInterfaces',
    ],
  }
}
