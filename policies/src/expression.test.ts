// SPDX-License-Identifier: Apache-2.0
// Expressions: what they see, what is refused, and that none of them takes long or tells a secret.
import { describe, expect, it } from 'vitest'
import { evaluateCheck, evaluateSelection, readExpression } from './expression.ts'
import { processorMs } from './processor-time.ts'

const numbers = Array.from({ length: 1_000 }, (_, i) => i)
const pod = {
  metadata: {
    labels: { constructor: 'c', toString: 't', app: 'web' },
    annotations: JSON.parse('{ "__proto__": "p" }') as unknown,
  },
  spec: { numbers, text: `${'a'.repeat(60)}!`, secret: 'hunter2', replicas: 3, ratio: 0.5 },
}
const namespace = { name: 'shop', labels: { team: 'web', constructor: 'x' } }
const select = (text: string) => evaluateSelection(text, { pod, namespace })
const fault = (text: string) => {
  const outcome = select(text)
  return 'fault' in outcome
    ? `${outcome.fault.line}:${outcome.fault.column} ${outcome.fault.message}`
    : 'none'
}

describe('what expressions see', () => {
  it.each<[string, boolean]>([
    ["namespaceObject.metadata.name == 'shop'", true],
    ["namespaceObject.metadata.labels.team == 'web'", true],
    ["namespaceObject.metadata.labels['constructor'] == 'x'", true],
    ["pod.metadata.labels.constructor == 'c'", true],
    ["pod.metadata.labels.toString == 't'", true],
    ["pod.metadata.annotations['__proto__'] == 'p'", true],
    ['has(pod.toString) || has(pod.spec.missing)', false],
    ['pod.spec.replicas + 1 == 4 && pod.spec.replicas % 2 == 1', true],
    ['pod.spec.ratio < 1.0', true],
    ['pod.spec.numbers.filter(n, n > 990).size() == 9', true],
    ["pod.?spec.?missing.orValue('none') == 'none'", true],
    ["pod.spec.text.matches('^a+!$') && matches(pod.spec.text, '(?i)A!')", true],
  ])('%s', (text, result) => {
    expect(select(text)).toEqual({ result })
  })

  it('are the predictions in a check', () => {
    const check = (text: string) =>
      evaluateCheck(text, {
        object: { kind: 'Job' },
        oldObject: null,
        request: { operation: 'CREATE' },
        namespace,
        predictions: { istio: { verdict: 'covered', reason: 'r' } },
      })
    expect(check("predictions.istio.verdict == 'covered' && oldObject == null")).toEqual({
      result: true,
    })
    expect(check("'linkerd' in predictions || object.kind == 'Pod'")).toEqual({ result: false })
    expect(check("predictions.linkerd.verdict == ''")).toHaveProperty('fault')
  })
})

describe('what is refused', () => {
  it.each([
    ['pood.x == 1', 'did you mean pod?'],
    ["namespace.name == 'a'", 'the namespace is called namespaceObject'],
    ["pod.x.matches('a(b')", '1:15'],
    ["pod.x.matches('(?=a)')", 'regular expression'],
    ["pod.x ==\n  'abc", '2:3'],
    ["'text'", 'an expression of type string'],
    ["1 + 'a' == 2", 'no such overload'],
    ["predictions.istio.verdict == ''", 'Unknown variable'],
    ["constructor('return process')", 'no matching overload'],
    ["object.constructor == ''", 'Unknown variable'],
    ['', 'CEL expression'],
    [`${'!'.repeat(9_000)}true`, 'nested too deeply'],
    ['('.repeat(9_000), 'maxDepth'],
    [Array(1_200).fill('true').join('&&'), 'maxAstNodes'],
    ['x'.repeat(10_001), 'at most 10000'],
    [`pod.x == "${'y'.repeat(5_000)}`, 'Unterminated'],
  ])('case %#', (text, said) => {
    const result = JSON.stringify(readExpression('selection', text))
    expect(result).toContain(said)
    expect(result.length).toBeLessThan(600)
  })
  it('what is not there, without naming the data', () => {
    expect(fault("pod.spec.missing == 'a'")).toBe('1:10 a field is missing (ask with has() first)')
    expect(fault("pod.constructor == 'a'")).toContain('missing')
    for (const text of [
      'pod.metadata.labels[pod.spec.secret] == ""',
      'pod.spec.text.matches(pod.spec.secret + "(")',
      'pod.spec.secret',
      'int(pod.spec.secret) == 1',
    ])
      expect(fault(text)).not.toContain('hunter2')
  })
})

describe('what would never end', () => {
  const all = (body: string) => `pod.spec.numbers.all(i, ${body})`
  // On a busy machine the clock may be first.
  const much = /the expression (does too much work|takes too long)/
  it.each<[string, string]>([
    ['nested loops', all(all(all('true')).replaceAll('i,', 'j,'))],
    ['a loop that hides its error', `${all(all(all('i == i')))} || true`],
    [
      'lists of lists',
      'pod.spec.numbers.map(i, pod.spec.numbers.map(j, pod.spec.numbers)).size() > 0',
    ],
    [
      'growing lists',
      `cel.bind(a, pod.spec.numbers${' + pod.spec.numbers'.repeat(20)}, cel.bind(b, a${' + a'.repeat(20)}, cel.bind(c, b${' + b'.repeat(20)}, c == [])))`,
    ],
    [
      'comparing much often',
      'pod.spec.numbers.all(i, pod == pod && pod.spec.numbers == pod.spec.numbers && pod == pod)',
    ],
  ])('%s', (_, text) => {
    expect(processorMs(() => expect(fault(text)).toMatch(much))).toBeLessThan(2_000)
  })
  it.each(['^(a+)+$', '^(a|aa)+$', '^(a*)*b'])('matching %s', (pattern) => {
    const text = `pod.spec.text.matches('${pattern}')`
    expect(processorMs(() => expect(select(text)).toEqual({ result: false }))).toBeLessThan(1_000)
  })
  it('leaves the next evaluation alone', () => {
    expect(select('pod.spec.replicas == 3')).toEqual({ result: true })
  })
  it('data that never ends is a fault as well', () => {
    let deep: unknown = 1
    for (let i = 0; i < 50_000; i++) deep = [deep]
    expect(evaluateSelection('pod == pod', { pod: deep, namespace })).toHaveProperty('fault')
  })
})
