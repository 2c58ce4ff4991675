// SPDX-License-Identifier: Apache-2.0
// Every finding there is, once: what it makes of the workload, how bad it is, and the remedy.
// effect: the verdict it leads to; 'risk' is reported and leaves the verdict as it is.

import type { Severity } from './finding.ts'

export type Effect =
  'cannot-be-covered' | 'rejected' | 'not-injected' | 'unknown' | 'blind' | 'risk'

type Entry = { effect: Effect; severity: Severity; remedy: string }

const skip = (severity: Severity, remedy: string): Entry => ({
  effect: 'not-injected',
  severity,
  remedy,
})
const blind = (severity: Severity, remedy: string): Entry => ({ effect: 'blind', severity, remedy })
const risk = (severity: Severity, remedy: string): Entry => ({ effect: 'risk', severity, remedy })
const never = (severity: Severity, remedy: string): Entry => ({
  effect: 'cannot-be-covered',
  severity,
  remedy,
})
const rejected = (severity: Severity, remedy: string): Entry => ({
  effect: 'rejected',
  severity,
  remedy,
})

const drop = 'remove the setting, or add an exemption with owner, reason and expiry'

export const catalogue = {
  // The injector leaves the pod alone.
  'host-network': skip('high', 'set hostNetwork to false, or add an exemption with an expiry'),
  'optout-label-istio': skip('high', 'remove the label, or add an exemption with an expiry'),
  'optout-annotation-istio': skip('high', 'remove the annotation, or add an exemption'),
  'optout-odd-value-istio-le126': skip('medium', 'write "true" or "false", or name the version'),
  'optout-annotation-linkerd': skip('high', 'set the annotation to "enabled" or remove it'),
  'ns-unlabelled': skip('high', 'label or annotate the namespace for injection'),
  'ns-optout': skip('high', 'enable injection on the namespace, or exempt it with an expiry'),
  'ns-label-typo': skip('high', 'write the value that the selector wants: "enabled"'),
  'ns-both-labels-no-default': skip('high', 'remove one of the labels, or add the default tag'),
  'rev-label-dangling': skip('high', 'name a revision or tag that exists'),
  'pod-rev-label-optout': skip('high', 'remove the label istio.io/rev from the pod'),
  'optin-annotation-noop': skip('medium', 'use the label of that name instead'),
  'label-annotation-swap': skip('medium', 'move the key to where the mesh reads it'),
  'metadata-on-controller': skip('medium', 'set the key on the pod template'),
  'ignored-namespace': skip('high', 'run applications in a namespace of their own'),
  'ns-selector-evasion': skip('high', 'remove what keeps the namespace from the selector'),
  'ambient-optout': skip('high', 'remove the label istio.io/dataplane-mode from the pod'),
  'object-selector-evasion': skip('high', 'remove the label from the pod'),
  'exception-label': skip('high', 'remove the label, or narrow the selector of the injector'),
  'fake-sidecar-name': skip('critical', 'rename the container; list your mirror under images'),
  'fake-sidecar-image': skip('high', 'do not use the image of the mesh for a container of yours'),
  'forged-injected-marker': skip('critical', 'remove the annotation and create the pod again'),
  'sidecar-stripped': skip('high', 'find what removed the sidecar, and create the pod again'),
  'cross-mesh-collision': skip('medium', 'use one mesh for this pod'),
  'injector-default-optin': skip('high', 'ask for the sidecar on the pod or change the default'),
  'failure-policy-ignore': skip('critical', 'create the pod again; let the injector fail closed'),
  'injector-config-tampered': skip('critical', 'restore the webhook configuration of the mesh'),
  'no-service-account-token': skip('high', 'mount the token, or a projected one'),

  // No sidecar can cover it.
  'windows-pod': never('medium', 'cover it by other means; exempt it with an expiry'),
  'virtual-node': never('medium', 'schedule it on a real node, or exempt it with an expiry'),
  'static-pod': never('high', 'run it as a DaemonSet; the node enforcer governs it as it is'),
  'mirror-pod-illusion': never('high', 'the sidecar shown here never runs: do not count on it'),
  'windows-hostprocess': never('high', 'do not use host processes; exempt with an expiry'),

  // The injector refuses the pod.
  'invalid-traffic-annotation': rejected('medium', 'correct the value'),
  'unknown-template': rejected('medium', 'name a template that the injector has'),

  // Injected, and some of the traffic goes past the sidecar.
  'exclude-outbound-ips': blind('high', drop),
  'exclude-outbound-ports': blind('high', drop),
  'exclude-inbound-ports': blind('high', drop),
  'exclude-interfaces': blind('high', drop),
  'interception-none': blind('high', drop),
  'proxy-config-override': blind('high', drop),
  'proxymetadata-disables-redirect': blind('critical', drop),
  'disable-envoy': blind('high', drop),
  'inject-template-override': blind('high', drop),
  'user-istio-proxy': blind('critical', 'rename the container; list your mirror under images'),
  'user-istio-init': blind('critical', 'rename the container; list your mirror under images'),
  'proxy-overrides-annotation': blind('high', 'remove the annotation: only the injector writes it'),
  'cni-skip-init-name': blind('critical', 'rename the container: the CNI plugin skips its pod'),
  'cni-skip-proxy-type': blind('high', 'leave the arguments of the sidecar as injected'),
  'proxy-image-override': blind('high', 'remove the annotation; list your mirror under images'),
  'bootstrap-override': blind('high', drop),
  'linkerd-skip-ports': blind('high', drop),
  'linkerd-skip-subnets': blind('medium', drop),
  'proxy-uid-realigned': blind('critical', 'run the application as another user than the proxy'),
  'app-as-proxy-uid': blind('critical', 'run the container as another user than the proxy'),
  'app-as-proxy-gid': blind('critical', 'run the container as another group than the proxy'),
  'init-as-proxy-uid': blind('high', 'use native sidecars instead, or add an exemption'),
  'init-before-capture': blind('high', 'use native sidecars, so that the redirect comes first'),
  'init-ahead-by-other-webhook': blind('high', 'order the webhooks so that the mesh comes last'),
  'tlsmode-label': blind('medium', 'remove the label: peers send plain text to this pod'),
  'capture-missing': blind('critical', 'create the pod again so that the redirect is set up'),
  'net-admin': blind('critical', 'drop the capability: it rewrites the redirect'),
  'net-raw': blind('high', 'drop NET_RAW: raw packets pass below the redirect'),
  privileged: blind('critical', 'run the container without privileged'),
  'sys-caps': blind('high', 'drop the capability'),
  'host-pid': blind('critical', 'set hostPID to false'),
  'runtime-socket': blind('critical', 'do not mount the socket of the container runtime'),
  'hostpath-node-config': blind('critical', 'do not mount this path of the node'),
  'exec-into-proxy': blind('high', 'name a container of the application'),

  // Worth knowing; does not change the verdict.
  'share-process-namespace': risk('medium', 'set shareProcessNamespace to false'),
  'fsgroup-proxy-gid': risk('medium', 'use another group for the volumes'),
  'native-sidecar-optout': risk('medium', 'remove the annotation'),
  'linkerd-l7-blind': risk('low', drop),
  'udp-quic': risk('high', 'deny UDP by network policy or with the node enforcer'),
  'icmp-sctp-raw': risk('medium', 'deny SCTP by network policy or with the node enforcer'),
  'dns-exfil': risk('medium', 'use ClusterFirst, or allow only known resolvers'),
  'secondary-network': risk('medium', 'cover the further interface by other means'),
  'sandbox-runtime': risk('medium', 'test whether the redirect works in this runtime class'),
  'reserved-ports': risk('low', 'use another port: the mesh leaves this one out'),
  'loopback-ingress': risk('medium', 'restrict who may forward ports'),
  'ns-label-drift': risk('high', 'keep injection enabled: new pods will start without sidecar'),

  // About our own policies and inputs.
  'exemption-expired': risk('high', 'remove the exemption, or renew it with a reason'),
  'mesh-not-known': {
    effect: 'unknown',
    severity: 'medium',
    remedy: 'name a mesh that this build knows: istio, linkerd',
  },
  'no-mesh': { effect: 'unknown', severity: 'info', remedy: 'name a mesh in a CoveragePolicy' },
  'ambient-not-judged': {
    effect: 'unknown',
    severity: 'low',
    remedy: 'ask for the sidecar, or govern the pod with the node enforcer',
  },
  'revision-unknown': {
    effect: 'unknown',
    severity: 'medium',
    remedy: "give the mesh's MutatingWebhookConfigurations among the inputs",
  },
} as const satisfies Record<string, Entry>

export type FindingId = keyof typeof catalogue

export function effectOf(id: FindingId): Effect {
  return catalogue[id].effect
}
