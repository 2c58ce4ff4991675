// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { admit } from './admit.ts'
import { answerTo } from './answer.ts'
import { policiesOf } from './calling.ts'
import { catalogue } from './catalogue.ts'
import type { Knowledge } from './judge.ts'
import { namespaceOf } from './namespace.ts'
import { readReview, type Review } from './review.ts'
import {
  app,
  coveragePolicy,
  deploymentOf,
  istioPod,
  istioProxy,
  istioStatus,
  namespaceObject,
  podOf,
  reviewOf,
  type Manifest,
} from './specimens.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

function knowing(
  policies: Manifest[],
  labels: Record<string, string> = { 'istio-injection': 'enabled' },
): Knowledge {
  return {
    policies: policiesOf(...policies),
    namespaces: new Map([['shop', namespaceOf(namespaceObject('shop', { labels }))]]),
    injectors: [],
    settings: {},
    expected: [],
    today: '2026-11-21',
  }
}

function review(request: Manifest): Review {
  const read = readReview(JSON.stringify(reviewOf(request)))
  if ('why' in read) throw new Error(read.why)
  return read
}

const deny = knowing([coveragePolicy('deny')])
const bare = { object: podOf() }
const deployments = {
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
}
const act = (request: Manifest, known = deny) => admit(review(request), known).action

describe('modes', () => {
  test.each(['audit', 'warn', 'deny'] as const)('a bare pod is taken with %s', (mode) => {
    expect(act(bare, knowing([coveragePolicy(mode)]))).toBe(mode)
  })
  test('the strictest of several policies counts', () => {
    const second = { ...coveragePolicy('deny'), metadata: { name: 'second' } }
    expect(act(bare, knowing([coveragePolicy('audit'), second]))).toBe('deny')
  })
  test('a covered pod is allowed', () => {
    expect(act({ object: istioPod() })).toBe('allow')
  })
  test('no policy: findings at most, for what is there speaks of the mesh', () => {
    expect(act(bare, knowing([]))).toBe('audit')
    expect(act(bare, knowing([], {}))).toBe('allow')
  })
  test('the class of the namespace decides', () => {
    const select = { namespaces: { matchLabels: { tier: 'prod' } } }
    const policy = coveragePolicy('deny', { namespaces: [{ name: 'prod', select, mode: 'deny' }] })
    expect(act(bare, knowing([policy], { tier: 'prod' }))).toBe('deny')
    expect(act(bare, knowing([policy], { tier: 'test' }))).toBe('allow')
  })
  test('a mesh that is not known is not covered', () => {
    expect(act(bare, knowing([coveragePolicy('deny', { meshes: ['kuma'] })]))).toBe('deny')
  })
})

describe('what slips past injection is not let past us', () => {
  test.each<[string, Manifest, Record<string, string>, string]>([
    [
      'a forged marker',
      podOf({ annotations: istioStatus }),
      { 'istio-injection': 'enabled' },
      'forged-injected-marker',
    ],
    ['a skipped namespace', podOf(), { 'istio-injection': 'disabled' }, 'ns-optout'],
    [
      'a fake container',
      podOf({ containers: [app, { name: 'istio-proxy', image: 'evil/x' }] }),
      {},
      'fake-sidecar-name',
    ],
    ['hostNetwork', podOf({ spec: { hostNetwork: true } }), {}, 'ns-unlabelled'],
  ])('%s', (_name, object, labels, id) => {
    const decision = admit(review({ object }), knowing([coveragePolicy('deny')], labels))
    expect(decision.action).toBe('deny')
    expect(decision.objections[0]?.finding.id).toBe(id)
  })
})

