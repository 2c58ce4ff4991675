// SPDX-License-Identifier: Apache-2.0
// One object of a cluster, explained with everything around it: what would happen to its next pod here, now.

import { explainSchema, explanationOf, type ExplainResult } from '../explain.ts'
import { isFields, text } from '../fields.ts'
import { manifestsOf } from '../scan.ts'
import { subjectsOf } from '../subject.ts'
import { fitsKind, type Target } from '../target.ts'
import { lookAround, manifestOf, type AroundOptions } from './around.ts'
import { messageOf } from './pages.ts'
import { pathOf } from './resources.ts'

export type ClusterExplainOptions = Omit<AroundOptions, 'manifests' | 'namespace'> & {
  target: Target
  /** Policies and the like that are not in the cluster. */
  documents: readonly { file: string; text: string }[]
}

export async function explainCluster(options: ClusterExplainOptions): Promise<ExplainResult> {
  const { cluster, target, documents } = options
  const files = documents.length === 0 ? { manifests: [], unread: [] } : manifestsOf(documents)
  const namespace = target.namespace ?? 'default'
  const { manifests } = files
  const around = await lookAround({ ...options, manifests, namespace })
  const { input, served, unread } = around
  const result: ExplainResult = {
    schema: explainSchema,
    subjects: [],
    unread: [...files.unread, ...unread],
  }
  const resource = served.resources.find(
    ({ kind, group }) =>
      fitsKind(target.kind, kind) && (target.group === null || target.group === group),
  )
  if (resource === undefined) return result
  const path = `${pathOf(resource, namespace)}/${encodeURIComponent(target.name)}`
  const { status, body } = await cluster.get(path)
  if (status === 404) return result
  if (status !== 200 || !isFields(body)) {
    const message = `${target.kind} ${target.name}: not read, ${messageOf(status, body)}`
    result.unread.push({ file: '(cluster)', line: null, message })
    return result
  }
  const object = { ...body, kind: text(body, 'kind') ?? resource.kind }
  result.subjects = subjectsOf(object, options).map((subject) =>
    explanationOf({ subject, manifest: manifestOf(object) }, around, input),
  )
  return result
}
