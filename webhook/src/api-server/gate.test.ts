// SPDX-License-Identifier: Apache-2.0
// The API server's gate, rule by rule, both ways. test/cluster compares the whole with a real API server.
import { describe, expect, test } from 'vitest'
import type { Step } from '../step.ts'
import { creation, reviewedCall, type AdmissionCall } from './call.ts'
import { injectorsOf, type Injector } from '../injectors.ts'
import { creatorOf } from './creators.ts'
import { askGate } from './gate.ts'
import { allLabels, manifestLabels, someLabels, templateLabels } from './known-labels.ts'

type Written = Record<string, unknown>
const labelled = (labels: Record<string, string>) => allLabels(new Map(Object.entries(labels)))
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }

function entryOf(webhook: Written, apiVersion = 'admissionregistration.k8s.io/v1'): Injector {
  const entry = { name: 'w', rules: [rule], sideEffects: 'None', ...webhook }
  const [read] = injectorsOf({ apiVersion, metadata: { name: 'm' }, webhooks: [entry] })
  if (read === undefined) throw new Error('no entry')
  return read
}

const pod = { metadata: { name: 'cart', namespace: 'shop', labels: { app: 'cart' } }, spec: {} }
const podRequest = {
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  name: 'cart',
  namespace: 'shop',
  operation: 'CREATE',
  userInfo: { username: 'ann', groups: ['dev'] },
  object: pod,
}
const shop = labelled({ team: 'web', 'kubernetes.io/metadata.name': 'shop' })
const request = (over: Written = {}) => reviewedCall({ ...podRequest, ...over }, shop)

const asked = (webhook: Written, call: AdmissionCall = request()) => {
  const { outcome, by } = askGate(entryOf(webhook), call)
  return outcome === 'called' ? 'called' : `${outcome} ${by}`
}
const team = (value: string) => ({ namespaceSelector: { matchLabels: { team: value } } })
const app = (value: string) => ({ objectSelector: { matchLabels: { app: value } } })
const expression = (key: string, operator: string, values?: string[]) => ({
  matchExpressions: [{ key, operator, values }],
})

