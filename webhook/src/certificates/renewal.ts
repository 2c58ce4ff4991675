// SPDX-License-Identifier: Apache-2.0
// When certificates are made anew: pure, of dates. At two thirds of a life there is a third left to notice
// that it did not work. Across a change of the authority the bundle holds both, the new one first, for as
// long as the old one is valid: whoever has either of them trusts the server.

import type { Lifetime } from './authority.ts'

export function renewAt({ from, to }: Lifetime): Date {
  return new Date(from.getTime() + ((to.getTime() - from.getTime()) * 2) / 3)
}

export type Step = 'keep' | 'renew-leaf' | 'renew-authority'

export function nextStep(authority: Lifetime, leaf: Lifetime, now: Date): Step {
  if (now >= renewAt(authority)) return 'renew-authority'
  return now >= renewAt(leaf) ? 'renew-leaf' : 'keep'
}

/** How long to wait before looking again: until the next renewal, at most an hour, at least a second. */
export function nextLook(authority: Lifetime, leaf: Lifetime, now: Date): number {
  const next = Math.min(renewAt(authority).getTime(), renewAt(leaf).getTime())
  return Math.min(Math.max(next - now.getTime(), 1000), 60 * 60 * 1000)
}

export function bundleOf<A extends Lifetime & { certificate: string }>(
  authorities: readonly A[],
  now: Date,
): string {
  return authorities
    .filter(({ to }) => to > now)
    .map(({ certificate }) => certificate.trim() + '\n')
    .join('')
}
