// SPDX-License-Identifier: Apache-2.0
// How a policy is named in verdicts, reports and maps: "RuntimePolicy/shop/checkout", "ClusterRuntimePolicy/deny-miners".
import type { ClusterRuntimePolicy, CoveragePolicy, Policy, RuntimePolicy } from './policy.gen.ts'

/** A policy that passed every check, and where it was written. */
export type Loaded<P> = { policy: P; file: string; line: number; key: string }
export type RuntimeLike = Loaded<RuntimePolicy | ClusterRuntimePolicy>
export type LoadedCoverage = Loaded<CoveragePolicy>

export function namespaceOf(policy: RuntimePolicy): string {
  return policy.metadata.namespace ?? 'default'
}

export function keyOf(policy: Policy): string {
  const { kind, metadata } = policy
  return kind === 'RuntimePolicy'
    ? `${kind}/${namespaceOf(policy)}/${metadata.name}`
    : `${kind}/${metadata.name}`
}

/** Order by code units: the same on every machine and in every locale. */
export function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

/** Runtime policies among all those loaded. */
export function isRuntime(loaded: Loaded<Policy>): loaded is RuntimeLike {
  return loaded.policy.kind !== 'CoveragePolicy'
}

export function isCoverage(loaded: Loaded<Policy>): loaded is LoadedCoverage {
  return loaded.policy.kind === 'CoveragePolicy'
}
