// SPDX-License-Identifier: Apache-2.0
// Authorities in a Secret that all replicas share, and the bundle of all of them in our webhook configuration. Whoever
// writes names the version that was read; who was second reads again and finds what the first one made. What clients
// trust is never taken from them while anybody may still serve with it, even when the Secret was deleted or emptied.

import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf, UnderpinError, type Cluster } from '../../../runtime/src/index.ts'
import { fields, text } from '../fields.ts'
import { authorityFrom, authorityName, authorityText, nameOf } from './kept-authority.ts'
import { askFailed } from './refused.ts'
import { bundleOf } from './renewal.ts'
import { newestFirst, type AuthorityStore, type Kept, type Known } from './store.ts'
import { readConfiguration, type Configuration } from './webhook-configuration.ts'

export type SecretOptions = {
  cluster: Cluster
  namespace: string
  /** Of the Secret. */
  name: string
  /** The ValidatingWebhookConfiguration whose caBundle is kept. */
  configuration: string
  /** Told of an entry that cannot be used; it is left where it is. */
  unusable?: (entry: string, why: string) => void
  pause?: (ms: number) => Promise<unknown>
}

/** Others write as well, but never so often. */
const mostTurns = 30
/** So many are trusted at once; a Secret that is deleted again and again leaves one each time. */
const mostTrusted = 16
/** Without its key, an authority is of use only for certificates in use; all replicas have new ones long before. */
const retiredMs = 24 * 60 * 60 * 1000

type Secret = { resourceVersion: string | null; data: Map<string, string>; body: object }

export function secretStore(options: SecretOptions): AuthorityStore {
  const { cluster, pause = sleep } = options
  const what = `Secret ${options.namespace}/${options.name}`
  const folder = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/secrets`
  const path = `${folder}/${encodeURIComponent(options.name)}`
  /** What this process has told others to trust, should both places lose it. */
  const told = new Map<string, Known>()
  const trustedSince = new Map<string, Date>()

  async function read(): Promise<Secret> {
    const found = await cluster.get(path)
    if (found.status === 404) return { resourceVersion: null, data: new Map(), body: {} }
    if (found.status !== 200) throw askFailed('read', what, found)
    const data = new Map<string, string>()
    for (const [name, value] of Object.entries(fields(found.body, 'data'))) {
      if (typeof value === 'string') data.set(name, Buffer.from(value, 'base64').toString())
    }
    const resourceVersion = text(found.body, 'metadata', 'resourceVersion') ?? null
    return { resourceVersion, data, body: fields(found.body) }
  }

  /** False: somebody else wrote meanwhile. */
  async function write(secret: Secret, authorities: readonly Known[]): Promise<boolean> {
    const others = [...secret.data].filter(([name]) => !authorityName.test(name))
    const own = authorities.map((one): [string, string] => [
      nameOf(one.certificate),
      authorityText(one),
    ])
    const data = Object.fromEntries(
      [...others, ...own].map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    )
    const { namespace, name } = options
    const fresh = {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace } },
    }
    const written =
      secret.resourceVersion === null
        ? await cluster.send({ method: 'POST', path: folder, body: { ...fresh, data } })
        : // The body holds the version that was read.
          await cluster.send({ method: 'PUT', path, body: { ...secret.body, data } })
    // 404: deleted meanwhile.
    if (written.status === 409 || written.status === 404) return false
    if (written.status !== 200 && written.status !== 201) throw askFailed('write', what, written)
    return true
  }

  function usable(secret: Secret): Known[] {
    return [...secret.data].flatMap(([name, value]) => {
      if (!authorityName.test(name)) return []
      try {
        return [authorityFrom(value)]
      } catch (cause) {
        options.unusable?.(name, reasonOf(cause))
        return []
      }
    })
  }

  /** One turn; null: somebody else was faster. */
  async function turn(
    now: Date,
    make: (kept: readonly Known[]) => Promise<Known | null>,
  ): Promise<Kept | null> {
    // In this order: what is written into the configuration is then never older than what it holds.
    const configuration = await readConfiguration(cluster, options.configuration)
    const secret = await read()
    const inSecret = usable(secret)
    const stillTrusted = lostOf(inSecret, configuration?.trusted ?? [], told.values(), now)
    const known = bounded([...inSecret, ...stillTrusted], now)
    const made = await make(known)
    const all = bounded(made === null ? known : [made, ...known], now)
    const names = (authorities: readonly Known[]) => authorities.map(authorityText).sort().join()
    if (names(all) !== names(inSecret) && !(await write(secret, all))) return null
    const bundle = bundleOf(all, now)
    if (configuration !== null && !(await configuration.trust(bundle))) return null
    remember(all, configuration, now)
    const authorities = all.map((one) => {
      const since = trustedSince.get(one.certificate.trim())
      return since === undefined ? one : { ...one, trustedSince: since }
    })
    return { authorities, bundle }
  }

  function remember(all: readonly Known[], configuration: Configuration | null, now: Date): void {
    const before = new Set(configuration?.trusted.map((one) => one.trim()))
    told.clear()
    for (const one of all) {
      const certificate = one.certificate.trim()
      if (one.retired === undefined) told.set(certificate, one)
      if (before.has(certificate) || trustedSince.has(certificate)) continue
      if (configuration !== null) trustedSince.set(certificate, now)
    }
  }

  return {
    async renew(now, make) {
      for (let turns = 0; turns < mostTurns; turns++) {
        const kept = await turn(now, make)
        if (kept !== null) return kept
        await pause(Math.random() * 100 * Math.min(turns + 1, 10))
      }
      throw new UnderpinError('certificate-failed', {
        operation: 'share certificate authority',
        object: what,
        found: `that somebody else wrote it, or the caBundle, ${mostTurns} times in a row`,
        expected: 'that only the replicas of this webhook write them',
        remedy: 'see who does with kubectl get --show-managed-fields',
      })
    },
    // Its key is in the Secret, and others go on with it.
    forget: () => Promise.resolve(),
  }
}

/** What clients were told to trust and the Secret does not hold: still needed by whoever serves with it. */
function lostOf(
  inSecret: readonly Known[],
  trusted: readonly string[],
  told: Iterable<Known>,
  now: Date,
): Known[] {
  const here = new Set(inSecret.map((one) => one.certificate.trim()))
  const lost = new Map<string, Known>()
  for (const certificate of [...trusted, ...[...told].map((one) => one.certificate)]) {
    const key = certificate.trim()
    if (here.has(key) || lost.has(key)) continue
    try {
      const { from, to } = authorityFrom(certificate)
      lost.set(key, { from, to, certificate, key: null, retired: now })
    } catch {
      // Nobody can serve with what is no authority, and nobody is told to trust it.
    }
  }
  return [...lost.values()]
}

function bounded(authorities: readonly Known[], now: Date): Known[] {
  const needed = authorities.filter(
    ({ retired }) => retired === undefined || now.getTime() - retired.getTime() < retiredMs,
  )
  const newest = newestFirst(needed, now)
  const keyed = newest.filter(({ key }) => key !== null)
  const others = newest.filter(({ key }) => key === null)
  return newestFirst([...keyed, ...others].slice(0, mostTrusted), now)
}