describe('what is never denied', () => {
  test('a workload: it is a prediction', () => {
    const object = deploymentOf({ spec: { hostNetwork: true } })
    expect(act({ ...deployments, object })).toBe('warn')
  })
  test('a mirror pod of a node', () => {
    const object = podOf({ annotations: { 'kubernetes.io/config.mirror': 'x' } })
    const userInfo = { username: 'system:node:a', groups: ['system:nodes'] }
    expect(act({ object, userInfo })).toBe('audit')
  })
  test('but a mirror annotation that somebody else wrote is denied', () => {
    const object = podOf({ annotations: { 'kubernetes.io/config.mirror': 'x' } })
    expect(act({ object })).toBe('deny')
  })
  test('a pod on its way out', () => {
    const object = podOf()
    object.metadata = { ...(object.metadata as object), deletionTimestamp: '2026-11-21T00:00:00Z' }
    expect(act({ operation: 'UPDATE', object, oldObject: podOf() })).toBe('audit')
  })
  test('an update that makes nothing worse', () => {
    const object = podOf({ labels: { version: '2' } })
    expect(act({ operation: 'UPDATE', object, oldObject: podOf() })).toBe('warn')
  })
  test('but an update that does is denied', () => {
    const object = istioPod({
      spec: {
        ephemeralContainers: [{ name: 'd', image: 'x', securityContext: { privileged: true } }],
      },
    })
    const request = {
      operation: 'UPDATE',
      subResource: 'ephemeralcontainers',
      object,
      oldObject: istioPod(),
    }
    expect(act(request)).toBe('deny')
  })
})

describe('other requests', () => {
  test.each<[string, Manifest, string]>([
    [
      'DELETE with the old object only',
      { operation: 'DELETE', object: null, oldObject: podOf() },
      'deletion',
    ],
    ['pods/status', { operation: 'UPDATE', subResource: 'status', object: podOf() }, 'subresource'],
    ['pods/binding', { subResource: 'binding', object: { kind: 'Binding' } }, 'subresource'],
    [
      'deployments/scale',
      { ...deployments, operation: 'UPDATE', subResource: 'scale', object: { kind: 'Scale' } },
      'subresource',
    ],
    [
      'another kind',
      {
        kind: { kind: 'Service' },
        resource: { resource: 'services' },
        object: { kind: 'Service' },
      },
      'kind',
    ],
  ])('%s is allowed', (_name, request, ignored) => {
    expect(admit(review(request), deny)).toMatchObject({ action: 'allow', ignored })
  })
  test.each<[string, Manifest]>([
    ['an unknown operation', { operation: 'MERGE', object: podOf() }],
    ['a missing object', { object: null }],
  ])('%s cannot be decided', (_name, request) => {
    expect(() => admit(review(request), deny)).toThrow(/^judge request "b0a1": found /)
  })
  test.each([
    ['exec', 'istio-proxy', 'deny'],
    ['attach', 'istio-proxy', 'deny'],
    ['exec', 'app', 'allow'],
    ['portforward', undefined, 'audit'],
    ['log', undefined, 'allow'],
  ])('CONNECT pods/%s to %s: %s', (subResource, container, action) => {
    expect(act({ operation: 'CONNECT', subResource, name: 'cart', object: { container } })).toBe(
      action,
    )
  })
  test('a namespace that loses injection is warned about', () => {
    const kind = {
      kind: { kind: 'Namespace' },
      resource: { resource: 'namespaces' },
      operation: 'UPDATE',
    }
    const on = namespaceObject('shop', { labels: { 'istio-injection': 'enabled' } })
    const decision = admit(
      review({ ...kind, object: namespaceObject('shop'), oldObject: on }),
      deny,
    )
    expect(decision.action).toBe('warn')
    expect(decision.findings[0]?.id).toBe('ns-label-drift')
    expect(act({ ...kind, object: on, oldObject: on })).toBe('allow')
  })
})

describe('exemptions', () => {
  const exempting = (more: Manifest) =>
    knowing([
      coveragePolicy('deny', {
        exemptions: [{ owner: 'team', reason: 'why', expires: '2026-12-31', ...more }],
      }),
    ])
  const exporter = podOf({ name: 'exporter-x', spec: { hostNetwork: true } })
  const owned = structuredClone(exporter)
  ;(owned.metadata as Manifest).ownerReferences = [
    { kind: 'DaemonSet', name: 'exporter', controller: true },
  ]
  const byName = { workloads: { kinds: ['DaemonSet'], names: ['exporter'] } }
  const controller = {
    userInfo: { username: 'system:serviceaccount:kube-system:daemon-set-controller' },
  }

  test('of the workload holds until its day', () => {
    const decision = admit(review({ object: owned, ...controller }), exempting(byName))
    expect(decision.action).toBe('allow')
    expect(decision.judgements[0]?.coverages[0]).toMatchObject({
      verdict: 'exempted',
      reason: 'host-network',
    })
  })
  test('after its day it is a finding, and the pod is denied', () => {
    const decision = admit(
      review({ object: owned, ...controller }),
      exempting({ ...byName, expires: '2026-11-20' }),
    )
    expect(decision.action).toBe('deny')
    expect(decision.findings.map((one) => one.id)).toContain('exemption-expired')
  })
  test('an owner that the requester wrote himself does not count', () => {
    expect(act({ object: owned }, exempting(byName))).toBe('deny')
  })
  test('of one finding does not forgive another', () => {
    const known = exempting({ namespaces: {}, findings: ['net-admin'] })
    expect(act({ object: exporter }, known)).toBe('deny')
  })
})

