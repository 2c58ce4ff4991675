// SPDX-License-Identifier: Apache-2.0
// Functions that expressions have in Kubernetes and the library lacks, or has with another meaning (kubernetes
// staging/src/k8s.io/apiserver/pkg/cel/library/lists.go, cel-go ext/strings.go, ext/sets.go and common/types/string.go).
// Names that begin with __ replace a function of the library: calls are renamed before they are checked.

type Tools = {
  /** Ends the evaluation with an error of the expression's own. */
  fail: (message: string) => never
  /** Pays for work that grows faster than its operands. */
  charge: (units: number) => void
}
type Handler = (...values: never[]) => unknown

/** Calls of these with one operand are renamed. */
export const renamed: Readonly<Record<string, string>> = { int: '__int', uint: '__uint' }

/** The kind of value that the library makes of `1u`. */
type Unsigned = { value: bigint }

/** The library takes an empty text for zero. */
function conversions({ fail }: Tools, convert: (type: string, value: unknown) => unknown) {
  const checked = (type: 'int' | 'uint', pattern: RegExp) => (value: string) =>
    pattern.test(value) ? convert(type, value) : fail(`${type}() of a text that is no number`)
  const whole = (value: number) =>
    value > -(2 ** 63) && value < 2 ** 63
      ? BigInt(Math.trunc(value))
      : fail('int() of a number that is too large')
  const same = (type: string) => (value: unknown) => convert(type, value)
  return [
    ['__int(string): int', checked('int', /^[+-]?\d+$/)],
    ['__int(int): int', (value: bigint) => value],
    ['__int(double): int', whole],
    [
      '__int(uint): int',
      ({ value }: Unsigned) => (value < 2n ** 63n ? value : fail('int() of too large a number')),
    ],
    ['__int(google.protobuf.Timestamp): int', (at: Date) => BigInt(Math.floor(+at / 1000))],
    ['__uint(string): uint', checked('uint', /^\d+$/)],
    ['__uint(int): uint', same('uint')],
    ['__uint(double): uint', same('uint')],
    ['__uint(uint): uint', (value: Unsigned) => value],
  ] as [string, Handler][]
}

function texts({ fail }: Tools): [string, Handler][] {
  const replace = (text: string, old: string, by: string, count = -1n): string => {
    if (count < 0n) return text.replaceAll(old, () => by)
    let [done, at] = ['', 0]
    for (let left = count; left > 0n; left--) {
      const found = text.indexOf(old, at)
      if (found === -1 || (old === '' && at > text.length)) break
      // An empty text is found before every character and at the end.
      const end = old === '' ? found + 1 : found + old.length
      done += text.slice(at, found) + by + (old === '' ? text.slice(found, end) : '')
      at = end
    }
    return done + text.slice(at)
  }
  const charAt = (text: string, at: bigint): string => {
    const characters = [...text]
    if (at < 0n || at > BigInt(characters.length)) fail('charAt() beyond the end')
    return characters[Number(at)] ?? ''
  }
  return [
    ['string.replace(string, string): string', replace],
    ['string.replace(string, string, int): string', replace],
    ['string.charAt(int): string', charAt],
  ]
}

function lists({ fail, charge }: Tools, equal: Equal): [string, Handler][] {
  const numbers = (list: Iterable<unknown>) =>
    [...list].map((one) => {
      if (typeof one === 'bigint' || typeof one === 'number' || typeof one === 'string') return one
      return fail('a list of values that have no order')
    })
  const extreme = (sign: 1 | -1) => (list: Iterable<unknown>) => {
    const all = numbers(list)
    const [first, ...rest] = all
    if (first === undefined) return fail('min() or max() of an empty list')
    return rest.reduce((best, one) => ((sign > 0 ? one > best : one < best) ? one : best), first)
  }
  const sorted = (list: Iterable<unknown>) =>
    numbers(list).every((one, at, all) => at === 0 || (all[at - 1] ?? one) <= one)
  const sum = (list: Iterable<unknown>) => {
    const all = numbers(list)
    if (all.every((one) => typeof one === 'bigint')) {
      const total = all.reduce((one, more) => one + more, 0n)
      return BigInt.asIntN(64, total) === total ? total : fail('sum() is too large')
    }
    if (all.every((one) => typeof one === 'number')) return all.reduce((one, more) => one + more, 0)
    return fail('sum() of values that are no numbers')
  }
  const index = (last: boolean) => (list: Iterable<unknown>, wanted: unknown) => {
    const all = [...list]
    const is = (one: unknown) => equal(one, wanted)
    return BigInt(last ? all.findLastIndex(is) : all.findIndex(is))
  }
  const within = (all: unknown[], some: unknown[]) => {
    charge(all.length * some.length)
    return some.every((one) => all.some((other) => equal(one, other)))
  }
  const common = (a: unknown[], b: unknown[]) => {
    charge(a.length * b.length)
    return a.some((one) => b.some((other) => equal(one, other)))
  }
  return [
    ['list.isSorted(): bool', sorted],
    ['list.min(): dyn', extreme(-1)],
    ['list.max(): dyn', extreme(1)],
    ['list.sum(): dyn', sum],
    ['list.indexOf(dyn): int', index(false)],
    ['list.lastIndexOf(dyn): int', index(true)],
    ['Sets.contains(list, list): bool', (_: unknown, a: unknown[], b: unknown[]) => within(a, b)],
    [
      'Sets.equivalent(list, list): bool',
      (_: unknown, a: unknown[], b: unknown[]) => within(a, b) && within(b, a),
    ],
    ['Sets.intersects(list, list): bool', (_: unknown, a: unknown[], b: unknown[]) => common(a, b)],
  ]
}

type Equal = (a: unknown, b: unknown) => boolean

/** `sets` in an expression is the one value of this type. */
export class CelSets {}

export function kubernetesFunctions(
  tools: Tools,
  convert: (type: string, value: unknown) => unknown,
  equal: Equal,
): [string, Handler][] {
  return [...conversions(tools, convert), ...texts(tools), ...lists(tools, equal)]
}
