// SPDX-License-Identifier: Apache-2.0
// The one table of what the language can say and this build does not carry out yet.
// A row goes when its feature comes; nothing else knows the list.
import { complain } from './complaint.ts'
import type { Mistake, Path } from './problem.ts'
import { everyValue, isFields, type Fields } from './walk.ts'

type Row = {
  /** End of the path, with * for the place in a list. */
  field: string
  when?: (value: unknown, spec: Fields) => boolean
  expected: string
  remedy: string
}

const byAddress = { expected: 'cidr', remedy: 'name the addresses' }

const table: Row[] = [
  {
    field: 'spec.mode',
    when: (value, spec) => value === 'enforce' && spec.scope === 'host',
    expected: 'mode: audit with scope host',
    remedy: 'write mode: audit',
  },
  { field: 'spec.select.containers', expected: 'every container of a pod', remedy: 'leave it out' },
  { field: 'spec.select.names', expected: 'cgroups', remedy: 'select by cgroups' },
  { field: 'spec.select.images', expected: 'cgroups', remedy: 'select by cgroups' },
  // Whom a process hears has no name: it was never asked for.
  { field: 'from.*.dns', ...byAddress },
]

/** What a policy asks for that this build does not carry out; an empty list means it can be enforced as written. */
export function unenforceable(policy: { spec: unknown }): { path: Path; reason: string }[] {
  return findings(policy.spec).map(({ path, found, row }) => ({
    path,
    reason: `${found}, use ${row.expected}`,
  }))
}

/** The same as mistakes, for documents that may have others. */
export function enforceableMistakes(spec: unknown): Mistake[] {
  return findings(spec).map(({ path, found, row: { expected, remedy } }) => ({
    path,
    complaint: complain(found, expected, remedy),
  }))
}

function findings(spec: unknown): { path: Path; found: string; row: Row }[] {
  if (!isFields(spec)) return []
  return [...everyValue(spec, ['spec'])].flatMap(({ path, value }) => {
    const pattern = path.map((step) => (typeof step === 'number' ? '*' : step)).join('.')
    const row = table.find(
      ({ field, when }) =>
        (pattern === field || pattern.endsWith(`.${field}`)) && (when?.(value, spec) ?? true),
    )
    const written = typeof value === 'string' ? `: ${value}` : ''
    const found = `${String(path.at(-1))}${written}, which is not enforced by this build`
    return row ? [{ path, found, row }] : []
  })
}
