// SPDX-License-Identifier: Apache-2.0
// The one list of what is never denied and never warned about: what a cluster needs to come up, ourselves,
// and what policies exempt. `explain` prints the same rows. What is excluded is still reported.

import { exemptionSelects, type Exemption, type LoadedCoverage } from '../../policies/src/index.ts'
import type { Namespace } from './namespace.ts'

export type Exclusion = {
  /** Name of a namespace; null when a policy selects several, or only some workloads. */
  namespace: string | null
  /** In words: "namespace kube-system", "DaemonSet node-exporter in every namespace". */
  what: string
  why: string
  /** "built in", an option of the command line, or the key of a policy. */
  source: string
  owner?: string
  /** Last day on which it holds, and whether that is over. */
  expires?: string
  expired?: boolean
}

const needed: Readonly<Record<string, string>> = {
  'kube-system':
    'the control plane and the network start there; a cluster that denies them stays down',
  'kube-node-lease': 'nodes show there that they are alive',
}

export type ExclusionOptions = {
  /** Where the webhook itself runs. */
  ownNamespaces?: readonly string[]
  /** Named on the command line. */
  further?: readonly string[]
}

/** Namespaces that are excluded whatever policies say. */
export function exclusionsOf({ ownNamespaces = [], further = [] }: ExclusionOptions): Exclusion[] {
  const rows = new Map<string, Exclusion>()
  const add = (namespace: string, why: string, source: string) => {
    if (rows.has(namespace)) return
    rows.set(namespace, { namespace, what: `namespace ${namespace}`, why, source })
  }
  for (const [name, why] of Object.entries(needed)) add(name, why, 'built in')
  for (const name of ownNamespaces) {
    add(name, 'the webhook itself runs there; it must be able to come back', 'built in')
  }
  for (const name of further)
    add(name, 'excluded by whoever started the webhook', '--exclude-namespace')
  return [...rows.values()]
}

export function isExcluded(exclusions: readonly Exclusion[], namespace: string): boolean {
  return exclusions.some((one) => one.namespace === namespace)
}

/** Everything that is left alone, for people: the namespaces above, then every exemption of every policy. */
export function exclusionTable(
  options: ExclusionOptions,
  policies: readonly LoadedCoverage[],
  today: string,
): Exclusion[] {
  return [
    ...exclusionsOf(options),
    ...policies.flatMap(({ policy, key }) =>
      (policy.spec.exemptions ?? []).map((one) => exemptionRow(one, key, today)),
    ),
  ]
}

function exemptionRow(one: Exemption, source: string, today: string): Exclusion {
  const { owner, expires, reason } = one
  return {
    namespace: null,
    what: exemptionWords(one),
    why: reason,
    source,
    owner,
    expires,
    expired: expires < today,
  }
}

function exemptionWords({ namespaces, workloads, findings }: Exemption): string {
  const what = [
    (workloads?.kinds ?? []).join(', '),
    (workloads?.names ?? []).join(', '),
    workloads?.labels === undefined ? '' : `labels ${JSON.stringify(workloads.labels)}`,
  ].filter((part) => part !== '')
  const where =
    namespaces === undefined || Object.keys(namespaces).length === 0
      ? 'every namespace'
      : `namespaces ${JSON.stringify(namespaces)}`
  const only = findings === undefined ? '' : `, only ${findings.join(', ')}`
  return `${what.length === 0 ? 'all workloads' : what.join(' ')} in ${where}${only}`
}

/** The rows of the table that speak of this namespace: the first that is not expired leaves all of it alone. */
export function rowsFor(
  namespace: Namespace,
  options: ExclusionOptions,
  policies: readonly LoadedCoverage[],
  today: string,
): Exclusion[] {
  const labels = Object.fromEntries(namespace.labels)
  return [
    ...exclusionsOf(options).filter((one) => one.namespace === namespace.name),
    ...policies.flatMap(({ policy, key }) =>
      (policy.spec.exemptions ?? [])
        .filter((one) => exemptionSelects(one, { name: namespace.name, labels }))
        .map((one) => exemptionRow(one, key, today)),
    ),
  ]
}
