// SPDX-License-Identifier: Apache-2.0
// What we must be able to say besides the known ways around a sidecar: refusals, broken captures, our own
// policies and inputs.

import { entry, type Entry } from './entry.ts'

const ours = (...parts: Parameters<typeof entry>): Entry => ({ ...entry(...parts), own: true })

export const own = {
  'no-service-account-token': ours(
    'not-injected',
    'high',
    'webhook',
    'linkerd',
    'Without a service account token the injector leaves the pod alone.',
    'mount the token, or a projected one',
  ),
  'invalid-traffic-annotation': ours(
    'rejected',
    'medium',
    'webhook',
    'istio',
    'The injector refuses the pod because of a value that it cannot read.',
    'correct the value',
  ),
  'unknown-template': ours(
    'rejected',
    'medium',
    'webhook',
    'istio',
    'The injector refuses the pod because it has no such template.',
    'name a template that the injector has',
  ),
  'injector-refuses': ours(
    'rejected',
    'medium',
    'webhook',
    'all',
    'The injector refuses the pod: it will not be created as it is.',
    'correct what the injector refuses',
  ),
  'capture-missing': ours(
    'blind',
    'critical',
    'webhook',
    'all',
    'The sidecar is there, and nothing redirects traffic to it.',
    'create the pod again so that the redirect is set up',
  ),
  'egress-open': ours(
    'risk',
    'low',
    'scan',
    'istio',
    'The mesh lets its sidecars, or a name that looks like its own, lead to anybody outside.',
    'name the hosts that applications may reach, and set outboundTrafficPolicy to REGISTRY_ONLY',
  ),
  'exemption-expired': ours(
    'risk',
    'high',
    'webhook',
    'all',
    'An exemption has ended, so its finding counts again.',
    'remove the exemption, or renew it with a reason',
  ),
  'mesh-not-known': ours(
    'unknown',
    'medium',
    'webhook',
    'all',
    'A policy asks for a mesh that this build does not know.',
    'name a mesh that this build knows, or give its profile',
  ),
  'no-mesh': ours(
    'unknown',
    'info',
    'webhook',
    'all',
    'Nothing says that a mesh belongs here.',
    'name a mesh in a CoveragePolicy',
  ),
  'ambient-not-judged': ours(
    'unknown',
    'low',
    'webhook',
    'istio',
    'The pod is in ambient mode, which has no sidecar to look at.',
    'ask for the sidecar, or govern the pod with the node enforcer',
  ),
  'revision-unknown': ours(
    'unknown',
    'medium',
    'webhook',
    'istio',
    'Whether the revision exists is not known.',
    "give the mesh's MutatingWebhookConfigurations among the inputs",
  ),
  'input-unknown': ours(
    'unknown',
    'medium',
    'webhook',
    'all',
    'The answer hangs on an object or setting that was not given.',
    'give it among the inputs, or in the settings of the mesh',
  ),
} as const
