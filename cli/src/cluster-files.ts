// SPDX-License-Identifier: Apache-2.0
// What the webhook can know of a cluster from files: its namespaces, who injects sidecars, and how each mesh is set up.
// Documents are read one after the other, so that thousands of namespaces never are in memory as YAML.
import { parseDocuments } from '../../policies/src/index.ts'
import {
  clusterObjects,
  injectorsOf,
  meshes,
  namespaceOf,
  resolveSettings,
  wantedOf,
  type Facts,
  type Injector,
  type Mesh,
  type Namespace,
} from '../../webhook/src/index.ts'

export type ClusterKnowledge = Omit<Facts, 'policies'>

/** What the user says of the meshes; checked before. */
export interface MeshWords {
  profiles: readonly Mesh[]
  settings: Record<string, unknown> | undefined
}

export function clusterKnowledge(
  documents: readonly { text: string }[],
  { profiles, settings }: MeshWords,
): ClusterKnowledge {
  const all = [...meshes, ...profiles]
  const namespaces = new Map<string, Namespace>()
  const injectors: Injector[] = []
  const note = (value: unknown): void => {
    const kind = kindOf(value)
    if (kind === 'MutatingWebhookConfiguration') injectors.push(...injectorsOf(value))
    if (kind !== 'Namespace') return
    const one = namespaceOf(value)
    namespaces.set(one.name, one)
  }
  const objects = clusterObjects(noted(documents, note), wantedOf(all))
  const resolved = resolveSettings(all, settings, objects).settings
  return { profiles, namespaces, injectors, settings: resolved, objects }
}

function* noted(
  documents: readonly { text: string }[],
  note: (value: unknown) => void,
): Generator<unknown> {
  for (const { text } of documents)
    for (const piece of pieces(text))
      for (const document of parseDocuments(piece))
        for (const value of valuesOf(document)) {
          note(value)
          yield value
        }
}

/** Where documents begin. A line that begins so is that everywhere in YAML, also inside a text. */
const beginning = /^---(?=\s|$)/gm
const directive = /^%/m

function* pieces(text: string): Generator<string> {
  // What a directive says is for the document behind it.
  if (directive.test(text)) {
    yield text
    return
  }
  let from = 0
  for (const { index } of text.matchAll(beginning)) {
    if (index > from) yield text.slice(from, index)
    from = index
  }
  yield text.slice(from)
}

/** A List, as kubectl writes it, is what is in it. */
function valuesOf({ value }: { value?: unknown }): unknown[] {
  const { items } = (value ?? {}) as { items?: unknown }
  return kindOf(value)?.endsWith('List') && Array.isArray(items) ? (items as unknown[]) : [value]
}

function kindOf(value: unknown): string | undefined {
  const { kind } = (value ?? {}) as { kind?: unknown }
  return typeof kind === 'string' ? kind : undefined
}
