// SPDX-License-Identifier: Apache-2.0
// A manifest that Linkerd will inject: what its annotations leave out, and what runs before the redirect.
// linkerd/linkerd2 pkg/k8s/labels.go, charts/patch/templates/patch.json, charts/linkerd-control-plane/values.yaml (2.11 to 2.20).

import { linkerdNames } from './linkerd-parts.ts'
import type { LinkerdSettings } from './linkerd-settings.ts'
import { linkerdTraffic } from './linkerd-traffic.ts'
import type { MeshInput } from './mesh.ts'
import { willMissIpv6 } from './pod-addresses.ts'
import { sound, type Rule } from './rule.ts'
import { initsBefore } from './usual-rules.ts'

type Input = MeshInput<LinkerdSettings>

export const linkerdForesight: readonly Rule<LinkerdSettings>[] = [
  sound(
    'Is everything captured, as annotations of pod and namespace say?',
    'linkerd/linkerd2 pkg/k8s/labels.go, 2.11 to 2.20',
    linkerdTraffic,
  ),
  initsBefore({
    source: 'linkerd/linkerd2 charts/patch/templates/patch.json, 2.14 to 2.20',
    redirect: 'linkerd-init',
    isOwn: ({ name }) => linkerdNames.includes(name),
    comesFirst: (input) => {
      if (input.settings.cni === true) return 'the CNI plugin sets up the redirect'
      return isNative(input) ? 'native sidecars come first' : null
    },
  }),
  sound(
    'Is IPv6 redirected, if pods have addresses of it?',
    'linkerd/linkerd2 charts/linkerd-control-plane/values.yaml disableIPv6, 2.16 to 2.20',
    ({ subject, objects, settings }) =>
      settings.disableIPv6 === false ? [] : willMissIpv6('Linkerd', subject, objects),
  ),
]

const keys = [
  'config.linkerd.io/proxy-enable-native-sidecar',
  'config.alpha.linkerd.io/proxy-enable-native-sidecar',
]

/** The pod's word, then its namespace's, then the installation's; the chart says yes. */
function isNative({ subject, namespace, settings }: Input): boolean {
  for (const { annotations } of [subject.pod, namespace]) {
    const said = keys.map((key) => annotations.get(key)).find((one) => one !== undefined)
    if (said === 'true' || said === 'false') return said === 'true'
  }
  return settings.nativeSidecar ?? true
}
