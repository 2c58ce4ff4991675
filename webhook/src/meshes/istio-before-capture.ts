// SPDX-License-Identifier: Apache-2.0
// A manifest whose init containers will run before the redirect: without native sidecars istio-init comes last.
// istio/istio pkg/kube/inject/webhook.go reorderPod, inject.go RunTemplate (ENABLE_NATIVE_SIDECARS), 1.19 to 1.31.

import type { Subject } from '../subject.ts'
import { istioNames } from './istio-parts.ts'
import type { IstioSettings } from './istio-settings.ts'
import { initsBefore } from './usual-rules.ts'
import { isBefore } from './version.ts'

export const istioBeforeCapture = initsBefore<IstioSettings>({
  source: 'istio/istio pkg/kube/inject/webhook.go reorderPod, 1.12 to 1.31',
  redirect: 'istio-init',
  isOwn: ({ name }) => istioNames.includes(name),
  comesFirst: ({ subject, settings }) => {
    if (settings.cni === true) return 'the CNI plugin sets up the redirect'
    const native = nativeSidecars(subject, settings)
    if (native === true) return 'native sidecars come first'
    if (native === false) return null
    return { assumed: 'Istio injects native sidecars, which come before other init containers' }
  },
})

/** Until 1.26 only where somebody switched them on; later where all nodes have Kubernetes 1.33. null: not known. */
function nativeSidecars({ pod }: Subject, settings: IstioSettings): boolean | null {
  const said = pod.annotations.get('sidecar.istio.io/nativeSidecar')
  if (said === 'true' || said === 'false') return said === 'true'
  if (settings.nativeSidecars !== undefined) return settings.nativeSidecars
  return isBefore(settings.version, '1.27') === true ? false : null
}
