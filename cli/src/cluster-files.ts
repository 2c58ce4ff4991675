// SPDX-License-Identifier: Apache-2.0
// What the webhook can know of a cluster from files: its namespaces, and who injects sidecars.
import { parseDocuments } from '../../policies/src/index.ts'
import { readDocuments } from '../../runtime/src/index.ts'
import { injectorsOf, namespaceOf, type Injector, type Namespace } from '../../webhook/src/index.ts'

export interface ClusterKnowledge {
  namespaces: Map<string, Namespace>
  injectors: Injector[]
}

export async function clusterKnowledge(paths: readonly string[]): Promise<ClusterKnowledge> {
  const known: ClusterKnowledge = { namespaces: new Map(), injectors: [] }
  if (paths.length === 0) return known
  for (const { text } of await readDocuments(paths, { operation: 'load manifests' }))
    for (const { value } of parseDocuments(text)) {
      const { kind } = (value ?? {}) as { kind?: unknown }
      if (kind === 'Namespace') {
        const namespace = namespaceOf(value)
        known.namespaces.set(namespace.name, namespace)
      } else if (kind === 'MutatingWebhookConfiguration')
        known.injectors.push(...injectorsOf(value))
    }
  return known
}