describe('checks in CEL', () => {
  const checked = (expression: string, mode?: string) =>
    knowing([
      coveragePolicy('audit', {
        checks: [{ name: 'limits', expression, message: 'set limits', ...(mode && { mode }) }],
      }),
    ])
  test('that hold change nothing', () => {
    expect(act({ object: istioPod() }, checked("predictions.istio.verdict == 'covered'"))).toBe(
      'allow',
    )
  })
  test('that fail are findings with their own mode', () => {
    const decision = admit(
      review({ object: istioPod() }),
      checked('object.metadata.name == "x"', 'deny'),
    )
    expect(decision.action).toBe('deny')
    expect(decision.findings[0]).toMatchObject({ id: 'limits', message: 'set limits' })
  })
  test('that cannot be evaluated count as failed', () => {
    expect(act({ object: istioPod() }, checked('object.spec.nothing.here == 1', 'deny'))).toBe(
      'deny',
    )
  })
})

describe('the words', () => {
  test('a denial tells what, why, rule and remedy in one line', () => {
    const asked = review({ object: podOf({ spec: { hostNetwork: true } }) })
    const answer = answerTo(asked, admit(asked, deny))
    expect(answer.message).toBe(
      'not covered by istio: hostNetwork is true, so the injector leaves the pod alone [host-network] in Pod/shop/cart; ' +
        `${catalogue['host-network'].remedy} (CoveragePolicy/mesh, class all)`,
    )
    expect(answer.audit).toEqual({
      decision: 'deny',
      rule: 'host-network',
      mesh: 'istio',
      policy: 'CoveragePolicy/mesh',
      assumed: 'the Istio injector is registered as its chart does it',
    })
  })
  test('a pod that has no name yet is told by its beginning and its owner', () => {
    const object = podOf({ labels: { 'pod-template-hash': '7d9f' } })
    object.metadata = {
      ...(object.metadata as Manifest),
      name: undefined,
      generateName: 'cart-7d9f-',
      ownerReferences: [{ kind: 'ReplicaSet', name: 'cart-7d9f', controller: true }],
    }
    const asked = review({ object, name: '' })
    const answer = answerTo(asked, admit(asked, deny))
    expect(answer.message).toContain('] in Pod/shop/cart-7d9f- of Deployment/cart; ')
  })
  test('a warning says what and why in its first 120 characters', () => {
    const asked = review({ ...deployments, object: deploymentOf({ spec: { hostNetwork: true } }) })
    const [warning = ''] = answerTo(asked, admit(asked, deny)).warnings
    expect(warning.slice(0, 120)).toContain(
      'Deployment/shop/cart is not covered by istio: hostNetwork is true',
    )
  })
  test('audit says what would be denied, and lets it in', () => {
    const asked = review(bare)
    const answer = answerTo(asked, admit(asked, knowing([coveragePolicy('audit')])))
    expect(answer).toMatchObject({ allowed: true, warnings: [], audit: { decision: 'would-deny' } })
  })
})

test('whatever a pod looks like, it is judged and not covered by chance', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5 }),
      fc.constantFrom('spec', 'metadata', 'containers'),
      (value, where) => {
        const object = podOf() as { metadata: unknown; spec: unknown }
        if (where === 'containers')
          object.spec = { containers: [app, value], initContainers: [value] }
        else object[where as 'spec'] = value
        expect(['deny', 'warn', 'audit']).toContain(act({ object }))
      },
    ),
    { numRuns: 500 },
  )
})

test('a pod with the sidecar of the user in it is judged on that container', () => {
  const object = podOf({
    annotations: istioStatus,
    containers: [app, { ...istioProxy, image: 'evil/x' }],
  })
  const decision = admit(review({ object }), deny)
  expect(decision.objections.map((one) => one.finding.id)).toContain('user-istio-proxy')
})
