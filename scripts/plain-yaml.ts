// SPDX-License-Identifier: Apache-2.0
// Plain data as YAML, as plain as it gets: the same text for the same data, for generated files.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export function yamlLines(value: Json): string[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((one) => yamlLines(one).map((line, i) => (i === 0 ? '- ' : '  ') + line))
  if (isFields(value) && Object.keys(value).length > 0)
    return Object.entries(value)
      .filter(([, one]) => (one as unknown) !== undefined)
      .flatMap(([key, one]) => {
        const lines = yamlLines(one)
        const nested = typeof one === 'object' && one !== null && Object.keys(one).length > 0
        return nested
          ? [`${name(key)}:`, ...lines.map((line) => `  ${line}`)]
          : [`${name(key)}: ${lines[0] ?? ''}`]
      })
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9.-]*$/.test(value) && !isYamlWord(value))
    return [value]
  return [quoted(value)]
}

const name = (key: string) =>
  /^[A-Za-z$][\w$./-]*$/.test(key) && !isYamlWord(key) ? key : quoted(key)

/** Characters that editors and YAML take for ends of lines are written by their number. */
const quoted = (value: Json): string =>
  JSON.stringify(value).replaceAll(
    /[\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const isYamlWord = (text: string) => /^(true|false|null|yes|no|on|off|y|n)$/i.test(text)

function isFields(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
