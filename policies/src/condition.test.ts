// SPDX-License-Identifier: Apache-2.0
// matchConditions of webhooks: what they see, what Kubernetes' own functions do, and what stays open when an input is
// not known.
import { describe, expect, it } from 'vitest'
import type { RequestPart } from './condition-variables.ts'
import { evaluateCondition } from './expression.ts'

const request = {
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  operation: 'CREATE',
  namespace: 'shop',
  dryRun: true,
  userInfo: { username: 'ann', groups: ['dev', 'system:authenticated'] },
  options: { kind: 'CreateOptions' },
}
const object = {
  metadata: { name: 'cart', labels: { app: 'a', constructor: 'c', empty: '' } },
  spec: { replicas: 3, half: 0.5, nothing: null, containers: [{ name: 'app', image: 'x/app' }] },
}
const ask = (text: string, ...unknown: RequestPart[]) => {
  const outcome = evaluateCondition(text, { object, oldObject: null, request, unknown })
  if ('result' in outcome) return outcome.result
  return 'error' in outcome ? 'error' : `unknown: ${outcome.unknown}`
}

describe('what conditions see', () => {
  it.each<[string, boolean | 'error']>([
    ["request.userInfo.username == 'ann' && 'dev' in request.userInfo.groups", true],
    ["request.resource.resource == 'pods' && request.kind.kind == 'Pod'", true],
    ['request.dryRun', true],
    ["request.options.kind == 'CreateOptions'", true],
    ['has(request.subResource) || has(request.name)', false],
    ["request.subResource == ''", 'error'],
    ["request.?name.orValue('none') == 'none'", true],
    ['oldObject == null', true],
    ['oldObject.metadata == null', 'error'],
    ['namespaceObject == null', true],
    ["namespaceObject.metadata.name == 'shop'", 'error'],
    ["object.metadata.labels.constructor == 'c'", true],
  ])('%s', (text, result) => {
    expect(ask(text)).toBe(result)
  })
})

describe('has() of any selection', () => {
  it.each<[string, boolean | 'error']>([
    ['has(object.spec.containers[0].image)', true],
    ['has(object.spec.containers[0].ports)', false],
    ['has(object.spec.containers[1].image)', 'error'],
    ['has(object.spec.containers.filter(c, c.name == "app")[0].name)', true],
    ['has(object.spec.containers[0].name.first)', 'error'],
    ['has(object.spec.missing.field)', 'error'],
    ['has(object.spec.nothing)', true],
  ])('%s', (text, result) => {
    expect(ask(text)).toBe(result)
  })
})

describe('functions of Kubernetes', () => {
  it.each<[string, boolean | 'error']>([
    ["int('') == 0 || uint('') == 0u", 'error'],
    ["int('0x10') > 0 || int('0b1') > 0 || int(' 1') > 0 || int('1e3') > 0", 'error'],
    ["int('-5') == -5 && int('+5') == 5 && int(1.9) == 1 && int(5u) == 5", true],
    ['int(1e19) > 0', 'error'],
    ["int('9223372036854775808') > 0", 'error'],
    ["int(timestamp('1970-01-01T00:01:00Z')) == 60", true],
    ["'aaa'.replace('a', 'b', 2) == 'bba' && 'aaa'.replace('a', '') == ''", true],
    ["'ab'.replace('', '-') == '-a-b-' && 'ab'.replace('', '-', 2) == '-a-b'", true],
    ["'été'.charAt(1) == 't' && 'a'.charAt(1) == ''", true],
    ["'a'.charAt(2) == ''", 'error'],
    ['[3, 1, 2].min() == 1 && [3, 1].max() == 3 && [1, 2].sum() == 3 && [].sum() == 0', true],
    ['[].min() == 0', 'error'],
    ['[1, 2].isSorted() && ![2, 1].isSorted() && [1, 1].lastIndexOf(1) == 1', true],
    ["sets.contains(['a', 'b'], ['a']) && !sets.contains(['a'], ['a', 'b'])", true],
    ['sets.intersects([1], [1.0, 2.0]) && sets.equivalent([1, 1], [1])', true],
    ["sets.contains(['a'], object.spec)", 'error'],
    ['type(object.spec.replicas) == int && object.spec.half < 1.0', true],
  ])('%s', (text, result) => {
    expect(ask(text)).toBe(result)
  })
})

describe('what is not known', () => {
  const authorizer = "authorizer.group('').resource('pods').check('get').allowed()"
  it.each<[string, boolean | string]>([
    ["request.userInfo.username == 'ann'", 'unknown: request.userInfo'],
    ["'dev' in request.userInfo.groups", 'unknown: request.userInfo'],
    ['has(request.userInfo.username)', 'unknown: request.userInfo'],
    ["request.?userInfo.?username.orValue('') == ''", 'unknown: request.userInfo'],
    ["request.userInfo.username == 'ann' || request.operation == 'CREATE'", true],
    ["request.operation == 'DELETE' && request.userInfo.username == 'ann'", false],
    ["['a'].exists(g, g in request.userInfo.groups)", 'unknown: request.userInfo'],
    ["request.operation == 'CREATE' ? true : request.userInfo.username == 'ann'", true],
    [authorizer, 'unknown: authorizer'],
    ["authorizer.requestResource.check('get').allowed()", 'unknown: authorizer'],
    [`false && ${authorizer}`, false],
    [`object.spec.missing == 1 || ${authorizer}`, 'unknown: authorizer'],
    ['object.spec.missing == 1', 'error'],
  ])('%s', (text, result) => {
    expect(ask(text, 'userInfo')).toBe(result)
  })

  it('is also what we cannot evaluate: never called an error of the expression', () => {
    expect(ask("url('https://a.example').getHost() == 'a.example'")).toMatch(
      /^unknown: what we make/,
    )
    const loop = 'l.all(a, l.all(b, l.all(c, a + b + c >= 0)))'
    const list = Array.from({ length: 200 }, (_, at) => at).join(',')
    expect(ask(`[[${list}]].all(l, ${loop})`)).toMatch(/^unknown: the result/)
  })
})
