// SPDX-License-Identifier: Apache-2.0
// What the API server trusts when it calls us: clientConfig.caBundle of every entry of our own configuration. Read before
// what is to be trusted is read, and written only over what was read: so a late write never takes back a newer one.

import type { Cluster } from '../../../runtime/src/index.ts'
import { list, text } from '../fields.ts'
import { certificatesIn } from './kept-authority.ts'
import { askFailed } from './refused.ts'

export const configurationsPath =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

export type Configuration = {
  /** Certificates that any of its entries trusts. */
  trusted: readonly string[]
  /** False: somebody else wrote meanwhile, and it must be read again. True also where nothing had to be written. */
  trust(bundle: string): Promise<boolean>
}

/** Null: there is none, so nobody calls us. */
export async function readConfiguration(
  cluster: Cluster,
  name: string,
): Promise<Configuration | null> {
  const path = `${configurationsPath}/${encodeURIComponent(name)}`
  const what = `ValidatingWebhookConfiguration ${name}`
  const found = await cluster.get(path)
  if (found.status === 404) return null
  if (found.status !== 200) throw askFailed('read', what, found)
  const entries = list(found.body, 'webhooks').map((entry) => ({
    name: text(entry, 'name') ?? '',
    bundle: decoded(text(entry, 'clientConfig', 'caBundle') ?? ''),
  }))
  const resourceVersion = text(found.body, 'metadata', 'resourceVersion') ?? ''
  return {
    trusted: [...new Set(entries.flatMap(({ bundle }) => certificatesIn(bundle)))],
    async trust(bundle) {
      const others = entries.filter((entry) => entry.bundle !== bundle)
      if (others.length === 0) return true
      const caBundle = Buffer.from(bundle).toString('base64')
      const written = await cluster.send({
        method: 'PATCH',
        path: `${path}?fieldManager=underpin-webhook`,
        // Entries are merged by their names; what is not named here stays as it is.
        contentType: 'application/strategic-merge-patch+json',
        body: {
          metadata: { resourceVersion },
          webhooks: others.map((entry) => ({ name: entry.name, clientConfig: { caBundle } })),
        },
      })
      if (written.status === 409 || written.status === 404) return false
      if (written.status !== 200) throw askFailed('write caBundle of', what, written)
      return true
    },
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
