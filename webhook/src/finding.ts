// SPDX-License-Identifier: Apache-2.0
// A finding: one way in which a workload gets around its sidecar, said in one sentence, with the field
// that does it and what to do. The ids come from the catalogue (catalogue.ts) and never change meaning.

import { catalogue, type Effect, type FindingId, type Severity } from './catalogue.ts'

export type { Severity } from './catalogue.ts'
export { severities } from './catalogue.ts'

/** What a rule says when it applies; the rest of the finding is in the catalogue. */
export type Hit = {
  id: FindingId
  path: string
  message: string
  /** Where it means something else than the catalogue says: only a risk here, for this mesh blind. */
  effect?: Effect
  severity?: Severity
}

export type Finding = {
  id: string
  mesh: string
  object: string
  path: string
  severity: Severity
  message: string
  remedy: string
  file?: string
  line?: number
}

export function findingOf(hit: Hit, mesh: string, object: string): Finding {
  const { severity, remedy } = catalogue[hit.id]
  return {
    id: hit.id,
    mesh,
    object,
    path: hit.path,
    severity: hit.severity ?? severity,
    message: hit.message,
    remedy,
  }
}

/** What a hit makes of the workload. */
export function effectOf(hit: Hit): Effect {
  return hit.effect ?? catalogue[hit.id].effect
}
