// SPDX-License-Identifier: Apache-2.0
// Keeps the server's certificate fresh. Order of a change of the authority: make it, publish a bundle with
// both, and only then serve a certificate of the new one; so at no moment is the server untrusted.

import { makeAuthority, makeLeaf, type Authority, type Leaf } from './authority.ts'
import { bundleOf, nextLook, nextStep } from './renewal.ts'

export type KeeperOptions = {
  names: readonly string[]
  authorityLifeMs?: number
  leafLifeMs?: number
  now: () => Date
  /** The bundle that clients must trust from now on; awaited before anything relies on it. */
  publish?(bundle: string): Promise<void> | void
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
  stop(): void
}

const day = 24 * 60 * 60 * 1000

export async function keepCertificates(options: KeeperOptions): Promise<Keeper> {
  const { names, now } = options
  const authorityLife = options.authorityLifeMs ?? 5 * 365 * day
  const leafLife = options.leafLifeMs ?? 90 * day
  let authorities: Authority[] = [await makeAuthority(now(), authorityLife)]
  let leaf = await makeLeaf(current(), names, now(), leafLife)
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  function current(): Authority {
    const [first] = authorities
    if (first === undefined) throw new Error('no certificate authority')
    return first
  }

  async function step(): Promise<void> {
    const what = nextStep(current(), leaf, now())
    if (what === 'keep') return
    if (what === 'renew-authority') {
      const fresh = await makeAuthority(now(), authorityLife)
      const both = [fresh, ...authorities.filter(({ to }) => to > now())]
      await options.publish?.(bundleOf(both, now()))
      authorities = both
    }
    leaf = await makeLeaf(current(), names, now(), leafLife)
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
      timer = setTimeout(() => void look(), nextLook(current(), leaf, now()))
      timer.unref()
    })
    return looking
  }

  await options.publish?.(bundleOf(authorities, now()))
  options.serve(leaf)
  await look()
  return {
    get bundle() {
      return bundleOf(authorities, now())
    },
    get leaf() {
      return leaf
    },
    look,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
