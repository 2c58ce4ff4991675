// SPDX-License-Identifier: Apache-2.0
// Where authorities are kept. Several webhooks may share a place: each sees the others' authorities, none
// writes over another's, and what clients are told to trust is always all of them.

import { bundleOf } from './renewal.ts'
import type { Authority } from './authority.ts'

/** An authority of which only the certificate is here: another webhook has its key, or nobody any more. */
export type Known = Omit<Authority, 'key'> & {
  key: string | null
  /** Nobody signs with it any more since then; for a while it is still trusted. */
  retired?: Date
  /** When clients were told of it, where that was later than it was made. */
  trustedSince?: Date
}

export type Kept = {
  /** Newest first, without those that have ended. */
  authorities: readonly Known[]
  /** PEM of all of them: published, before this is answered. */
  bundle: string
}

export type AuthorityStore = {
  /**
   * One at a time, whoever shares the place: what is there; what `make` adds to it, if anything; and the
   * bundle of all of it, published.
   */
  renew(now: Date, make: (kept: readonly Known[]) => Promise<Authority | null>): Promise<Kept>
  /** Nobody else can use what is only in our memory: it need not be trusted any longer. */
  forget(): Promise<void>
}

/** Of a webhook that shares with nobody. */
export function memoryStore(
  publish: (bundle: string) => Promise<void> | void = () => undefined,
): AuthorityStore {
  let authorities: Known[] = []
  let published: string | null = null
  return {
    async renew(now, make) {
      const kept = newestFirst(authorities, now)
      const made = await make(kept)
      const all = made === null ? kept : newestFirst([made, ...kept], now)
      const bundle = bundleOf(all, now)
      if (bundle !== published) await publish(bundle)
      published = bundle
      authorities = all
      return { authorities, bundle }
    },
    forget: () => Promise.resolve(),
  }
}

/** The same order for everybody, so that all use the same one. */
export function newestFirst(authorities: readonly Known[], now: Date): Known[] {
  return authorities
    .filter(({ to }) => to > now)
    .sort((a, b) => b.from.getTime() - a.from.getTime() || (a.certificate < b.certificate ? -1 : 1))
}
