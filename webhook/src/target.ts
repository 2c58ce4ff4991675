// SPDX-License-Identifier: Apache-2.0
// How people name an object: deployment/shop, deploy/shop, deployments.apps/shop, Deployment/team-a/shop.

import type { Subject } from './subject.ts'

export type Target = { kind: string; group: string | null; namespace: string | null; name: string }

/** As kubectl has them. */
const short: Readonly<Record<string, string>> = {
  po: 'pod',
  deploy: 'deployment',
  sts: 'statefulset',
  ds: 'daemonset',
  rs: 'replicaset',
  rc: 'replicationcontroller',
  cj: 'cronjob',
  ksvc: 'service.serving.knative.dev',
  dc: 'deploymentconfig',
  ro: 'rollout',
}

/** Null when the words are no name of an object. */
export function parseTarget(words: string, namespace?: string): Target | null {
  const parts = words.split('/')
  const [kindWords = '', ...rest] = parts
  const name = rest.at(-1) ?? ''
  if (parts.length < 2 || parts.length > 3 || parts.some((one) => one === '')) return null
  if (!/^[A-Za-z][\w.-]*$/.test(kindWords)) return null
  const [kind = '', ...group] = (short[kindWords.toLowerCase()] ?? kindWords)
    .toLowerCase()
    .split('.')
  return {
    kind,
    group: group.length === 0 ? null : group.join('.'),
    namespace: (rest.length === 2 ? rest[0] : namespace) ?? null,
    name,
  }
}

export function isTarget({ kind, group, namespace, name }: Target, subject: Subject): boolean {
  return (
    fitsKind(kind, subject.kind) &&
    (group === null || group === groupOf(subject)) &&
    (namespace === null || namespace === subject.namespace) &&
    name === subject.name
  )
}

/** "deployment", "deployments"; "class" is not the plural of "clas". */
export function fitsKind(word: string, kind: string): boolean {
  const one = kind.toLowerCase()
  return [one, `${one}s`, `${one}es`, one.replace(/y$/, 'ies')].includes(word)
}

const groupOf = ({ apiVersion }: Subject): string => apiVersion.split('/').slice(0, -1).join('/')