describe('selectors', () => {
  test.each<[string, Written, string]>([
    ['absent', {}, 'called'],
    ['null', { namespaceSelector: null, objectSelector: null }, 'called'],
    ['empty', { namespaceSelector: {}, objectSelector: { matchLabels: {} } }, 'called'],
    ['of the namespace', team('web'), 'called'],
    ['of another namespace', team('db'), 'not-called namespaceSelector'],
    ['of the object', app('cart'), 'called'],
    ['of another object', app('x'), 'not-called objectSelector'],
    [
      'both no: the namespace is asked first',
      { ...team('db'), ...app('x') },
      'not-called namespaceSelector',
    ],
    ['In', { objectSelector: expression('app', 'In', ['x', 'cart']) }, 'called'],
    ['In, missing', { objectSelector: expression('z', 'In', ['']) }, 'not-called objectSelector'],
    [
      'NotIn',
      { objectSelector: expression('app', 'NotIn', ['cart']) },
      'not-called objectSelector',
    ],
    ['NotIn, missing', { objectSelector: expression('z', 'NotIn', ['1']) }, 'called'],
    ['Exists', { objectSelector: expression('app', 'Exists') }, 'called'],
    ['Exists, missing', { objectSelector: expression('z', 'Exists') }, 'not-called objectSelector'],
    [
      'DoesNotExist',
      { objectSelector: expression('app', 'DoesNotExist') },
      'not-called objectSelector',
    ],
    [
      'DoesNotExist, missing',
      { objectSelector: expression('constructor', 'DoesNotExist') },
      'called',
    ],
    ['a misspelt field is dropped', { objectSelector: { matchLabel: { app: 'x' } } }, 'called'],
    [
      'an unknown operator',
      { objectSelector: expression('app', 'Gt', ['1']) },
      'unknown objectSelector',
    ],
    [
      'In without values',
      { objectSelector: expression('app', 'In', []) },
      'unknown objectSelector',
    ],
    [
      'Exists with values',
      { objectSelector: expression('app', 'Exists', ['a']) },
      'unknown objectSelector',
    ],
    [
      'a key that is none',
      { objectSelector: expression('a/b/c', 'Exists') },
      'unknown objectSelector',
    ],
    ['a value that is none', app('-x'), 'unknown objectSelector'],
    ['wrong, and its rules do not fit', { ...app('-x'), rules: [] }, 'not-called rules'],
    [
      'wrong, and the other one says no',
      { ...app('-x'), ...team('db') },
      'not-called namespaceSelector',
    ],
  ])('%s', (_name, webhook, expected) => {
    expect(asked(webhook)).toBe(expected)
  })

  test('the old object is enough', () => {
    const oldObject = { metadata: { labels: { app: 'old' } } }
    const update = request({ operation: 'UPDATE', oldObject })
    const rules = [{ ...rule, operations: ['UPDATE'] }]
    expect(asked({ ...app('old'), rules }, update)).toBe('called')
    expect(asked({ ...app('cart'), rules }, update)).toBe('called')
    expect(asked({ ...app('x'), rules }, update)).toBe('not-called objectSelector')
  })

  test('the options of exec have no labels, not even none', () => {
    const object = { kind: 'PodExecOptions', apiVersion: 'v1', command: ['sh'] }
    const exec = request({ operation: 'CONNECT', subResource: 'exec', object })
    const rules = [{ ...rule, operations: ['CONNECT'], resources: ['pods/exec'] }]
    expect(asked({ rules }, exec)).toBe('called')
    const absent = { objectSelector: expression('z', 'DoesNotExist') }
    expect(asked({ rules, ...absent }, exec)).toBe('not-called objectSelector')
  })

  test('a namespace is asked for its own labels, an object of the cluster for none', () => {
    const all = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
    const of = (resource: string, over: Written) =>
      reviewedCall(
        { ...podRequest, resource: { group: '', version: 'v1', resource }, namespace: '', ...over },
        shop,
      )
    const own = { object: { metadata: { name: 'n', labels: { team: 'new' } } }, namespace: 'n' }
    expect(asked({ rules: all, ...team('new') }, of('namespaces', own))).toBe('called')
    expect(asked({ rules: all, ...team('web') }, of('namespaces', own))).toMatch(/^not-called/)
    const deleted = of('namespaces', { ...own, operation: 'DELETE', object: null })
    expect(asked({ rules: all, ...team('web') }, deleted)).toBe('called')
    expect(asked({ rules: all, ...team('db') }, of('nodes', {}))).toBe('called')
  })

  test('a namespace that does not exist is an error only where it is asked for', () => {
    const nowhere = reviewedCall(podRequest, null)
    expect(asked({}, nowhere)).toBe('called')
    expect(asked(team('web'), nowhere)).toBe('rejected namespaceSelector')
    expect(asked({ ...team('web'), rules: [] }, nowhere)).toBe('not-called rules')
  })
})

describe('what is not known is not guessed', () => {
  const somewhere = someLabels(new Map([['kubernetes.io/metadata.name', 'shop']]))
  const call = reviewedCall(podRequest, somewhere)
  const name = (operator: string, value: string) => ({
    namespaceSelector: expression('kubernetes.io/metadata.name', operator, [value]),
  })
  test.each<[string, Written, string]>([
    ['a label of the namespace', team('web'), 'unknown namespaceSelector'],
    ['its name is known', name('In', 'shop'), 'called'],
    ['its name rules it out', name('NotIn', 'shop'), 'not-called namespaceSelector'],
    ['the object rules it out', { ...team('web'), ...app('x') }, 'not-called objectSelector'],
    ['the rules rule it out', { ...team('web'), rules: [] }, 'not-called rules'],
    [
      'a condition rules it out',
      { ...team('web'), matchConditions: [{ name: 'c', expression: 'false' }] },
      'not-called matchConditions',
    ],
  ])('%s', (_name, webhook, expected) => {
    expect(asked(webhook, call)).toBe(expected)
  })

  test('labels that a controller will write', () => {
    const labels = templateLabels('Deployment', new Map([['app', 'cart']]))
    const known = { namespace: 'shop', namespaceLabels: shop, labels, object: pod }
    const made = creation({ group: '', version: 'v1', resource: 'pods', kind: 'Pod' }, known)
    const hash = (operator: string, values?: string[]) => ({
      objectSelector: expression('pod-template-hash', operator, values),
    })
    expect(asked(hash('Exists'), made)).toBe('called')
    expect(asked(hash('DoesNotExist'), made)).toBe('not-called objectSelector')
    expect(asked(hash('In', ['x']), made)).toBe('unknown objectSelector')
    expect(asked(app('cart'), made)).toBe('called')
    expect(asked({ objectSelector: expression('z', 'Exists') }, made)).toMatch(/^not-called/)
  })
})

