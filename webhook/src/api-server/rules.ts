// SPDX-License-Identifier: Apache-2.0
// The rules of a webhook: which requests it wants to see (kubernetes
// staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go, the same in 1.34–1.36).

import { list, text, type Fields } from '../fields.ts'

export type Resource = { group: string; version: string; resource: string }

/** What a rule is asked about. */
export type Asked = Resource & {
  subresource: string
  operation: string
  /** Empty for objects of the cluster; for a Namespace it is its own name. */
  namespace: string
}

/** The part of a rule that does not fit, in the order in which they are asked; null when all do. */
export type Misfit = 'scope' | 'operations' | 'apiGroups' | 'apiVersions' | 'resources' | null

export function misfit(rule: Fields, asked: Asked): Misfit {
  if (!inScope(text(rule, 'scope') ?? '*', asked)) return 'scope'
  if (!wanted(patterns(rule, 'operations'), asked.operation)) return 'operations'
  if (!wanted(patterns(rule, 'apiGroups'), asked.group)) return 'apiGroups'
  if (!wanted(patterns(rule, 'apiVersions'), asked.version)) return 'apiVersions'
  if (!patterns(rule, 'resources').some((one) => resourceFits(one, asked))) return 'resources'
  return null
}

function inScope(scope: string, asked: Asked): boolean {
  const isNamespace =
    asked.group === '' && asked.version === 'v1' && asked.resource === 'namespaces'
  const ofCluster = isNamespace || asked.namespace === ''
  if (scope === '*') return true
  if (scope === 'Namespaced') return !ofCluster
  return scope === 'Cluster' && ofCluster
}

/** An item without a value is an empty text, and for apiGroups that is the core group. */
function patterns(rule: Fields, field: string): unknown[] {
  return list(rule, field).map((one) => one ?? '')
}

function wanted(found: readonly unknown[], value: string): boolean {
  return found.includes('*') || found.includes(value)
}

/** "pods" is the resource without subresources, "pods/*" has all of them and itself, "*" has none, "*\/*" everything. */
function resourceFits(pattern: unknown, asked: Asked): boolean {
  if (typeof pattern !== 'string') return false
  const slash = pattern.indexOf('/')
  const resource = slash === -1 ? pattern : pattern.slice(0, slash)
  const subresource = slash === -1 ? '' : pattern.slice(slash + 1)
  return (
    (resource === '*' || resource === asked.resource) &&
    (subresource === '*' || subresource === asked.subresource)
  )
}
