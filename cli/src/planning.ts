// SPDX-License-Identifier: Apache-2.0
// Policy files and pod manifests → policies, and which of them select which subject. Pure of the kernel: these parts of
// the enforcer are imported one by one, so that they work where libbpf does not.
import {
  compile,
  patternsOf,
  selectsEveryContainer,
  type Plan,
} from '../../enforcer/src/plan/compile.ts'
import { knowCluster } from '../../enforcer/src/identity/known-cluster.ts'
import type { KnownPod } from '../../enforcer/src/identity/pods.ts'
import {
  cgroupMatches,
  formatProblem,
  isRuntime,
  load,
  parseCgroupPattern,
  selects,
  type ClusterIndex,
  type RuntimeLike,
} from '../../policies/src/index.ts'
import { readDocuments, UnderpinError, type Document } from '../../runtime/src/index.ts'
import type { Inputs } from './places.ts'

export interface Planned {
  texts: Document[]
  policies: RuntimeLike[]
  pods: KnownPod[]
  cluster: ClusterIndex
  plan: Plan
}

/** Everything that the agent would put in force, or every problem of the files. */
export async function planFiles({ policies: paths, pods: podPaths }: Inputs): Promise<Planned> {
  const operation = 'load policies'
  const texts = await readDocuments(paths, { operation })
  const manifests =
    podPaths.length > 0 ? await readDocuments(podPaths, { operation: 'load pods' }) : []
  const known = knowCluster(manifests, [])
  refuse(known.problems, 'load pods', podPaths)
  return planTexts(texts, known, paths)
}

export function planTexts(
  texts: Document[],
  { pods, cluster }: Pick<Planned, 'pods' | 'cluster'>,
  paths: readonly string[],
): Planned {
  const { policies: loaded, problems } = load(texts, { enforceable: true })
  refuse(problems.map(formatProblem), 'load policies', paths)
  const policies = loaded.filter(isRuntime)
  return { texts, policies, pods, cluster, plan: planOf(policies, pods, cluster) }
}

const planOf = (policies: RuntimeLike[], pods: KnownPod[], cluster: ClusterIndex) =>
  compile(policies, pods, undefined, undefined, undefined, cluster)

function refuse(problems: readonly string[], operation: string, paths: readonly string[]): void {
  if (problems.length === 0) return
  throw new UnderpinError('policy-invalid', {
    operation,
    object: paths.join(', '),
    found: problems.length === 1 ? '1 problem' : `${problems.length} problems`,
    remedy: `nothing was changed:\n${problems.join('\n')}`,
  })
}

/** What the ledger knows of a subject. */
export interface SubjectPlace {
  scope: string
  cgroup: string | null
  pod?: string
}

/** The policies that select a subject now; null: it is a pod that is not among the manifests. */
export function selectingOf(
  subject: SubjectPlace,
  { policies, pods }: Pick<Planned, 'policies' | 'pods'>,
): RuntimeLike[] | null {
  if (subject.scope === 'pod') {
    const pod = pods.find(({ uid }) => uid === subject.pod)
    if (!pod) return null
    return policies.filter((one) =>
      selects(one, { scope: 'pod', pod: pod.manifest, namespace: pod.namespace }),
    )
  }
  const { scope, cgroup } = subject
  if (scope !== 'unmanaged' && cgroup === null) return null
  return policies.filter(
    (one) =>
      (scope === 'unmanaged' && selectsEveryContainer(one)) ||
      (cgroup !== null &&
        patternsOf(one).some((p) => cgroupMatches(parseCgroupPattern(p), cgroup))),
  )
}
