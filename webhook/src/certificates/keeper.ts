// SPDX-License-Identifier: Apache-2.0
// Keeps the server's certificate fresh. Order of a change of the authority: make it, publish a bundle with
// both, wait until that has reached everybody, and only then serve a certificate of the new one; so at no
// moment is the server untrusted.

import { makeAuthority, makeLeaf, type Authority, type Leaf } from './authority.ts'
import { bundleOf, needsAuthority, needsLeaf, nextLook, signerOf } from './renewal.ts'
import type { AuthorityStore, Kept } from './store.ts'

export type KeeperOptions = {
  names: readonly string[]
  store: AuthorityStore
  authorityLifeMs?: number
  leafLifeMs?: number
  /** How long a bundle may take to reach every client. */
  settleMs?: number
  now: () => Date
  /** Serve this certificate from now on. */
  serve(leaf: Leaf): void
  /** A renewal failed; the certificates in use stay, and it is tried again. */
  failed(cause: unknown): void
}

export type Keeper = {
  readonly bundle: string
  readonly leaf: Leaf
  /** Looks now instead of at the next time; for tests and for a clock that jumped. */
  look(): Promise<void>
  stop(): Promise<void>
}

const day = 24 * 60 * 60 * 1000

export async function keepCertificates(options: KeeperOptions): Promise<Keeper> {
  const { names, now, store } = options
  const authorityLife = options.authorityLifeMs ?? 5 * 365 * day
  const leafLife = options.leafLifeMs ?? 90 * day
  const settle = options.settleMs ?? Math.min(10 * 60 * 1000, authorityLife / 20)
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  const fromStore = (): Promise<Kept> =>
    store.renew(now(), (known) =>
      needsAuthority(known, now()) ? makeAuthority(now(), authorityLife) : Promise.resolve(null),
    )
  const signer = ({ authorities }: Kept): Authority => {
    const found = signerOf(authorities, now(), settle)
    if (found === null) throw new Error('no certificate authority')
    return found
  }

  let kept = await fromStore()
  let by = signer(kept)
  let leaf = await makeLeaf(by, names, now(), leafLife)

  async function step(): Promise<void> {
    kept = await fromStore()
    const best = signer(kept)
    if (best.certificate === by.certificate && !needsLeaf(leaf, now())) return
    leaf = await makeLeaf(best, names, now(), leafLife)
    by = best
    options.serve(leaf)
  }

  function look(): Promise<void> {
    looking = looking.then(async () => {
      clearTimeout(timer)
      try {
        if (!stopped) await step()
      } catch (cause) {
        options.failed(cause)
      }
      if (stopped) return
      timer = setTimeout(() => void look(), nextLook(kept.authorities, leaf, settle, now()))
      timer.unref()
    })
    return looking
  }

  options.serve(leaf)
  await look()
  return {
    get bundle() {
      return bundleOf(kept.authorities, now())
    },
    get leaf() {
      return leaf
    },
    look,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
      // What nobody serves any more need not be trusted; that it cannot be taken back is no reason to stay.
      await store.forget().catch((cause: unknown) => options.failed(cause))
    },
  }
}
