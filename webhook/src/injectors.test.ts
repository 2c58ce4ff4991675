// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { injectorsOf, podCreation, refusal } from './injectors.ts'
import type { Manifest } from './specimens.ts'

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const call = podCreation(new Map([['team', 'web']]), new Map([['app', 'cart']]))

function refused(webhook: Manifest) {
  const [injector] = injectorsOf({
    metadata: { name: 'm' },
    webhooks: [{ name: 'w', rules: [rule], ...webhook }],
  })
  return injector === undefined ? 'none' : refusal(injector, call)
}

test.each<[string, Manifest, string | null]>([
  ['no selectors', {}, null],
  ['no rules', { rules: [] }, 'rules'],
  ['all operations', { rules: [{ ...rule, operations: ['*'] }] }, null],
  ['another operation', { rules: [{ ...rule, operations: ['UPDATE'] }] }, 'rules'],
  ['another group', { rules: [{ ...rule, apiGroups: ['apps'] }] }, 'rules'],
  ['all groups', { rules: [{ ...rule, apiGroups: ['*'] }] }, null],
  ['another version', { rules: [{ ...rule, apiVersions: ['v2'] }] }, 'rules'],
  ['all resources', { rules: [{ ...rule, resources: ['*'] }] }, null],
  ['all resources and subresources', { rules: [{ ...rule, resources: ['*/*'] }] }, null],
  ['pods with all subresources', { rules: [{ ...rule, resources: ['pods/*'] }] }, null],
  ['a subresource only', { rules: [{ ...rule, resources: ['pods/status'] }] }, 'rules'],
  ['namespaced', { rules: [{ ...rule, scope: 'Namespaced' }] }, null],
  ['cluster scope', { rules: [{ ...rule, scope: 'Cluster' }] }, 'rules'],
  ['second rule fits', { rules: [{ ...rule, scope: 'Cluster' }, rule] }, null],
  ['namespace label', { namespaceSelector: { matchLabels: { team: 'web' } } }, null],
  [
    'another namespace label',
    { namespaceSelector: { matchLabels: { team: 'db' } } },
    'namespaceSelector',
  ],
  ['object label', { objectSelector: { matchLabels: { app: 'x' } } }, 'objectSelector'],
  [
    'NotIn holds for a missing label',
    { objectSelector: { matchExpressions: [{ key: 'z', operator: 'NotIn', values: ['1'] }] } },
    null,
  ],
  [
    'an unknown operator selects nothing',
    { objectSelector: { matchExpressions: [{ key: 'app', operator: 'Like' }] } },
    'objectSelector',
  ],
  [
    'a label called constructor is not there',
    { objectSelector: { matchExpressions: [{ key: 'constructor', operator: 'DoesNotExist' }] } },
    null,
  ],
])('%s', (_name, webhook, expected) => {
  expect(refused(webhook)).toBe(expected)
})

test('failurePolicy is Fail unless it says Ignore', () => {
  const policies = ['Ignore', 'Fail', undefined].map((failurePolicy) => ({ failurePolicy }))
  expect(injectorsOf({ webhooks: policies }).map((one) => one.failurePolicy)).toEqual([
    'Ignore',
    'Fail',
    'Fail',
  ])
})
