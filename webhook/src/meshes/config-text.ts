// SPDX-License-Identifier: Apache-2.0
// Text within an object that is itself YAML or JSON: entries of a mesh's ConfigMaps, some annotations.

import { isFields, type Fields } from '../fields.ts'
import { readText } from '../input/document-text.ts'

/** Null when it is no single mapping. */
export function mappingIn(text: string | undefined): Fields | null {
  if (text === undefined) return null
  const { documents, mistakes } = readText(text)
  const [document, second] = documents
  if (mistakes.length > 0 || second !== undefined) return null
  return isFields(document?.value) ? document.value : null
}