describe('rules', () => {
  const scope = (value: string) => ({ rules: [{ ...rule, scope: value }] })
  const of = (over: Written) => ({ rules: [{ ...rule, ...over }] })
  test.each<[string, Written, string]>([
    ['none', { rules: [] }, 'not-called rules'],
    ['another operation', of({ operations: ['UPDATE'] }), 'not-called rules'],
    ['every operation', of({ operations: ['*'] }), 'called'],
    ['another group', of({ apiGroups: ['apps'] }), 'not-called rules'],
    ['an item without a value is the core group', of({ apiGroups: [null] }), 'called'],
    ['another version', of({ apiVersions: ['v1beta1'] }), 'not-called rules'],
    ['every resource', of({ resources: ['*'] }), 'called'],
    ['every resource and subresource', of({ resources: ['*/*'] }), 'called'],
    ['pods with their subresources', of({ resources: ['pods/*'] }), 'called'],
    ['a subresource only', of({ resources: ['pods/status'] }), 'not-called rules'],
    ['one subresource of everything', of({ resources: ['*/status'] }), 'not-called rules'],
    ['Namespaced', scope('Namespaced'), 'called'],
    ['Cluster', scope('Cluster'), 'not-called rules'],
    ['an unknown scope', scope('namespaced'), 'not-called rules'],
    ['the second one', { rules: [{ ...rule, scope: 'Cluster' }, rule] }, 'called'],
  ])('%s', (_name, webhook, expected) => {
    expect(asked(webhook)).toBe(expected)
  })

  test('subresources', () => {
    const status = request({ operation: 'UPDATE', subResource: 'status' })
    const on = (...resources: string[]) => ({ rules: [{ ...rule, operations: ['*'], resources }] })
    expect(asked(on('pods'), status)).toBe('not-called rules')
    expect(asked(on('*'), status)).toBe('not-called rules')
    for (const pattern of ['pods/status', 'pods/*', '*/status', '*/*']) {
      expect(asked(on(pattern), status), pattern).toBe('called')
    }
  })

  test('namespaces are of the cluster, though their requests name one', () => {
    const of = (scope: string) => ({ rules: [{ ...rule, resources: ['namespaces'], scope }] })
    const resource = { group: '', version: 'v1', resource: 'namespaces' }
    expect(asked(of('Cluster'), request({ resource }))).toBe('called')
    expect(asked(of('Namespaced'), request({ resource }))).toBe('not-called rules')
  })

  test('configurations of webhooks are never sent to one', () => {
    const group = 'admissionregistration.k8s.io'
    const kind = { group, version: 'v1', kind: 'MutatingWebhookConfiguration' }
    const resource = { group, version: 'v1', resource: 'mutatingwebhookconfigurations' }
    const all = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }
    const call = reviewedCall({ ...podRequest, kind, resource, namespace: '' }, null)
    expect(asked({ rules: [all] }, call)).toBe('not-called exempt')
  })
})

