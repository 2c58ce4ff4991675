// SPDX-License-Identifier: Apache-2.0
import { expect, it, test } from 'vitest'
import { deploymentOf } from './specimens.ts'
import { subjectOf } from './subject.ts'
import { isTarget, parseTarget } from './target.ts'

const cart = subjectOf(deploymentOf())

it.each([
  'deployment/cart',
  'deployments/cart',
  'Deployment/cart',
  'deploy/cart',
  'deployment.apps/cart',
  'deployment/shop/cart',
])('%s is the Deployment cart of the namespace shop', (words) => {
  const target = parseTarget(words)
  expect(target !== null && cart !== null && isTarget(target, cart)).toBe(true)
})
it.each(['statefulset/cart', 'deployment/other/cart', 'deployment.example.com/cart', 'deploy/car'])(
  '%s is not',
  (words) => {
    const target = parseTarget(words)
    expect(target !== null && cart !== null && isTarget(target, cart)).toBe(false)
  },
)
it.each(['cart', '', '/', 'deployment/', '/cart', 'a/b/c/d', '../cart'])(
  '"%s" names nothing',
  (words) => {
    expect(parseTarget(words)).toBeNull()
  },
)
test('the namespace of the command line counts where none is written', () => {
  expect(parseTarget('po/x', 'shop')?.namespace).toBe('shop')
  expect(parseTarget('po/else/x', 'shop')?.namespace).toBe('else')
})
