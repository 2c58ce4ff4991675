// SPDX-License-Identifier: Apache-2.0
// Flags of a command line as init containers have it: "--port=1", or "--port" and "1" one after the other.

export type Flag = { value: string; index: number }

/** The last one counts, as in Go's flag packages. A flag without a value is "true". */
export function flagIn(args: readonly string[], names: readonly string[]): Flag | null {
  const all = flagsIn(args, names)
  return all.at(-1) ?? null
}

/** For a flag that may be given several times. */
export function flagsIn(args: readonly string[], names: readonly string[]): Flag[] {
  return args.flatMap((arg, index): Flag[] => {
    const equals = arg.indexOf('=')
    const name = equals === -1 ? arg : arg.slice(0, equals)
    if (!names.includes(name)) return []
    if (equals !== -1) return [{ value: arg.slice(equals + 1), index }]
    const next = args[index + 1]
    return [{ value: next === undefined || next.startsWith('-') ? 'true' : next, index }]
  })
}
