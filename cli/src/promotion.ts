// SPDX-License-Identifier: Apache-2.0
// What promoting policies changes, decided from the ledger and the files: which recorded actions would be stopped from
// now on, and whether the report can be trusted to have shown all of them.
import type { LedgerRecord } from '../../enforcer/src/index.ts'
import {
  evaluate,
  privileges,
  socketUses,
  protocols,
  restricts,
  type Decision,
  type RuntimeLike,
} from '../../policies/src/index.ts'
import { selectingOf, type Planned } from './planning.ts'

/** The same policy in enforce. */
export const promoted = (loaded: RuntimeLike): RuntimeLike =>
  ({
    ...loaded,
    policy: { ...loaded.policy, spec: { ...loaded.policy.spec, mode: 'enforce' } },
  }) as RuntimeLike

const restrictsAnything = (one: RuntimeLike) => restricts(one, 'exec')
const modeOf = ({ policy }: RuntimeLike) => policy.spec.mode ?? 'audit'

/**
 * Policies in audit without which the report's promise does not hold: on some subject, what they allow was allowed when
 * the report was made, and is not counted once only the others enforce. Guard rails allow nothing, so they may stay.
 */
export function inseparable(
  keys: ReadonlySet<string>,
  { plan, policies }: Pick<Planned, 'plan' | 'policies'>,
): string[] {
  const byKey = new Map(policies.map((one) => [one.key, one]))
  const found = new Set<string>()
  for (const { ruleset } of plan.bindings.values()) {
    const bound = (plan.rulesets.get(ruleset)?.policies ?? []).flatMap(
      (key) => byKey.get(key) ?? [],
    )
    const listing = bound.filter((one) => restrictsAnything(one) && modeOf(one) === 'audit')
    if (!listing.some(({ key }) => keys.has(key))) continue
    for (const { key } of listing) if (!keys.has(key)) found.add(key)
  }
  return [...found].sort()
}

/** Rows of the ledger that were let through, and that would be stopped if these policies enforced. */
export function stoppedBy(
  keys: ReadonlySet<string>,
  records: readonly LedgerRecord[],
  planned: Pick<Planned, 'plan' | 'policies' | 'pods'>,
): LedgerRecord[] {
  return records.filter((record) => {
    if (record.outcome !== 'would-deny') return false
    const sets = policySets(keys, record, planned)
    return sets.some((before) => {
      const after = before.map((one) => (keys.has(one.key) ? promoted(one) : one))
      if (!before.some(({ key }) => keys.has(key))) return false
      const decisions = decisionsOf(record)
      // fail closed: a row that cannot be asked again counts as long as its policy is one of these.
      if (decisions.length === 0) return record.policy !== null && keys.has(record.policy)
      const denies = (policies: readonly RuntimeLike[]) =>
        decisions.some((decision) => evaluate(policies, decision).enforced.verdict === 'deny')
      return !denies(before) && denies(after)
    })
  })
}

/** The policies on the row's subject. Of one that is gone nobody knows: every combination with the policy that objected. */
function policySets(
  keys: ReadonlySet<string>,
  { subject, policy }: LedgerRecord,
  planned: Pick<Planned, 'plan' | 'policies' | 'pods'>,
): RuntimeLike[][] {
  const selecting = selectingOf(subject, planned)
  if (selecting !== null) return [selecting]
  // fail closed: the subject may come back.
  if (policy === null || !keys.has(policy)) return []
  const sets = [...planned.plan.rulesets.values()]
    .filter(({ policies }) => policies.includes(policy))
    .map(({ policies }) => planned.policies.filter(({ key }) => policies.includes(key)))
  return sets.length > 0 ? sets : [planned.policies.filter(({ key }) => key === policy)]
}

/** The questions that the kernel answered; none where the ledger does not have all of it. */
export function decisionsOf(record: LedgerRecord): Decision[] {
  const { executable, from: caller, target, other, decision } = record
  const [exe, from] = [pathOf(executable), pathOf(caller)]
  // A name that is not there may be one that found no room, so it says nothing about the path.
  if (other || executable === null || exe === undefined || from === undefined) return []
  const { lineage, origin } = record
  const who = { exe, from, ...(lineage && { startedBy: lineage }) }
  switch (decision) {
    case 'exec':
      return [{ kind: 'exec', ...who, ...(origin && origin !== 'memory' && { origin }) }]
    case 'code':
      return [{ kind: 'code', ...who, origin: origin ?? 'other' }]
    case 'file': {
      const path = record.file == null ? undefined : pathOf(record.file)
      return path === undefined ? [] : [{ kind: 'file', ...who, path, access: record.access ?? [] }]
    }
    case 'privilege': {
      const privilege = privileges.find((one) => one === record.privilege)
      return privilege ? [{ kind: 'privilege', ...who, privilege }] : []
    }
    case 'socket': {
      const use = socketUses.find((one) => one === record.socket)
      return use ? [{ kind: 'socket', ...who, use }] : []
    }
    case 'guard':
      return [] // no policy is asked
  }
  const protocol = target && protocolOf(target.protocol)
  if (!target || protocol === null) return []
  const { address, port } = target
  if (decision === 'bind') return [{ kind: 'bind', protocol, port: port ?? 0, ...who }]
  if (address === null) return []
  const peer = { protocol, address, port: port ?? 0, ...who }
  if (decision !== 'protocol') return [{ kind: decision, ...peer }]
  // The handshake was seen in packets, which must be allowed as such as well.
  return [
    { kind: 'protocol', ...who, protocol: 'stratum' },
    { kind: 'egress', ...peer },
  ]
}

/** As policies see it: null for what could not be resolved, undefined for what is not known in full. */
function pathOf(name: string | null): string | null | undefined {
  if (name === null || / \((?:deleted|unresolved)\)$/.test(name)) return null
  return name.startsWith('/') ? name : undefined
}

function protocolOf(name: string): Extract<Decision, { kind: 'bind' }>['protocol'] | null {
  if (name in protocols) return name as keyof typeof protocols
  return /^\d+$/.test(name) ? Number(name) : null
}
