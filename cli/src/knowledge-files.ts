// SPDX-License-Identifier: Apache-2.0
// What the webhook knows, from files: CoveragePolicies, and the cluster's namespaces and webhook configurations. Files are
// looked at again every few seconds, beside the requests; what cannot be read or has a problem changes nothing.
import { formatProblem, isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import { UnderpinError, type Document, type Log } from '../../runtime/src/index.ts'
import type { Facts, KnowledgeSource } from '../../webhook/src/index.ts'
import { clusterKnowledge, type MeshWords } from './cluster-files.ts'
import { keepFiles } from './kept-files.ts'
import { knownNames } from './known-names.ts'

const lookMs = 2000

export interface KnowledgeFiles {
  policies: readonly string[]
  manifests: readonly string[]
  meshes: MeshWords
}

export interface FileKnowledge extends KnowledgeSource {
  /** Looks at the files now; by itself it does so every two seconds. */
  look(): Promise<void>
  stop(): void
}

/** Throws when the files have a problem at the start: half of what was asked for is not served. */
export async function knowledgeFiles(
  files: KnowledgeFiles,
  log: Log,
  changed: () => void = () => undefined,
): Promise<FileKnowledge> {
  const { profiles } = files.meshes
  const policies = await keepFiles(files.policies, {
    what: 'policies',
    make: (documents) => policiesOf(documents, profiles),
    log,
  })
  const cluster = await keepFiles(files.manifests, {
    what: 'manifests',
    make: (documents) => clusterKnowledge(documents, files.meshes),
    log,
  })
  const join = (): Facts => {
    const named = new Set(policies.current.map(({ key }) => key))
    // A policy that lies among the manifests counts as in a scan; one folder may be given for both.
    const further = cluster.current.policies.filter(({ key }) => !named.has(key))
    return { ...cluster.current, policies: [...policies.current, ...further] }
  }
  let facts = join()
  let looking = Promise.resolve()
  const look = () =>
    (looking = looking.then(async () => {
      const differ = [await policies.look(), await cluster.look()]
      if (!differ.includes(true)) return
      facts = join()
      changed()
    }))
  // The server keeps the process alive; where it could not start, this must not.
  const timer = setInterval(() => void look(), lookMs).unref()
  return {
    // All of it was read before this was made.
    ready: () => null,
    current: () => facts,
    look,
    stop: () => clearInterval(timer),
  }
}

function policiesOf(
  documents: readonly Document[],
  profiles: MeshWords['profiles'],
): LoadedCoverage[] {
  const { policies, problems } = load(documents, { known: knownNames(profiles) })
  if (problems.length === 0) return policies.filter(isCoverage)
  throw new UnderpinError('policy-invalid', {
    operation: 'load policies',
    object: [...new Set(documents.map(({ file }) => file))].slice(0, 3).join(', '),
    found: problems.length === 1 ? '1 problem' : `${problems.length} problems`,
    remedy: `none of them is used:\n${problems.map(formatProblem).join('\n')}`,
  })
}
