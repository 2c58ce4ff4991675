// SPDX-License-Identifier: Apache-2.0
// What the agent works from: policies and manifests of pods, from files or (see cluster/) an API server. What did not
// change is not read again.
import { watch, type FSWatcher } from 'node:fs'
import {
  formatProblem,
  isRuntime,
  load,
  type ClusterIndex,
  type LoadMemory,
  type RuntimeLike,
} from '../../policies/src/index.ts'
import { readDocuments, type Document, type KnownTexts } from '../../runtime/src/index.ts'
import {
  knowCluster,
  noClusterMemory,
  nothingKnown,
  type ClusterMemory,
  type KnownCluster,
} from './identity/known-cluster.ts'
import { nodeAddresses } from './identity/node-addresses.ts'
import type { KnownPod } from './identity/pods.ts'
import { noCompileMemory, type CompileMemory } from './plan/compile.ts'

export interface Input {
  /** What was looked at; handed back to the source at the next look. */
  documents: unknown
  policies: RuntimeLike[]
  pods: KnownPod[]
  cluster: ClusterIndex
  /** With any of these nothing of it is put in force. */
  problems: string[]
  /** What is not in force while the rest is. */
  refused?: readonly string[]
}

export interface Source {
  /** Null when nothing differs from `seen`, the documents of an earlier input. */
  read: (memory: Memory, seen?: unknown) => Promise<Input | null>
  /** `tell`s soon after a change; looking again tells surely. Answers how to end it. */
  onChange: (tell: () => void) => () => void
  /** What became of what was read last; null: it is in force. Answers whether to read again at once. */
  outcome?: (problem: string | null) => boolean
}

/** What was read before, so that a look costs what has changed. */
export interface Memory {
  policyTexts: KnownTexts
  podTexts: KnownTexts
  loaded: LoadMemory
  compiled: CompileMemory
  cluster: ClusterMemory
  known: KnownCluster & { of: Pick<Documents, 'pods' | 'here'> }
}
export interface Documents {
  policies: readonly Document[]
  pods: readonly Document[]
  /** Addresses of this node. */
  here: string
}
export const noMemory = (): Memory => ({
  policyTexts: new Map(),
  podTexts: new Map(),
  loaded: new Map(),
  compiled: noCompileMemory(),
  cluster: noClusterMemory(),
  known: { ...nothingKnown, of: { pods: [], here: '' } },
})

export const fileSource = (paths: { policies: string[]; pods: string[] }): Source => ({
  read: (memory, seen) => readInput(paths, memory, seen as Documents | undefined),
  onChange(tell) {
    const watchers: FSWatcher[] = []
    for (const path of [...paths.policies, ...paths.pods]) {
      try {
        watchers.push(watch(path, tell))
      } catch {
        // looking again finds it
      }
    }
    return () => {
      for (const watcher of watchers) watcher.close()
    }
  },
})

/** Null when nothing differs from `seen`. */
async function readInput(
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
  // Who is on the node, and at which of its addresses, matters only where there are pods.
  const here = pods.length > 0 ? nodeAddresses() : []
  const documents = { policies: texts, pods: manifests, here: here.join() }
  if (
    seen &&
    seen.here === documents.here &&
    same(texts, seen.policies) &&
    same(manifests, seen.pods)
  )
    return null
  const loaded = load(texts, { enforceable: true, memory: memory.loaded })
  const { of } = memory.known
  if (of.here !== documents.here || !same(manifests, of.pods))
    memory.known = { ...knowCluster(manifests, here, memory.cluster), of: documents }
  const { known } = memory
  return {
    documents,
    policies: loaded.policies.filter(isRuntime),
    pods: known.pods,
    cluster: known.cluster,
    problems: [...loaded.problems.map(formatProblem), ...known.problems],
  }
}

/** Cheap: the text of a file that did not change is the same string. */
const same = (some: readonly Document[], others: readonly Document[]): boolean =>
  some.length === others.length &&
  some.every(({ file, text }, i) => file === others[i]?.file && text === others[i]?.text)
