// SPDX-License-Identifier: Apache-2.0
// Everything that a cluster holds, by name: to see what an install adds, and that an uninstall takes all of it away.
import type { Ask } from './api.ts'

type Resource = { name: string; verbs: string[]; namespaced: boolean; kind: string }

/** What comes and goes by itself: events, the API server's own lease and addresses, and what it makes of each group. */
const passing = new Set([
  'APIService',
  'Event',
  'Lease kube-system',
  'IPAddress',
  'ServiceCIDR',
  'ControllerRevision',
])

/** `Kind namespace/name` of every object. */
export async function inventory(ask: Ask): Promise<Set<string>> {
  const found = new Set<string>()
  for (const path of await groupPaths(ask)) {
    const { resources = [] } = (await ask('GET', path)).body as { resources?: Resource[] }
    for (const { name, verbs, kind } of resources) {
      if (name.includes('/') || !verbs.includes('list') || passing.has(kind)) continue
      const { items = [] } = (await ask('GET', `${path}/${name}`)).body as {
        items?: { metadata: { name: string; namespace?: string } }[]
      }
      for (const { metadata } of items) {
        if (passing.has(`${kind} ${metadata.namespace ?? ''}`)) continue
        if (metadata.name === 'kube-root-ca.crt') continue // whenever the controller-manager comes to it
        const place = metadata.namespace === undefined ? '' : `${metadata.namespace}/`
        found.add(`${kind} ${place}${metadata.name}`)
      }
    }
  }
  return found
}

async function groupPaths(ask: Ask): Promise<string[]> {
  const { groups } = (await ask('GET', '/apis')).body as {
    groups: { preferredVersion: { groupVersion: string } }[]
  }
  return ['/api/v1', ...groups.map((one) => `/apis/${one.preferredVersion.groupVersion}`)]
}

export function added(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  return [...after].filter((one) => !before.has(one)).sort()
}
