// SPDX-License-Identifier: Apache-2.0
// Text of manifests → objects, each with the file and line it came from. Lists are opened. Several
// documents are read one by one, so that a mistake in one is a problem of that one only.

import { field, isFields, list, text, type Fields } from './fields.ts'
import { readText, type Place, type TextDocument } from './input/document-text.ts'
import { isTemplate, looksLikeTemplate, templateMessage } from './input/template.ts'

export type { Place } from './input/document-text.ts'

export type Manifest = {
  object: Fields
  file: string
  /** Of a field path such as spec.containers[0].image, or of the nearest thing above it; null: not in a file. */
  placeOf: (path: string) => Place | null
}

/** Something that could not be read, so that the result is incomplete. */
export type Unread = { file: string; line: number | null; message: string }

export function readManifests(
  file: string,
  text: string,
): { manifests: Manifest[]; unread: Unread[] } {
  const { documents, mistakes } = readText(text)
  const unread: Unread[] = []
  const isChart = mistakes.length > 0 && looksLikeTemplate(text)
  for (const { line, message } of mistakes) {
    if (!isChart) unread.push({ file, line, message })
    // Told once a file: the other mistakes are consequences.
    else if (unread.length === 0) unread.push({ file, line, message: templateMessage })
  }
  const manifests = documents.flatMap((one) => {
    const tooDeep = () =>
      unread.push({ file, line: one.placeOf([]).line, message: `lists are nested too deeply` })
    return opened(one.value, { file, at: one.placeOf, tooDeep }, [])
  })
  const whole = manifests.filter(({ object, placeOf }) => {
    if (!isTemplate(object)) return true
    if (unread.every((one) => one.message !== templateMessage))
      unread.push({ file, line: placeOf('')?.line ?? null, message: templateMessage })
    return false
  })
  return { manifests: whole, unread }
}

const deepest = 20

/**
 * Lists (v1 List, PodList, …) hold their objects in items; kubectl gives them without kinds there. An
 * OpenShift Template holds them in objects; a plain list of objects is what jq makes.
 */
function opened(
  value: unknown,
  from: { file: string; at: TextDocument['placeOf']; tooDeep: () => void },
  path: readonly (string | number)[],
): Manifest[] {
  if (path.length > deepest) from.tooDeep()
  if (path.length > deepest) return []
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => opened(item, from, [...path, index]))
  }
  if (!isFields(value)) return []
  const kind = text(value, 'kind') ?? ''
  const key = kind.endsWith('List') ? 'items' : kind === 'Template' ? 'objects' : ''
  if (key !== '' && Array.isArray(field(value, key))) {
    const itemKind = key === 'items' ? kind.slice(0, -'List'.length) : ''
    return list(value, key).flatMap((item, index) => {
      const named = isFields(item) && item.kind === undefined && itemKind !== ''
      const object = named ? { apiVersion: value.apiVersion, kind: itemKind, ...item } : item
      return opened(object, from, [...path, key, index])
    })
  }
  const placeOf = (below: string) => from.at([...path, ...stepsOf(below)])
  return [{ object: value, file: from.file, placeOf }]
}

/** Of the paths that were asked about last: ten thousand findings point to a few dozen of them. */
const steps = new Map<string, readonly (string | number)[]>()
const mostSteps = 1000

/** spec.containers[0].env, metadata.annotations[a.b/c] → steps. */
export function stepsOf(path: string): readonly (string | number)[] {
  const known = steps.get(path)
  if (known !== undefined) return known
  if (steps.size >= mostSteps) steps.clear()
  const read = readSteps(path)
  steps.set(path, read)
  return read
}

function readSteps(path: string): (string | number)[] {
  return [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, key, name]) => {
    if (name !== undefined) return name
    return /^\d+$/.test(key ?? '') ? Number(key) : (key ?? '')
  })
}
