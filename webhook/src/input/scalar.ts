// SPDX-License-Identifier: Apache-2.0
// A YAML word without quotes, as kubectl and Helm read it: "yes" and "on" are true, 01337 is octal, a date
// stays text. Source: kubernetes-sigs/yaml goyaml.v2/resolve.go, 1.4 to 1.6.

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...spelled(['y', 'yes', 'true', 'on'], true),
  ...spelled(['n', 'no', 'false', 'off'], false),
  ...spelled(['null'], null),
  ['~', null],
  ['', null],
])

/** The only spellings that count: all small, all large, first letter large. */
function spelled<T>(all: readonly string[], value: T): [string, T][] {
  return all.flatMap((word): [string, T][] => [
    [word, value],
    [word.toUpperCase(), value],
    [word.slice(0, 1).toUpperCase() + word.slice(1), value],
  ])
}

const date = /^\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?$/
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const infinite = /^[-+]?\.(inf|Inf|INF)$/
const notANumber = /^\.(nan|NaN|NAN)$/
const bases: readonly (readonly [RegExp, number])[] = [
  [/^0[xX]([0-9a-fA-F]+)$/, 16],
  [/^0[bB]([01]+)$/, 2],
  [/^0[oO]?([0-7]+)$/, 8],
]

export function plainScalar(source: string): unknown {
  const word = words.get(source)
  if (word !== undefined) return word
  const first = source.charCodeAt(0)
  const isDigit = first >= 48 && first <= 57
  // + - .
  if (!isDigit && first !== 43 && first !== 45 && first !== 46) return source
  if (infinite.test(source)) return source.startsWith('-') ? -Infinity : Infinity
  if (notANumber.test(source)) return NaN
  if (date.test(source)) return source
  const plain = first === 46 ? source : source.replaceAll('_', '')
  const sign = plain.startsWith('-') ? -1 : 1
  const digits = /^[-+]/.test(plain) ? plain.slice(1) : plain
  if (/^(0|[1-9][0-9]*)$/.test(digits)) return sign * Number(digits)
  for (const [shape, base] of bases) {
    const found = shape.exec(digits)?.[1]
    if (found !== undefined) return sign * parseInt(found, base)
  }
  return float.test(plain) ? Number(plain) : source
}
