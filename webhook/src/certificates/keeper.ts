// SPDX-License-Identifier: Apache-2.0
// Keeps the server's certificate fresh. Order of a change of the authority: make it, publish a bundle with
// both, wait until that has reached everybody, and only then serve a certificate of the new one; so at no
// moment is the server untrusted.

import { UnderpinError } from '../../../runtime/src/index.ts'
import { makeAuthority, makeLeaf, type Authority, type Leaf } from './authority.ts'
import { bundleOf, needsAuthority, needsLeaf, nextLook, signerOf } from './renewal.ts'
import type { AuthorityStore, Kept } from './store.ts'

/** What a server serves with: a certificate, its key, and how long it lasts. */
export type Serving = Pick<Leaf, 'certificate' | 'key' | 'from' | 'to'>

export type KeeperOptions = {
  names: readonly string[]
  store: AuthorityStore
  authorityLifeMs?: number
  leafLifeMs?: number
  /** How long a bundle may take to reach every client. */
  settleMs?: number
  /** Where the store cannot be reached at the start: begin with a certificate that nobody trusts, and try again. */
  patient?: boolean
  now: () => Date
  /** Serve this certificate from now on. */
  serve(leaf: Serving): void
  /** A renewal failed; the certificates in use stay, and it is tried again. */
  failed(cause: unknown): void
}

export type Keeper<L extends Serving = Leaf> = {
  /** PEM that clients trust; empty where somebody else tells them. */
  readonly bundle: string
  readonly leaf: L
  /** Null: clients trust what is served. Else why they may not. */
  untrusted(): string | null
  /** Looks now instead of at the next time; for tests, for a clock that jumped, and when somebody changed the store. */
  look(): Promise<void>
  stop(): Promise<void>
}

const day = 24 * 60 * 60 * 1000
/** A client that has just been told trusts us within a moment. */
const toldMs = 2000

export async function keepCertificates(options: KeeperOptions): Promise<Keeper> {
  const { names, now, store } = options
  const authorityLife = options.authorityLifeMs ?? 5 * 365 * day
  const leafLife = options.leafLifeMs ?? 90 * day
  const settle = options.settleMs ?? Math.min(10 * 60 * 1000, authorityLife / 20)
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = false
  let failures = 0

  const fromStore = (): Promise<Kept> =>
    store.renew(now(), (known) =>
      needsAuthority(known, now()) ? makeAuthority(now(), authorityLife) : Promise.resolve(null),
    )

  let kept: Kept
  let by: Authority
  try {
    kept = await fromStore()
    const first = signerOf(kept.authorities, now(), settle)
    if (first === null) throw noAuthority()
    by = first
  } catch (cause) {
    if (options.patient !== true) throw cause
    options.failed(cause)
    failures = 1
    kept = { authorities: [], bundle: '' }
    by = await makeAuthority(now(), Math.min(authorityLife, day))
  }
  let leaf = await makeLeaf(by, names, now(), leafLife)

  async function step(): Promise<void> {
    kept = await fromStore()
    const best = signerOf(kept.authorities, now(), settle, by.certificate)
    // Its authority is only trusted any more, and the next one is not known to everybody yet.
    if (best === null && leaf.to > now() && isTrusted(by)) return
    if (best === null) throw noAuthority()
    if (best.certificate === by.certificate && !needsLeaf(leaf, now())) return
    leaf = await makeLeaf(best, names, now(), leafLife)
    by = best
    options.serve(leaf)
  }

  const isTrusted = ({ certificate }: Authority) =>
    bundleOf(kept.authorities, now()).includes(certificate.trim())

  function look(): Promise<void> {
    looking = looking.then(async () => {
      clearTimeout(timer)
      if (stopped) return
      try {
        await step()
        failures = 0
      } catch (cause) {
        failures += 1
        options.failed(cause)
      }
      again()
    })
    return looking
  }

  function again(): void {
    const usual = nextLook(kept.authorities, leaf, settle, now())
    // What did not work is tried again soon, by replicas that failed together at different moments.
    const soon = Math.min(60_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2)
    timer = setTimeout(() => void look(), failures === 0 ? usual : Math.min(usual, soon))
    timer.unref()
  }

  options.serve(leaf)
  if (failures === 0) await look()
  else again()
  return {
    get bundle() {
      return bundleOf(kept.authorities, now())
    },
    get leaf() {
      return leaf
    },
    untrusted() {
      const found = kept.authorities.find(({ certificate }) => certificate === by.certificate)
      if (found === undefined || found.to <= now())
        return 'the certificate is not of the published bundle'
      const since = now().getTime() - (found.trustedSince?.getTime() ?? 0)
      return since < toldMs ? 'clients were only just told to trust the certificate' : null
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

function noAuthority(): UnderpinError {
  return new UnderpinError('certificate-failed', {
    operation: 'sign certificate',
    found: 'no certificate authority whose key is at hand',
    expected: 'one in the store',
    remedy: 'see what the log says of the store',
  })
}
