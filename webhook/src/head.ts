// SPDX-License-Identifier: Apache-2.0
// What can be told from the beginning of a body that is cut off, too large or not JSON: whom to answer, and
// for which namespace. Reads JSON for as long as it is JSON; whatever stands behind that is not looked at.

/** So much of a body is kept for this. The API server writes the object last, behind what is wanted here. */
export const headBytes = 16 * 1024

/** An UID that is longer is none: the API server's have 36 characters. */
export const longestUid = 1024

export type Head = {
  uid: string | null
  apiVersion: string
  namespace: string | null
  operation: string | null
}

/** A mark, a whole string, or a run of anything else (number, true, null, rubbish). */
const token = /\s*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|([^\s{}[\],:"]+))/y

export function readHead(text: string): Head {
  const found = new Map<string, string>()
  for (const { path, value } of strings(text)) if (!found.has(path)) found.set(path, value)
  const uid = found.get('request.uid') ?? ''
  return {
    uid: uid === '' || uid.length > longestUid ? null : uid,
    apiVersion: found.get('apiVersion') ?? '',
    namespace: found.get('request.namespace') ?? null,
    operation: found.get('request.operation') ?? null,
  }
}

/** Strings at the top, and directly in "request". */
function* strings(text: string): Generator<{ path: string; value: string }> {
  /** One entry for every object or list that is open: the key under which the next value stands. */
  const open: { list: boolean; key: string | null }[] = []
  token.lastIndex = 0
  for (;;) {
    const found = token.exec(text)
    if (found === null) return
    const [, mark, quoted] = found
    const inside = open.at(-1)
    if (mark === '{' || mark === '[') open.push({ list: mark === '[', key: null })
    else if (mark === '}' || mark === ']') open.pop()
    else if (mark === ',' && inside !== undefined) inside.key = null
    else if (quoted !== undefined && inside !== undefined && !inside.list) {
      const value = unquoted(quoted)
      if (value === null) return
      if (inside.key === null) inside.key = value
      else if (open.length === 1) yield { path: inside.key, value }
      else if (open.length === 2 && open[0]?.key === 'request')
        yield { path: `request.${inside.key}`, value }
    }
    // Everything behind the end of the document is somebody else's.
    if (open.length === 0) return
  }
}

function unquoted(text: string): string | null {
  try {
    return JSON.parse(text) as string
  } catch {
    return null
  }
}
