// SPDX-License-Identifier: Apache-2.0
// Labels and annotations of a mesh that somebody wrote while the pod was running. The API server keeps who wrote
// which field and when: metadata.managedFields (Kubernetes structured-merge-diff v4, 1.22 to 1.37).

import { fields, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { isMeshKey } from './mesh-keys.ts'

/** Written by the node agent when it has set up the redirect. */
const ofAgents = ['ambient.istio.io/redirection']

export function laterMetadata({ kind, object }: Subject): Hit[] {
  if (kind !== 'Pod') return []
  const created = Date.parse(text(object, 'metadata', 'creationTimestamp') ?? '')
  for (const entry of list(object, 'metadata', 'managedFields')) {
    // Not a number: not known. Every comparison with that is false.
    if (!(Date.parse(text(entry, 'time') ?? '') > created)) continue
    for (const marks of ['labels', 'annotations']) {
      const written = fields(entry, 'fieldsV1', 'f:metadata', `f:${marks}`)
      const key = Object.keys(written)
        .map((one) => one.slice(2))
        .find((one) => isMeshKey(one) && !ofAgents.includes(one))
      if (key === undefined) continue
      const by = (text(entry, 'manager') ?? 'somebody').slice(0, 60)
      const message = `"${by}" wrote the ${marks.slice(0, -1)} ${key} while the pod was running; the injector will not look at it again`
      return [{ id: 'post-create-metadata', path: `metadata.${marks}[${key}]`, message }]
    }
  }
  return []
}
