// SPDX-License-Identifier: Apache-2.0
// Tells the template of a manifest from a manifest: a chart's own files are not YAML, and judging what is
// left of them would be a guess. Text like {{ }} within an annotation or an argument is nothing unusual.

import { text } from '../fields.ts'

export const templateMessage =
  'found a template ({{ … }}), expected a manifest (render it first: helm template CHART | underpin scan -)'

/** Text that could not be read as YAML. */
export function looksLikeTemplate(text: string): boolean {
  return /\{\{[-~]?\s*[^}\s]/.test(text)
}

/** YAML by chance: its quotes are around every {{ }}. No such name or kind exists. */
export function isTemplate(object: unknown): boolean {
  return [
    text(object, 'apiVersion'),
    text(object, 'kind'),
    text(object, 'metadata', 'name'),
    text(object, 'metadata', 'namespace'),
  ].some((one) => one?.includes('{{'))
}
