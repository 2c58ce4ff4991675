// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { injectorsOf, inOrder } from './injectors.ts'

const read = (webhook: object, apiVersion: string) =>
  injectorsOf({ apiVersion, metadata: { name: 'm' }, webhooks: [webhook] })[0]

test('absent fields have the values of their version', () => {
  expect(read({ name: 'w' }, 'admissionregistration.k8s.io/v1')).toMatchObject({
    configuration: 'm',
    name: 'w',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'Never',
    timeoutSeconds: 10,
    index: 0,
  })
  expect(read({}, 'admissionregistration.k8s.io/v1beta1')).toMatchObject({
    failurePolicy: 'Ignore',
    matchPolicy: 'Exact',
    sideEffects: 'Unknown',
    timeoutSeconds: 30,
  })
})

test('what is written counts', () => {
  const written = {
    failurePolicy: 'Ignore',
    matchPolicy: 'Exact',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 3,
  }
  expect(read(written, 'admissionregistration.k8s.io/v1')).toMatchObject(written)
})

test('what is no entry at all is one that asks for nothing', () => {
  for (const odd of [null, 'x', [], { rules: 'x', matchConditions: {} }]) {
    const [entry] = injectorsOf({ webhooks: [odd] })
    expect(entry).toMatchObject({ name: '', rules: [], conditions: 0 })
  }
  expect(injectorsOf(null)).toEqual([])
})

test('configurations are called by name, and their entries as written', () => {
  const of = (name: string, ...webhooks: string[]) =>
    injectorsOf({ metadata: { name }, webhooks: webhooks.map((webhook) => ({ name: webhook })) })
  const entries = [of('b', 'z', 'a'), of('a-b', 'y'), of('a.b', 'x'), of('a', 'w'), of('B', 'v')]
  expect(inOrder(entries.flat()).map(({ name }) => name)).toEqual(['v', 'w', 'y', 'x', 'z', 'a'])
})
