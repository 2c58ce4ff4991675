// SPDX-License-Identifier: Apache-2.0
// Text of manifests → objects, each with the file and line it came from. Lists are opened. Several YAML
// documents are read one by one, so that a mistake in one is a problem of that one only.

import { parseDocuments as readDocuments } from '../../policies/src/index.ts'
import { field, isFields, list, text, type Fields } from './fields.ts'

export type Manifest = {
  object: Fields
  file: string
  line: number | null
  /** The line of a field path such as spec.containers[0].image, or of the nearest thing above it. */
  lineOf(path: string): number | null
}

export type Unread = { file: string; line: number | null; message: string }

export function readManifests(
  file: string,
  text: string,
): { manifests: Manifest[]; unread: Unread[] } {
  const trimmed = text.trimStart()
  // JSON has no places to tell, and may be as large as a whole cluster's list.
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) {
    const json = parseJson(trimmed)
    if (json !== null) return { manifests: opened(json.value, file, () => null, []), unread: [] }
  }
  const manifests: Manifest[] = []
  const unread: Unread[] = []
  for (const part of documentsOf(text)) {
    for (const one of readDocuments(part.text)) {
      const at = (path: Path) => one.placeOf(path).line + part.before
      const [mistake] = one.misprints
      if (mistake !== undefined) {
        const { found, expected, remedy } = mistake.complaint
        const line = mistake.place.line + part.before
        unread.push({ file, line, message: `found ${found}, expected ${expected} (${remedy})` })
      } else manifests.push(...opened(one.value, file, at, []))
    }
  }
  return { manifests, unread }
}

type Path = readonly (string | number)[]

/** A line that begins with --- always begins a document, so the text can be cut there. */
function documentsOf(text: string): { text: string; before: number }[] {
  const parts: { text: string; before: number }[] = []
  let lines: string[] = []
  let before = 0
  const all = text.split('\n')
  for (const [index, line] of all.entries()) {
    if (/^---(\s|$)/.test(line) && lines.length > 0) {
      parts.push({ text: lines.join('\n'), before })
      lines = []
      before = index
    }
    lines.push(line)
  }
  parts.push({ text: lines.join('\n'), before })
  return parts
}

function parseJson(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

/** Lists (v1 List, PodList, …) hold their objects in items; kubectl gives them without kinds there. */
function opened(
  value: unknown,
  file: string,
  at: (path: Path) => number | null,
  path: Path,
): Manifest[] {
  if (!isFields(value)) return []
  const kind = text(value, 'kind') ?? ''
  if (kind.endsWith('List') && Array.isArray(field(value, 'items'))) {
    const itemKind = kind.slice(0, -'List'.length)
    return list(value, 'items').flatMap((item, index) => {
      const named = isFields(item) && item.kind === undefined && itemKind !== ''
      const object = named ? { apiVersion: value.apiVersion, kind: itemKind, ...item } : item
      return opened(object, file, at, [...path, 'items', index])
    })
  }
  const lineOf = (below: string) => at([...path, ...stepsOf(below)])
  return [{ object: value, file, line: at(path), lineOf }]
}

/** spec.containers[0].env, metadata.annotations[a.b/c] → steps. */
export function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, key, name]) => {
    if (name !== undefined) return name
    return /^\d+$/.test(key ?? '') ? Number(key) : (key ?? '')
  })
}
