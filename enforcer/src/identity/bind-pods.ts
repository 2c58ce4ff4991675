// SPDX-License-Identifier: Apache-2.0
// Pods that come to be known, change or go while their cgroups are subjects already: the rows of these subjects alone.
// It takes no look at cgroups, processes and sockets, which on a crowded node would keep the next pods waiting.
import { Scope } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { replace } from './bind.ts'

/**
 * Answers how many rows were written; null: a subject does not tell whose pod it is, so all cgroups are to be looked at.
 * `changed`: UIDs, 32 hexadecimal digits each; `bindingOf`: of such a one, whether anybody knows it or not.
 */
export function bindPods(
  tables: Pick<Tables, 'subjects' | 'subject_names'>,
  changed: ReadonlySet<string>,
  bindingOf: (uid: string) => number,
): number | null {
  if (changed.size === 0) return 0
  let written = 0
  for (const [subject, row] of tables.subjects.entries()) {
    if (row.scope !== Scope.POD) continue
    const name = tables.subject_names.get(subject)
    // Its name found no room, or it was another subject once and follows the pod that it is in.
    if (name?.scope !== Scope.POD) return null
    const uid = Buffer.from(name.uid).toString('hex')
    if (!changed.has(uid)) continue
    const binding = bindingOf(uid)
    if (row.binding === binding) continue
    if (replace(tables, subject.value, { ...row, binding })) written++
  }
  return written
}
