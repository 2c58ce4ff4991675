// SPDX-License-Identifier: Apache-2.0
// The posture of what policy cannot know yet: a pod whose UID no manifest has, and a container that no policy selects. It
// is a policy of its own that allows no process, called Pending in reports.
import type { RuntimeLike } from '../../../policies/src/index.ts'

export const postures = ['allow', 'audit', 'deny'] as const
export type Posture = (typeof postures)[number]
export const defaultPosture: Posture = 'audit'
export const pendingKey = 'Pending'

const policyOf = (mode: 'audit' | 'enforce'): RuntimeLike => ({
  key: pendingKey,
  file: '',
  line: 0,
  policy: {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'ClusterRuntimePolicy',
    metadata: { name: pendingKey },
    spec: { scope: 'unmanaged', mode, processes: [] },
  },
})

/** Made once, so that a compiled ruleset is known again. */
export const pendingPolicies: Record<Posture, readonly RuntimeLike[]> = {
  allow: [],
  audit: [policyOf('audit')],
  deny: [policyOf('enforce')],
}
