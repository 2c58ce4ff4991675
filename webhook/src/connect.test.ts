// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { admit } from './admit.ts'
import { policiesOf, shop } from './calling.ts'
import { kubeletTarget } from './connect.ts'
import { exclusionsOf } from './exclusions.ts'
import type { Knowledge } from './judge.ts'
import { readReview } from './review.ts'
import { coveragePolicy, reviewOf, type Manifest } from './specimens.ts'

const knowing = (more: Manifest = {}): Knowledge => ({
  ...shop({ policies: policiesOf(coveragePolicy('deny', more)) }).current(),
  expected: [],
  today: '2026-11-21',
})
const house = { exclusions: exclusionsOf({}), controllers: new Map() }
function connected(request: Manifest, known = knowing()) {
  const review = readReview(
    JSON.stringify(reviewOf({ operation: 'CONNECT', name: 'cart', ...request })),
  )
  if ('why' in review) throw new Error(review.why)
  const { action, findings } = admit(review, known, house)
  return [action, ...findings.map(({ id }) => id)]
}

describe('into a pod', () => {
  test.each<[string, string | undefined, string[]]>([
    ['exec', 'istio-proxy', ['deny', 'exec-into-proxy']],
    ['attach', 'istio-proxy', ['deny', 'exec-into-proxy']],
    ['exec', 'linkerd-proxy', ['allow']],
    ['exec', 'app', ['allow']],
    ['exec', undefined, ['allow']],
    ['portforward', undefined, ['audit', 'loopback-ingress']],
    ['proxy', undefined, ['allow']],
  ])('%s to %s', (subResource, container, expected) => {
    expect(connected({ subResource, object: { container } })).toEqual(expected)
  })
  test('into the sidecar of each mesh that the policy asks for', () => {
    const known = knowing({ meshes: ['linkerd'] })
    const into = (container: string) =>
      connected({ subResource: 'exec', object: { container } }, known)
    expect(into('linkerd-proxy')).toEqual(['deny', 'exec-into-proxy'])
    expect(into('istio-proxy')).toEqual(['allow'])
  })
  test('exempted by the name of the pod, not by labels that nobody can see', () => {
    const exempting = (workloads: Manifest) =>
      knowing({ exemptions: [{ owner: 'o', reason: 'r', expires: '2026-11-21', workloads }] })
    const exec = { subResource: 'exec', object: { container: 'istio-proxy' } }
    expect(connected(exec, exempting({ names: ['cart'] }))).toEqual(['allow'])
    expect(
      connected(
        exec,
        exempting({ labels: { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] } }),
      )[0],
    ).toBe('deny')
  })
  test('in a namespace that is never denied it is reported', () => {
    const exec = {
      subResource: 'exec',
      namespace: 'kube-system',
      object: { container: 'istio-proxy' },
    }
    expect(connected(exec)).toEqual(['audit', 'exec-into-proxy'])
  })
})

describe('through the kubelet', () => {
  const through = (path: string) =>
    connected({
      resource: { group: '', version: 'v1', resource: 'nodes' },
      subResource: 'proxy',
      namespace: '',
      name: 'node-a',
      object: { kind: 'NodeProxyOptions', path },
    })
  test.each<[string, string[]]>([
    ['/exec/shop/cart/istio-proxy?command=sh', ['deny', 'kubelet-exec']],
    ['run/shop/cart/istio-proxy', ['deny', 'kubelet-exec']],
    ['//EXEC/./shop/cart/9a-uid/istio-proxy', ['deny', 'kubelet-exec']],
    ['/exec/shop/cart/istio%2Dproxy', ['deny', 'kubelet-exec']],
    ['/exec/shop/cart/app', ['audit', 'kubelet-exec']],
    ['/portForward/shop/cart', ['audit', 'kubelet-exec']],
    ['/metrics', ['allow']],
    ['/containerLogs/shop/cart/app', ['allow']],
    ['', ['allow']],
  ])('%s', (path, expected) => {
    expect(through(path)).toEqual(expected)
  })
  test('a path that cannot be decoded is read as it is', () => {
    expect(kubeletTarget('/exec/shop/%zz/app')).toMatchObject({ pod: '%zz', container: 'app' })
  })
})
