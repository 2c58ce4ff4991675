// SPDX-License-Identifier: Apache-2.0
// The JSON contract as YAML. Every text is quoted as JSON does it, which every YAML reader understands in the
// same way: nothing in a name can become a number, a date or another field.

import { cleanJson } from '../clean-text.ts'

export function yamlLines(value: unknown, margin = ''): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${margin}[]`]
    return value.flatMap((item) => {
      const [first = '', ...rest] = yamlLines(item, `${margin}  `)
      return [`${margin}- ${first.slice(margin.length + 2)}`, ...rest]
    })
  }
  if (typeof value === 'object' && value !== null) {
    const entries: [string, unknown][] = Object.entries(value).filter(
      ([, below]) => below !== undefined,
    )
    if (entries.length === 0) return [`${margin}{}`]
    return entries.flatMap(([key, below]) => {
      const name = /^[A-Za-z][\w-]*$/.test(key) ? key : cleanJson(key)
      const lines = yamlLines(below, `${margin}  `)
      const isBlock = typeof below === 'object' && below !== null && Object.keys(below).length > 0
      return isBlock
        ? [`${margin}${name}:`, ...lines]
        : [`${margin}${name}: ${(lines[0] ?? '').trimStart()}`]
    })
  }
  return [`${margin}${cleanJson(value)}`]
}
