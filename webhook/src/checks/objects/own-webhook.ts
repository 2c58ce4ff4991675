// SPDX-License-Identifier: Apache-2.0
// Our own validating webhook, looked at as any other: what keeps the API server from asking it, or lets
// requests pass unasked.

import { ofKind, type ClusterObject } from '../../cluster-objects.ts'
import { field, fields, isFields, list, text, texts, type Fields } from '../../fields.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'

const ours = /(^|\.)underpin\.dev$/

/** What must be asked about, or a way around a sidecar is not seen. */
const needed = [
  ['CREATE', 'pods'],
  ['UPDATE', 'pods'],
  ['UPDATE', 'pods/ephemeralcontainers'],
  ['CONNECT', 'pods/exec'],
  ['CONNECT', 'pods/attach'],
] as const

export const ownWebhook: ObjectCheck = {
  ofCluster: (objects) =>
    ofKind(objects, 'ValidatingWebhookConfiguration').flatMap((object) => {
      const entries = list(object.object, 'webhooks').map((one, at) => ({ entry: fields(one), at }))
      const own = entries.filter(({ entry }) => ours.test(text(entry, 'name') ?? ''))
      if (own.length === 0) return []
      return [
        ...own.flatMap(({ entry, at }) => gapsOf(entry, `webhooks[${at}]`, object)),
        ...unasked(
          own.map(({ entry }) => entry),
          object,
        ),
      ]
    }),
}

function gapsOf(entry: Fields, path: string, object: ClusterObject): ObjectHit[] {
  const gap = (key: string, what: string): ObjectHit => ({
    id: 'own-webhook-gap',
    path: `${path}.${key}`,
    message: `our own webhook ${what}`,
    object,
  })
  const hits: ObjectHit[] = []
  if (text(entry, 'failurePolicy') === 'Ignore') {
    hits.push(gap('failurePolicy', 'lets requests pass when it does not answer'))
  }
  if (selects(field(entry, 'objectSelector'))) {
    hits.push(gap('objectSelector', 'is not asked about objects that their labels take out'))
  }
  if (list(entry, 'namespaceSelector', 'matchExpressions').some((one) => !byName(one))) {
    hits.push(gap('namespaceSelector', 'is not asked about namespaces that their labels take out'))
  } else if (Object.keys(fields(entry, 'namespaceSelector', 'matchLabels')).length > 0) {
    hits.push(gap('namespaceSelector', 'is asked about namespaces with a label only'))
  }
  return hits
}

function selects(selector: unknown): boolean {
  return (
    isFields(selector) &&
    (list(selector, 'matchExpressions').length > 0 ||
      Object.keys(fields(selector, 'matchLabels')).length > 0)
  )
}

/** By a name that the API server sets; nobody can give it to another namespace. */
function byName(expression: unknown): boolean {
  return (
    text(expression, 'key') === 'kubernetes.io/metadata.name' &&
    text(expression, 'operator') === 'NotIn'
  )
}

function unasked(entries: readonly Fields[], object: ClusterObject): ObjectHit[] {
  const rules = entries.flatMap((entry) => list(entry, 'rules'))
  const missing = needed.filter(
    ([operation, resource]) => !rules.some((rule) => asks(rule, operation, resource)),
  )
  if (missing.length === 0) return []
  const names = missing.map(([operation, resource]) => `${operation} ${resource}`).join(', ')
  const message = `our own webhook is not asked about ${names}`
  return [{ id: 'own-webhook-gap', path: 'webhooks', message, object }]
}

function asks(rule: unknown, operation: string, resource: string): boolean {
  const [parent = '', sub] = resource.split('/')
  const wild = sub === undefined ? ['*', '*/*'] : ['*/*', `${parent}/*`, `*/${sub}`]
  return (
    ['', '*'].some((group) => texts(rule, 'apiGroups').includes(group)) &&
    ['v1', '*'].some((version) => texts(rule, 'apiVersions').includes(version)) &&
    [operation, '*'].some((one) => texts(rule, 'operations').includes(one)) &&
    [resource, ...wild].some((one) => texts(rule, 'resources').includes(one)) &&
    ['Namespaced', '*'].includes(text(rule, 'scope') ?? '*')
  )
}
