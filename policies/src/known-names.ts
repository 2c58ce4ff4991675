// SPDX-License-Identifier: Apache-2.0
// Names in a CoveragePolicy that only the injectors' side knows: meshes and findings. Whoever loads policies tells which
// there are; a name that nobody knows would ask for nothing, or forgive nothing, without a word.
import { complain, shown } from './complaint.ts'
import { nearest } from './nearest.ts'
import type { Mistake, Path } from './problem.ts'
import { at, listAt } from './walk.ts'

export type KnownNames = {
  /** Meshes of this build, and profiles of the user's own. */
  meshes: readonly string[]
  /** Ids of findings; the checks of the policy itself are known as well. */
  findings: readonly string[]
}

export function knownNameMistakes(document: unknown, known: KnownNames): Mistake[] {
  const spec = at(document, 'spec')
  const own = listAt(spec, 'checks').map((one) => at(one, 'name'))
  const findings = [...known.findings, ...own.filter((name) => typeof name === 'string')]
  const asked: { path: Path; name: unknown }[] = [
    ...named(spec, ['spec'], 'meshes'),
    ...listAt(spec, 'namespaces').flatMap((one, i) =>
      named(one, ['spec', 'namespaces', i], 'meshes'),
    ),
  ]
  const forgiven = listAt(spec, 'exemptions').flatMap((one, i) =>
    named(one, ['spec', 'exemptions', i], 'findings'),
  )
  return [
    ...asked.flatMap((one) => mistakeOf(one, 'mesh', known.meshes)),
    ...forgiven.flatMap((one) => mistakeOf(one, 'finding', findings)),
  ]
}

function named(value: unknown, path: Path, list: string): { path: Path; name: unknown }[] {
  return listAt(value, list).map((name, i) => ({ path: [...path, list, i], name }))
}

function mistakeOf(
  { path, name }: { path: Path; name: unknown },
  what: string,
  known: readonly string[],
): Mistake[] {
  // Another type is told by the shape.
  if (typeof name !== 'string' || known.includes(name)) return []
  const meant = nearest(name, known)
  const few = known.length <= 30 ? `one of ${known.join(', ')}` : `a ${what} that underpin knows`
  const complaint = complain(
    `the unknown ${what} ${shown(name)}`,
    few,
    meant
      ? `did you mean ${meant}?`
      : what === 'mesh'
        ? 'name one of them, or give its profile'
        : 'see underpin explain',
  )
  return [{ path, complaint }]
}
