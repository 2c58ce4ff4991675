// SPDX-License-Identifier: Apache-2.0
// What the webhook can know of a cluster from files, which are read as a scan reads them. A file with a problem is told,
// with its line, and none of them is used: half a cluster would be judged like a whole one.
import { UnderpinError, type Document } from '../../runtime/src/index.ts'
import { factsFrom, type Facts, type Mesh } from '../../webhook/src/index.ts'

/** What the user says of the meshes; checked before. */
export interface MeshWords {
  profiles: readonly Mesh[]
  settings: Record<string, unknown> | undefined
}

export function clusterKnowledge(documents: readonly Document[], words: MeshWords): Facts {
  const { facts, unread } = factsFrom(documents, words)
  if (unread.length === 0) return facts
  const lines = unread.map(
    ({ file, line, message }) => `${line === null ? file : `${file}:${line}`}: ${message}`,
  )
  throw new UnderpinError('input-invalid', {
    operation: 'load manifests',
    object: [...new Set(unread.map(({ file }) => file))].slice(0, 3).join(', '),
    found: lines.length === 1 ? '1 problem' : `${lines.length} problems`,
    remedy: `none of them is used:\n${lines.join('\n')}`,
  })
}
