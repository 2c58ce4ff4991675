// SPDX-License-Identifier: Apache-2.0
// What admission knows of one object, small enough to be kept for every pod of a large cluster: most pods of a workload
// are judged alike, and what is alike is kept once.

import type { Fields } from '../fields.ts'
import type { Finding } from '../finding.ts'
import { Judged } from '../judged.ts'
import type { ScannedSubject } from '../scan-result.ts'
import { subjectsOf, type SubjectPlace } from '../subject.ts'
import { manifestOf } from './around.ts'
import type { Around } from './watched-around.ts'

export type AdmissionRow = Pick<ScannedSubject, 'mesh' | 'verdict' | 'reason' | 'basis' | 'assumed'>
export type AdmissionFinding = Pick<
  Finding,
  'id' | 'mesh' | 'path' | 'severity' | 'message' | 'remedy'
>
export type Admission = {
  rows: readonly AdmissionRow[]
  findings: readonly AdmissionFinding[]
  /** Why it could not be judged: a defect of ours. */
  failed: string | null
}

/** Not from a file: findings have no place. */
const unplaced = { manifestOf: new Map<never, never>() }

/** Judges, and hands out one object for all results that are alike. */
export class Admissions {
  #kept = new Map<string, WeakRef<Admission>>()

  get distinct(): number {
    return this.#kept.size
  }

  of(object: Fields, around: Around, place: SubjectPlace): Admission {
    const judged = new Judged(around, unplaced)
    for (const subject of subjectsOf(object, place))
      judged.add({ subject, manifest: manifestOf(object) })
    const made: Admission = {
      rows: judged.subjects.map(({ mesh, verdict, reason, basis, assumed }) => ({
        ...{ mesh, verdict, reason, basis, assumed },
      })),
      findings: judged.findings.map(({ id, mesh, path, severity, message, remedy }) => ({
        ...{ id, mesh, path, severity, message, remedy },
      })),
      failed: judged.failed[0]?.message ?? null,
    }
    const key = JSON.stringify(made)
    const known = this.#kept.get(key)?.deref()
    if (known !== undefined) return known
    this.#kept.set(key, new WeakRef(made))
    if (this.#kept.size % 1000 === 0) this.#sweep()
    return made
  }

  /** What nobody holds any more. */
  #sweep(): void {
    for (const [key, one] of this.#kept) if (one.deref() === undefined) this.#kept.delete(key)
  }
}
