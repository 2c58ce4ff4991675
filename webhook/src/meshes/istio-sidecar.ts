// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its istio-proxy the one that Istio's template makes (name, image, arguments, user,
// place), and is the redirect set up by istio-init or, with the CNI plugin, checked by istio-validation?
// istio/istio files/injection-template.yaml, pkg/kube/inject/webhook.go reorderPod, cni/pkg/plugin/plugin.go.

import type { CheckInput } from '../checks/check.ts'
import { staysUp, userOf, type Container } from '../containers.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { redirectHits } from './istio-redirect.ts'
import { istioImage, istioNames, istioSidecars, reservedInbound, usualUser } from './istio-parts.ts'
import { trafficHits } from './istio-traffic.ts'
import type { MeshInput, MeshSettings } from './mesh.ts'

export function verifyIstio(input: MeshInput): Hit[] {
  const { subject, settings } = input
  const { pod } = subject
  const proxy = istioSidecars(subject).find(staysUp)
  if (proxy === undefined) {
    return istioSidecars(subject).map((one) => ({
      id: 'fake-sidecar-name',
      path: `${one.path}.name`,
      message: `the container "${one.name}" has the sidecar's name and does not stay up with the pod`,
    }))
  }
  const foreign = foreignProxy(proxy, pod.annotations, settings)
  return [
    ...foreign,
    ...redirectHits(input, proxy),
    ...environment(proxy),
    ...trafficHits(subject, settings),
  ]
}

function foreignProxy(
  proxy: Container,
  annotations: ReadonlyMap<string, string>,
  settings: MeshSettings,
): Hit[] {
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

function environment(proxy: Container): Hit[] {
  const value = proxy.env.get('DISABLE_ENVOY')
  if (value === undefined || !['1', 't', 'true'].includes(value.toLowerCase())) return []
  const message = 'the sidecar has DISABLE_ENVOY set and runs no proxy'
  return [{ id: 'disable-envoy', path: `${proxy.path}.env`, message }]
}

/** The user that the redirect leaves alone is the one istio-init was told, else the sidecar's own. */
export function istioChecks({ subject, settings }: MeshInput): CheckInput {
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
    exempt: { users, groups, usual: usualUser },
    own: (one) =>
      istioNames.includes(one.name) &&
      one.kind !== 'ephemeral' &&
      (['', 'auto'].includes(one.image) || istioImage(one, settings)),
    reserved: reservedInbound,
  }
}
