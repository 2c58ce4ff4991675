// SPDX-License-Identifier: Apache-2.0
// When certificates are made anew: pure, of dates. At two thirds of a life there is a third left to notice
// that it did not work. Across a change of the authority the bundle holds both, the new one first, for as
// long as the old one is valid: whoever has either of them trusts the server.

import type { Authority, Lifetime } from './authority.ts'

export function renewAt({ from, to }: Lifetime): Date {
  return new Date(from.getTime() + ((to.getTime() - from.getTime()) * 2) / 3)
}

export function needsLeaf(leaf: Lifetime, now: Date): boolean {
  return now >= renewAt(leaf)
}

type Known = Lifetime & { certificate: string; key: string | null; trustedSince?: Date }

/** None that we could sign with has a third of its life left. */
export function needsAuthority(known: readonly Known[], now: Date): boolean {
  return !known.some((one) => one.key !== null && now < renewAt(one))
}

/**
 * The authority to sign with: the newest that has been in the bundle long enough to have reached every
 * client. `authorities` are newest first. While there is no such one: none, if the one in use has lost its key and
 * is still trusted, for then its certificate serves on; else the oldest.
 */
export function signerOf(
  authorities: readonly Known[],
  now: Date,
  settleMs: number,
  inUse?: string,
): Authority | null {
  const usable = authorities.filter((one): one is Authority => one.key !== null && one.to > now)
  const settled = usable.find((one) => now >= settledAt(one, settleMs))
  if (settled !== undefined) return settled
  const current = authorities.find((one) => one.certificate === inUse && one.to > now)
  if (current !== undefined) return usable.find((one) => one === current) ?? null
  return usable.at(-1) ?? null
}

function settledAt(
  { from, to, trustedSince }: Lifetime & { trustedSince?: Date },
  settleMs: number,
): Date {
  const skew = Math.min(clockSkewMs, (to.getTime() - from.getTime()) / 2)
  // Certificates have whole seconds, so it may have been made up to one later than that.
  const made = from.getTime() + skew + 1000
  return new Date(Math.max(made, trustedSince?.getTime() ?? 0) + settleMs)
}

/** Clocks differ: a certificate is valid from a little before it was made, or for twice a short life. */
export const clockSkewMs = 5 * 60 * 1000

/** How long to wait before looking again: until the next change, at most an hour, at least a second. */
export function nextLook(
  authorities: readonly Known[],
  leaf: Lifetime,
  settleMs: number,
  now: Date,
): number {
  const usable = authorities.filter(({ key }) => key !== null)
  const moments = [leaf, ...usable.slice(0, 1)].map((one) => renewAt(one).getTime())
  const settling = usable
    .map((one) => settledAt(one, settleMs).getTime())
    .filter((at) => at > now.getTime())
  const next = Math.min(...moments, ...settling)
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
