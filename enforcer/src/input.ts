// SPDX-License-Identifier: Apache-2.0
// What the agent works from: policies and manifests of pods, read from files. What did not change is not read again.
import {
  formatProblem,
  isRuntime,
  load,
  parseDocuments,
  type LoadMemory,
  type Namespace,
  type RuntimeLike,
} from '../../policies/src/index.ts'
import { readDocuments, type Document, type KnownTexts } from '../../runtime/src/index.ts'
import { knownPods, type KnownPod } from './identity/pods.ts'
import { noCompileMemory, type CompileMemory } from './plan/compile.ts'

export interface Input {
  documents: Documents
  policies: RuntimeLike[]
  pods: KnownPod[]
  problems: string[]
}

/** What was read before, so that a look costs what has changed. */
export interface Memory {
  policyTexts: KnownTexts
  podTexts: KnownTexts
  loaded: LoadMemory
  compiled: CompileMemory
  pods: { manifests: readonly Document[]; pods: KnownPod[] }
}
export interface Documents {
  policies: readonly Document[]
  pods: readonly Document[]
}
export const noMemory = (): Memory => ({
  policyTexts: new Map(),
  podTexts: new Map(),
  loaded: new Map(),
  compiled: noCompileMemory(),
  pods: { manifests: [], pods: [] },
})

/** Null when nothing differs from `seen`. */
export async function readInput(
  { policies, pods }: { policies: string[]; pods: string[] },
  memory: Memory,
  seen?: Documents,
): Promise<Input | null> {
  const texts = await readDocuments(policies, {
    operation: 'load policies',
    known: memory.policyTexts,
  })
  const manifests =
    pods.length > 0
      ? await readDocuments(pods, { operation: 'load pods', known: memory.podTexts })
      : []
  if (seen && same(texts, seen.policies) && same(manifests, seen.pods)) return null
  const loaded = load(texts, { enforceable: true, memory: memory.loaded })
  if (!same(manifests, memory.pods.manifests))
    memory.pods = { manifests, pods: readPods(manifests) }
  return {
    documents: { policies: texts, pods: manifests },
    policies: loaded.policies.filter(isRuntime),
    pods: memory.pods.pods,
    problems: loaded.problems.map(formatProblem),
  }
}

/** Cheap: the text of a file that did not change is the same string. */
const same = (some: readonly Document[], others: readonly Document[]): boolean =>
  some.length === others.length &&
  some.every(({ file, text }, i) => file === others[i]?.file && text === others[i]?.text)

/** A manifest that cannot be read is no pod; the webhook and scan report those. */
function readPods(manifests: readonly Document[]): KnownPod[] {
  const objects = manifests.flatMap(({ text }) => parseDocuments(text).map((d) => d.value))
  const namespaces = new Map<string, Namespace>()
  for (const object of objects) {
    const { kind, metadata } = (object ?? {}) as { kind?: string; metadata?: Namespace }
    if (kind === 'Namespace' && metadata?.name) namespaces.set(metadata.name, metadata)
  }
  return objects.flatMap((object) => knownPods(object, namespaces))
}
