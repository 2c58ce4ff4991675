// SPDX-License-Identifier: Apache-2.0
// Numbered rules → the rows in which the kernel looks up each of their dimensions: paths, names, files, privileges, sockets.
import {
  directoriesOf,
  privilegeNumber,
  socketUseNumber,
  type Rule,
} from '../../../policies/src/index.ts'
import type { FileRow, NameRow, PathRow, Ruleset } from './compile.ts'
import type { Bits } from './prefixes.ts'

export type NumberedRule = Rule & { number: number }

/** For JSON: bytes as a list. */
export const plain = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? [...value] : value

export function lines(rules: readonly NumberedRule[], effect: Rule['effect']): string[] {
  return rules
    .filter((rule) => rule.effect === effect && rule.mode === 'enforce')
    .flatMap(
      ({ about, exe, from, startedBy, peers, names, ports, code, files, privileges, sockets }) =>
        (exe ?? [null]).map((one) =>
          JSON.stringify(
            [about, one, from, startedBy, peers, names, ports, code, files, privileges, sockets],
            plain,
          ),
        ),
    )
}

export function pathRows(rules: readonly NumberedRule[]): PathRow[] {
  const rows = new Map<string, PathRow>()
  const add = (dimension: 'exe' | 'from', rule: NumberedRule) => {
    for (const { kind, path } of rule[dimension] ?? []) {
      const row = rows.get(`${kind} ${path}`) ?? { kind, path, exe: 0n, from: 0n }
      row[dimension] |= 1n << BigInt(rule.number)
      rows.set(`${kind} ${path}`, row)
    }
  }
  for (const rule of rules) {
    add('exe', rule)
    add('from', rule)
  }
  return [...rows.values()]
}

export function nameRows(rules: readonly NumberedRule[]): NameRow[] {
  const rows = new Map<string, NameRow>()
  for (const rule of rules)
    for (const { kind, name } of rule.names ?? []) {
      const row = rows.get(`${kind} ${name}`) ?? { kind, name, rules: 0n }
      row.rules |= 1n << BigInt(rule.number)
      rows.set(`${kind} ${name}`, row)
    }
  return [...rows.values()]
}

export function fileRows(rules: readonly NumberedRule[]): FileRow[] {
  const rows = new Map<string, FileRow>()
  const rowOf = (kind: FileRow['kind'], path: string) => {
    const row = rows.get(`${kind} ${path}`) ?? { kind, path, read: 0n, write: 0n }
    rows.set(`${kind} ${path}`, row)
    return row
  }
  for (const rule of rules)
    for (const { access, ...pattern } of rule.files ?? []) {
      const { kind, path } = pattern
      const bit = 1n << BigInt(rule.number)
      for (const one of access) rowOf(kind, path)[one] |= bit
      // The directories on the way: moving one would give what is protected another name.
      if (rule.effect === 'deny')
        for (const above of directoriesOf(pattern)) rowOf('above', above).write |= bit
    }
  return [...rows.values()]
}

export const privilegeRows = (rules: readonly NumberedRule[]): Ruleset['privileges'] =>
  byNumber(rules, (rule) => rule.privileges?.map(privilegeNumber)).map(([privilege, rules]) => ({
    privilege,
    rules,
  }))

export const socketRows = (rules: readonly NumberedRule[]): Ruleset['sockets'] =>
  byNumber(rules, (rule) => rule.sockets?.map(socketUseNumber)).map(([use, rules]) => ({
    use,
    rules,
  }))

/** Which rules name each number. */
function byNumber(
  rules: readonly NumberedRule[],
  numbersOf: (rule: NumberedRule) => readonly number[] | undefined,
): [number, Bits][] {
  const rows = new Map<number, Bits>()
  for (const rule of rules)
    for (const number of numbersOf(rule) ?? [])
      rows.set(number, (rows.get(number) ?? 0n) | (1n << BigInt(rule.number)))
  return [...rows]
}
