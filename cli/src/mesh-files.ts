// SPDX-License-Identifier: Apache-2.0
// What a user says of the meshes, in files: how they are set up (--mesh-settings), and meshes of the user's own
// (--mesh-profile). Every problem is told with its line, all at once; half a file is not used.
import { parseDocuments, type PlainDocument } from '../../policies/src/index.ts'
import { readDocuments, UnderpinError } from '../../runtime/src/index.ts'
import {
  clusterObjects,
  meshes,
  profileFrom,
  resolveSettings,
  settingsDialect,
  stepsOf,
  type Mesh,
} from '../../webhook/src/index.ts'

type Problem = { path: string; found: string; expected: string }

/** Several files are one: the last that names a mesh counts. Undefined: no file. */
export async function meshSettings(
  paths: readonly string[],
  profiles: readonly Mesh[],
): Promise<Record<string, unknown> | undefined> {
  if (paths.length === 0) return undefined
  const files = await readDocuments(paths, { operation: 'read mesh settings' })
  const problems: string[] = []
  const all: Record<string, unknown> = {}
  for (const { file, text } of files) {
    const documents = parseDocuments(text, settingsDialect)
    problems.push(...misprintsOf(file, documents))
    for (const document of documents) {
      if (document.misprints.length > 0) continue
      const read = resolveSettings([...meshes, ...profiles], document.value, clusterObjects([], []))
      problems.push(...read.problems.map((one) => problemText(file, document, one)))
      Object.assign(all, document.value)
    }
  }
  if (problems.length > 0) throw invalid('read mesh settings', problems, '--mesh-settings')
  return all
}

export async function meshProfiles(paths: readonly string[]): Promise<Mesh[]> {
  if (paths.length === 0) return []
  const files = await readDocuments(paths, { operation: 'read mesh profile' })
  const problems: string[] = []
  const profiles: Mesh[] = []
  for (const { file, text } of files) {
    const documents = parseDocuments(text)
    problems.push(...misprintsOf(file, documents))
    for (const document of documents) {
      if (document.misprints.length > 0) continue
      const { mesh, problems: found } = profileFrom(mappingOf(document.value))
      problems.push(...found.map((one) => problemText(file, document, one)))
      if (mesh === null) continue
      if ([...meshes, ...profiles].some(({ name }) => name === mesh.name))
        problems.push(`${file}:${document.place.line}: name: found "${mesh.name}" a second time`)
      else profiles.push(mesh)
    }
  }
  if (problems.length > 0) throw invalid('read mesh profile', problems, '--mesh-profile')
  return profiles
}

/** What is no mapping lacks everything that a profile needs, and is told so. */
function mappingOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function misprintsOf(file: string, documents: readonly PlainDocument[]): string[] {
  return documents.flatMap(({ misprints }) =>
    misprints.map(({ place, complaint: { found, expected, remedy } }) => {
      return `${file}:${place.line}: found ${found}, expected ${expected} (${remedy})`
    }),
  )
}

function problemText(
  file: string,
  document: PlainDocument,
  { path, found, expected }: Problem,
): string {
  const { line } = document.placeOf(stepsOf(path), 'name')
  return `${file}:${line}: ${path === '' ? '' : `${path}: `}found ${found}, expected ${expected}`
}

function invalid(operation: string, problems: readonly string[], option: string): UnderpinError {
  return new UnderpinError('input-invalid', {
    operation,
    found: problems.length === 1 ? '1 problem' : `${problems.length} problems`,
    remedy: `correct the file of ${option}:\n${problems.join('\n')}`,
  })
}
