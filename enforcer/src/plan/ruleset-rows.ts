// SPDX-License-Identifier: Apache-2.0
// A ruleset as rows of maps: written under a number of its own before anything points to it, and taken out again.
import { AsksNames, Limit, PathKind, PrivilegeBase, type RulesetRow } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import { maskNames, type FileRow, type Restricting, type Ruleset } from './compile.ts'
import { hashName } from './name-hash.ts'
import { hashPath, type HashKey } from './path-hash.ts'
import type { AddressRow, Bits, PortRow } from './prefixes.ts'

export const words = (bits: Bits) => ({
  word: Array.from({ length: Limit.RULE_WORDS }, (_, i) =>
    BigInt.asUintN(64, bits >> BigInt(64 * i)),
  ),
})

export const ruleTables = (tables: Tables) =>
  [
    tables.rules,
    tables.exes,
    tables.addresses,
    tables.ports,
    tables.name_rules,
    tables.files,
    tables.privileges,
    tables.identities,
  ] as const

const pathKinds = { exact: PathKind.EXACT, below: PathKind.BELOW, above: PathKind.ABOVE }

const exeKey = (key: HashKey, ruleset: number, kind: FileRow['kind'], path: string) => ({
  ruleset,
  kind: pathKinds[kind],
  hash: hashPath(key, path).hash,
})
const nameKey = (key: HashKey, ruleset: number, kind: 'exact' | 'below', name: string) => ({
  ruleset,
  kind: pathKinds[kind],
  hash: hashName(key, name).hash,
})
const addressKey = (ruleset: number, { family, address, bits }: AddressRow) => ({
  prefix: 64 + bits,
  ruleset,
  family,
  address,
})
const portKey = (ruleset: number, { protocol, port, bits }: PortRow) => ({
  prefix: 48 + bits,
  ruleset,
  protocol,
  port: Uint8Array.of(port >> 8, port & 0xff),
})

export function writeRuleset(
  tables: Tables,
  key: HashKey,
  id: number,
  ruleset: Ruleset,
  policies: ReadonlyMap<string, number>,
): void {
  const policyId = (name: string | null) => (name === null ? 0 : (policies.get(name) ?? 0))
  for (const { rule, policy, path } of ruleset.blame)
    tables.rules.set({ ruleset: id, rule }, { policy: policyId(policy), path: path.slice(0, 59) })
  for (const { kind, path, exe, from } of ruleset.paths)
    tables.exes.set(exeKey(key, id, kind, path), { exe: words(exe), from: words(from) })
  for (const row of ruleset.addresses) tables.addresses.set(addressKey(id, row), words(row.rules))
  for (const row of ruleset.ports) tables.ports.set(portKey(id, row), words(row.rules))
  for (const { kind, name, rules } of ruleset.names)
    tables.name_rules.set(nameKey(key, id, kind, name), words(rules))
  for (const { kind, path, read, write } of ruleset.files)
    tables.files.set(exeKey(key, id, kind, path), { read: words(read), write: words(write) })
  for (const { privilege, rules } of ruleset.privileges)
    tables.privileges.set({ ruleset: id, privilege }, words(rules))
  for (const { use, rules } of ruleset.sockets)
    tables.privileges.set({ ruleset: id, privilege: PrivilegeBase.SOCKET + use }, words(rules))
  const restrictsRow = ({ enforced, audited }: Restricting) => ({
    enforced: policyId(enforced),
    audited: policyId(audited),
  })
  const { masks } = ruleset
  const row: Partial<RulesetRow> = {
    restricts: restrictsRow(ruleset.restricts.process),
    restrictsFiles: restrictsRow(ruleset.restricts.file),
    restrictsPrivileges: restrictsRow(ruleset.restricts.privilege),
    exeBelow: ruleset.paths.some((p) => p.kind === 'below') ? 1 : 0,
    fileBelow: ruleset.files.some((f) => f.kind === 'below') ? 1 : 0,
    decidesFiles: masks.file === 0n ? 0 : 1,
    decidesPrivileges: masks.privilege === 0n ? 0 : 1,
    asksLineage: masks.entrypoint === 0n && masks.startedExec === 0n ? 0 : 1,
    asksNames:
      (ruleset.names.length > 0 ? AsksNames.NAMES : 0) |
      (ruleset.names.some((n) => n.rules & masks.enforced) ? AsksNames.NAMES_ENFORCED : 0),
    namesBelow: ruleset.names.some((n) => n.kind === 'below') ? 1 : 0,
    decidesCode: masks.codeFile === 0n && masks.codeMemory === 0n ? 0 : 1,
  }
  row.asksIdentity = ruleset.asking.length > 0 || ruleset.railsAbout ? 1 : 0
  for (const name of maskNames) row[name] = words(masks[name])
  tables.rulesets.set({ value: id }, row)
}

/** The rows that `writeRuleset` wrote, as far as it came. Those of an earlier agent are looked for in whole maps. */
export function deleteRulesets(
  tables: Tables,
  key: HashKey,
  known: Map<number, Ruleset>,
  ids: readonly number[],
): void {
  const unknown = new Set<number>()
  for (const id of ids) {
    tables.rulesets.delete({ value: id })
    const ruleset = known.get(id)
    if (!ruleset) {
      unknown.add(id)
      continue
    }
    for (const { rule } of ruleset.blame) tables.rules.delete({ ruleset: id, rule })
    for (const { kind, path } of ruleset.paths) tables.exes.delete(exeKey(key, id, kind, path))
    for (const row of ruleset.addresses) tables.addresses.delete(addressKey(id, row))
    for (const row of ruleset.ports) tables.ports.delete(portKey(id, row))
    for (const { kind, name } of ruleset.names)
      tables.name_rules.delete(nameKey(key, id, kind, name))
    for (const { kind, path } of ruleset.files) tables.files.delete(exeKey(key, id, kind, path))
    for (const { privilege } of ruleset.privileges)
      tables.privileges.delete({ ruleset: id, privilege })
    for (const { use } of ruleset.sockets)
      tables.privileges.delete({ ruleset: id, privilege: PrivilegeBase.SOCKET + use })
    known.delete(id)
  }
  if (unknown.size === 0) return
  for (const table of ruleTables(tables))
    for (const key of table.keys()) if (unknown.has(key.ruleset)) table.delete(key)
}
