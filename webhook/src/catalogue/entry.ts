// SPDX-License-Identifier: Apache-2.0
// What is written down of every finding: what it says, what it makes of a workload, how bad it is, what to
// do, who can see it, and which meshes it concerns. `explain` and docs/bypasses.md are made of this.

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']

/** The verdict that it leads to; 'risk' is reported and leaves the verdict as it is. */
export type Effect =
  'cannot-be-covered' | 'rejected' | 'not-injected' | 'unknown' | 'blind' | 'risk'

/** webhook: at admission and in a scan; scan: from objects beside the workload; node: the enforcer only. */
export type Visible = 'webhook' | 'scan' | 'node'

export type Entry = {
  title: string
  effect: Effect
  severity: Severity
  remedy: string
  visible: Visible
  /** Names of the meshes that it concerns. */
  meshes: 'all' | readonly string[]
  /** Ours: not one of the known ways around a sidecar, but something that we must be able to say. */
  own?: true
}

/** `concerns`: names with spaces between them, or "all". */
export const entry = (
  effect: Effect,
  severity: Severity,
  visible: Visible,
  concerns: string,
  title: string,
  remedy: string,
): Entry => ({
  title,
  effect,
  severity,
  remedy,
  visible,
  meshes: concerns === 'all' ? 'all' : concerns.split(' '),
})

export const exempt = 'or add an exemption with owner, reason and expiry'