describe('matchPolicy', () => {
  const hpa = (version: string) => ({
    group: 'autoscaling',
    version,
    resource: 'horizontalpodautoscalers',
  })
  const rules = [{ ...rule, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }]
  const kind = { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' }
  const call = request({ resource: hpa('v2'), kind })
  test('Equivalent takes another version of the same object, Exact does not', () => {
    expect(askGate(entryOf({ rules }), call)).toMatchObject({ outcome: 'called', as: hpa('v1') })
    expect(asked({ rules, matchPolicy: 'Exact' }, call)).toBe('not-called rules')
    expect(asked({ rules, matchPolicy: 'Equivalent' }, request({ resource: hpa('v1') }))).toBe(
      'called',
    )
  })
  test('a version that no API server has any more is not equivalent', () => {
    const old = [
      { ...rule, apiGroups: ['extensions'], apiVersions: ['v1beta1'], resources: ['deployments'] },
    ]
    const resource = { group: 'apps', version: 'v1', resource: 'deployments' }
    expect(asked({ rules: old }, request({ resource }))).toBe('not-called rules')
  })
  test('of a custom resource it depends on the cluster', () => {
    const group = 'argoproj.io'
    const resource = { group, version: 'v1alpha1', resource: 'rollouts' }
    const wanted = [{ ...rule, apiGroups: [group], resources: ['rollouts'] }]
    expect(asked({ rules: wanted }, request({ resource }))).toBe('unknown rules')
    expect(asked({ rules: wanted, matchPolicy: 'Exact' }, request({ resource }))).toBe(
      'not-called rules',
    )
    const other = [{ ...rule, apiGroups: [group], resources: ['workflows'] }]
    expect(asked({ rules: other }, request({ resource }))).toBe('not-called rules')
  })
})

describe('matchConditions', () => {
  const when = (...expressions: string[]) => ({
    matchConditions: expressions.map((expression, at) => ({ name: `c${at}`, expression })),
  })
  const error = 'object.spec.missing == 1'
  const open = `authorizer.group('').resource('pods').check('get').allowed()`
  test.each<[string, Written, string]>([
    ['true', when(`request.userInfo.username == 'ann'`), 'called'],
    [
      'one is false',
      when('true', `object.metadata.labels.app != 'cart'`),
      'not-called matchConditions',
    ],
    ['an error, Fail', when(error), 'rejected matchConditions'],
    ['an error, Ignore', { ...when(error), failurePolicy: 'Ignore' }, 'not-called matchConditions'],
    ['false wins over an error', when(error, 'false'), 'not-called matchConditions'],
    ['not known', when(open), 'unknown matchConditions'],
    ['false wins over not known', when(open, 'false'), 'not-called matchConditions'],
    ['an error beside not known, Fail', when(error, open), 'unknown matchConditions'],
    [
      'an error beside not known, Ignore',
      { ...when(error, open), failurePolicy: 'Ignore' },
      'not-called matchConditions',
    ],
    [
      'what does not compile here',
      when('quantity("1") == quantity("1k")'),
      'unknown matchConditions',
    ],
    ['they come after the rules', { ...when(error), rules: [] }, 'not-called rules'],
  ])('%s', (_name, webhook, expected) => {
    expect(asked(webhook)).toBe(expected)
  })

  test('of an expected request who asks is not known, and the defaults are assumed', () => {
    const known = { namespace: 'shop', namespaceLabels: shop, labels: labelled({}), object: pod }
    const expected = creation({ group: '', version: 'v1', resource: 'pods', kind: 'Pod' }, known)
    expect(asked(when(`request.userInfo.username == 'ann'`), expected)).toBe(
      'unknown matchConditions',
    )
    const verdict = askGate(entryOf(when('object != null')), expected)
    expect(verdict).toMatchObject({ outcome: 'called' })
    expect(verdict.assumed).toHaveLength(1)
    expect(askGate(entryOf(when('object != null')), request()).assumed).toEqual([])
  })
})

test('conditions see metadata as the API server has it', () => {
  const written = { metadata: { labels: {}, annotations: { a: null } } }
  const known = { namespace: 'shop', namespaceLabels: shop, labels: labelled({}), object: written }
  const call = creation({ group: '', version: 'v1', resource: 'pods', kind: 'Pod' }, known)
  const is = (expression: string) =>
    asked({ matchConditions: [{ name: 'c', expression }] }, call) === 'called'
  expect(is('has(object.metadata.labels)')).toBe(false)
  expect(is("object.metadata.namespace == 'shop'")).toBe(true)
  expect(is("object.metadata.annotations.a == ''")).toBe(true)
})

describe('who creates a pod is assumed where a condition asks', () => {
  const byGroup = {
    matchConditions: [{ name: 'c', expression: `!('system:nodes' in request.userInfo.groups)` }],
  }
  const byName = (name: string) => ({
    matchConditions: [{ name: 'c', expression: `request.userInfo.username != '${name}'` }],
  })
  const made = (kind: string) =>
    creation(
      { group: '', version: 'v1', resource: 'pods', kind: 'Pod' },
      {
        ...{ namespace: 'shop', namespaceLabels: shop, labels: labelled({}), object: pod },
        creator: creatorOf(kind),
      },
    )
  test.each<[string, Written, string, string]>([
    ['a group of nodes', byGroup, 'Deployment', 'called'],
    ['a group of nodes', byGroup, 'Pod', 'called'],
    [
      'the controller',
      byName('system:serviceaccount:kube-system:job-controller'),
      'CronJob',
      'not-called matchConditions',
    ],
    ['somebody else', byName('ann'), 'CronJob', 'called'],
    ['somebody', byName('ann'), 'Pod', 'unknown matchConditions'],
    ['a kind that we do not know', byName('ann'), 'Widget', 'unknown matchConditions'],
  ])('%s', (_name, webhook, kind, expected) => {
    expect(asked(webhook, made(kind))).toBe(expected)
  })
  test('and it is said, but only there', () => {
    const words = 'the pod is created by system:serviceaccount:kube-system:replicaset-controller'
    expect(askGate(entryOf(byGroup), made('Deployment')).assumed).toContain(words)
    const other = { matchConditions: [{ name: 'c', expression: 'object != null' }] }
    expect(askGate(entryOf(other), made('Deployment')).assumed).not.toContain(words)
  })
})

test('a dry run is not sent to a webhook with side effects', () => {
  const dry = request({ dryRun: true })
  expect(asked({ sideEffects: 'NoneOnDryRun' }, dry)).toBe('called')
  expect(asked({ sideEffects: 'Some', failurePolicy: 'Ignore' }, dry)).toBe('rejected sideEffects')
  expect(asked({ sideEffects: undefined }, dry)).toBe('rejected sideEffects')
  expect(asked({ sideEffects: undefined, failurePolicy: 'Ignore' }, dry)).toBe(
    'not-called sideEffects',
  )
  expect(asked({ sideEffects: 'Some' })).toBe('called')
})

test('labels that the API server adds to what a manifest has', () => {
  const keys = (object: Written) => [...manifestLabels(object).known.keys()]
  const template = { metadata: { labels: { app: 'x' } } }
  expect(keys({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })).toEqual([
    'kubernetes.io/metadata.name',
  ])
  expect(keys({ apiVersion: 'batch/v1', kind: 'Job', spec: { template } })).toEqual(['app'])
  expect(keys({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { template } })).toEqual([])
  expect(keys({ metadata: { labels: { a: null } } })).toEqual(['a'])
})

test('steps are the questions in order, with the one that decided', () => {
  const told = (webhook: Written) => {
    const steps: Step[] = []
    askGate(entryOf(webhook), request(), steps)
    return steps.map(({ input, answer, decides }) => [input.split(':')[0], answer, decides])
  }
  expect(told({})).toEqual([
    ['webhooks[0].namespaceSelector', 'yes', false],
    ['webhooks[0].objectSelector', 'yes', false],
    ['webhooks[0].rules', 'yes', true],
  ])
  expect(told(app('x'))).toEqual([
    ['webhooks[0].namespaceSelector', 'yes', false],
    ['webhooks[0].objectSelector', 'no', true],
  ])
})
