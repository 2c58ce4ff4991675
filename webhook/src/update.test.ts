// SPDX-License-Identifier: Apache-2.0
// What changes after a pod was made, and whose word about its owner is taken.
import { describe, expect, test } from 'vitest'
import { admit, type House } from './admit.ts'
import { policiesOf, shop } from './calling.ts'
import type { Knowledge } from './judge.ts'
import { ownerIsTrue } from './owner-trust.ts'
import { readReview, type Review } from './review.ts'
import {
  coveragePolicy,
  deploymentOf,
  istioPod,
  istioStatus,
  podOf,
  reviewOf,
  type Manifest,
} from './specimens.ts'

function review(request: Manifest): Review {
  const read = readReview(JSON.stringify(reviewOf(request)))
  if ('why' in read) throw new Error(read.why)
  return read
}
const knowing = (mode: 'audit' | 'warn' | 'deny', more: Manifest = {}): Knowledge => ({
  ...shop({ policies: policiesOf(coveragePolicy(mode, more)) }).current(),
  expected: [],
  today: '2026-11-21',
})
const deny = knowing('deny')
const judged = (request: Manifest, known = deny, house?: House) => {
  const { action, findings, ignored } = admit(review(request), known, house)
  return { action, ignored, ids: findings.map(({ id }) => id) }
}
const update = (oldObject: Manifest, object: Manifest, more: Manifest = {}) => ({
  operation: 'UPDATE',
  oldObject,
  object,
  ...more,
})
const owned = (kind: string, name: string, parts: Manifest = {}, uid = 'u1'): Manifest => {
  const object = podOf({ spec: { hostNetwork: true }, ...parts })
  const ownerReferences = [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }]
  return { ...object, metadata: { ...(object.metadata as object), ownerReferences } }
}
const by = (username: string, ...groups: string[]) => ({ userInfo: { username, groups } })
const daemonSets = by('system:serviceaccount:kube-system:daemon-set-controller')

describe('labels and annotations that change while the pod runs', () => {
  const flips: [string, Manifest, Manifest][] = [
    [
      'a label flipped to false',
      istioPod(),
      istioPod({ labels: { 'sidecar.istio.io/inject': 'false' } }),
    ],
    [
      'an annotation removed',
      istioPod({ annotations: { 'proxy.istio.io/config': '{}' } }),
      istioPod(),
    ],
    [
      'the revision changed',
      istioPod({ labels: { 'istio.io/rev': 'a' } }),
      istioPod({ labels: { 'istio.io/rev': 'b' } }),
    ],
    [
      "another mesh's key",
      istioPod(),
      istioPod({ annotations: { 'config.linkerd.io/skip-outbound-ports': '1-65535' } }),
    ],
  ]
  test.each(flips)('%s is told, and never denied: nothing is worse', (_name, before, after) => {
    expect(judged(update(before, after))).toEqual({ action: 'warn', ids: ['post-create-metadata'] })
    expect(judged(update(before, after), knowing('audit')).action).toBe('audit')
  })
  test('a marker forged onto a pod without sidecar is denied', () => {
    const found = judged(update(podOf(), podOf({ annotations: istioStatus })))
    expect(found.action).toBe('deny')
    expect(found.ids).toContain('forged-injected-marker')
  })
  test.each<[string, Manifest, Manifest]>([
    ['an unrelated key', istioPod(), istioPod({ labels: { team: 'a' } })],
    [
      'a key that only looks like one',
      istioPod(),
      istioPod({ labels: { 'notistio.io/inject': 'false', 'istio.io.evil.example/x': 'y' } }),
    ],
    [
      'nothing',
      istioPod({ labels: { 'istio.io/rev': 'a' } }),
      istioPod({ labels: { 'istio.io/rev': 'a' } }),
    ],
  ])('%s is no finding', (_name, before, after) => {
    expect(judged(update(before, after))).toEqual({ action: 'allow', ids: [] })
  })
  test('a label that makes an exemption fit is told', () => {
    const exemptions = [
      {
        owner: 'o',
        reason: 'r',
        expires: '2026-12-31',
        workloads: { labels: { matchLabels: { legacy: 'yes' } } },
      },
    ]
    const known = knowing('deny', { exemptions })
    const found = judged(update(podOf(), podOf({ labels: { legacy: 'yes', a: 'b' } })), known)
    expect(found.ids).toContain('post-create-metadata')
    expect(found.action).toBe('warn')
  })
  test('of a workload they are judged with its template only', () => {
    const kind = {
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    }
    const changed = deploymentOf({}, { labels: { 'istio.io/rev': 'x' } })
    expect(judged({ ...kind, ...update(deploymentOf(), changed) }).ids).not.toContain(
      'post-create-metadata',
    )
  })
})

describe('subresources that can write them as well', () => {
  const status = { subResource: 'status' }
  test('a status alone is ignored', () => {
    const after = { ...istioPod(), status: { phase: 'Running' } }
    expect(judged(update(istioPod(), after, status))).toMatchObject({
      action: 'allow',
      ignored: 'subresource',
    })
    expect(judged({ operation: 'UPDATE', object: podOf(), ...status })).toMatchObject({
      ignored: 'subresource',
    })
  })
  test('a label written through it is not', () => {
    const after = istioPod({ labels: { 'sidecar.istio.io/inject': 'false' } })
    expect(judged(update(istioPod(), after, status)).ids).toEqual(['post-create-metadata'])
    const forged = podOf({ annotations: istioStatus })
    expect(judged(update(podOf(), forged, status)).action).toBe('deny')
  })
  test('but a node reports what it has', () => {
    const forged = podOf({ annotations: istioStatus })
    const node = by('system:node:a', 'system:nodes')
    expect(judged({ ...update(podOf(), forged, status), ...node }).action).toBe('audit')
  })
  test.each<[string, Manifest, boolean]>([
    ['plain', { metadata: { name: 'cart' }, target: { name: 'node' } }, true],
    ['with an annotation of a mesh', { metadata: { annotations: istioStatus } }, false],
  ])('a binding, %s', (_name, object, ignored) => {
    const kind = { kind: { version: 'v1', kind: 'Binding' } }
    for (const at of [
      { subResource: 'binding' },
      { resource: { group: '', version: 'v1', resource: 'bindings' } },
    ]) {
      const found = judged({ ...kind, ...at, object, name: 'cart' })
      expect(found.ignored !== undefined).toBe(ignored)
      expect(found.ids).toEqual(ignored ? [] : ['post-create-metadata'])
    }
  })
  test.each(['resize', 'eviction', 'log', 'proxy'])('pods/%s is ignored', (subResource) => {
    expect(judged({ operation: 'UPDATE', object: podOf(), subResource })).toMatchObject({
      ignored: 'subresource',
    })
  })
})

describe('a debug container', () => {
  const debugged = (container: Manifest, spec: Manifest = {}) =>
    update(
      istioPod({ spec }),
      istioPod({ spec: { ephemeralContainers: [{ name: 'd', image: 'busybox', ...container }] } }),
      { subResource: 'ephemeralcontainers' },
    )
  test.each<[string, Manifest, string, string[]]>([
    ['is reported', {}, 'audit', ['ephemeral-container']],
    ['of the application', { targetContainerName: 'app' }, 'audit', ['ephemeral-container']],
    ['beside the sidecar', { targetContainerName: 'istio-proxy' }, 'deny', ['ephemeral-container']],
    [
      'as the user of the proxy',
      { securityContext: { runAsUser: 1337 } },
      'deny',
      ['app-as-proxy-uid', 'ephemeral-container'],
    ],
  ])('%s', (_name, container, action, ids) => {
    expect(judged(debugged(container))).toEqual({ action, ids })
  })
  test('that was there before is not told again', () => {
    const spec = { ephemeralContainers: [{ name: 'd', image: 'busybox' }] }
    const found = judged({ ...debugged({}, spec), subResource: undefined })
    expect(found.ids).not.toContain('ephemeral-container')
  })
  test('may be exempted like its pod', () => {
    const exemptions = [
      {
        owner: 'o',
        reason: 'r',
        expires: '2026-12-31',
        workloads: { names: ['cart'] },
        findings: ['ephemeral-container'],
      },
    ]
    const known = knowing('deny', { exemptions })
    expect(judged(debugged({ targetContainerName: 'istio-proxy' }), known).action).toBe('allow')
  })
})

describe('exemptions of an owner', () => {
  const exempting = knowing('deny', {
    exemptions: [
      {
        owner: 'o',
        reason: 'r',
        expires: '2026-12-31',
        workloads: { kinds: ['DaemonSet'], names: ['exporter'] },
      },
    ],
  })
  const exporter = owned('DaemonSet', 'exporter')

  test.each<[string, Manifest, string]>([
    ['its own controller', daemonSets, 'allow'],
    ['the controller manager as a whole', by('system:kube-controller-manager'), 'allow'],
    [
      'a controller of another kind',
      by('system:serviceaccount:kube-system:job-controller'),
      'deny',
    ],
    ['another account of kube-system', by('system:serviceaccount:kube-system:dashboard'), 'deny'],
    [
      'a controller of the same name elsewhere',
      by('system:serviceaccount:shop:daemon-set-controller'),
      'deny',
    ],
    ['an administrator', by('admin', 'system:masters'), 'deny'],
  ])('hold for pods made by %s: %s', (_name, who, action) => {
    expect(judged({ object: exporter, ...who }, exempting).action).toBe(action)
  })
  test('hold when somebody labels the pod later', () => {
    const labelled = owned('DaemonSet', 'exporter', { labels: { seen: 'yes' } })
    expect(judged({ ...update(exporter, labelled), ...by('jane') }, exempting).action).toBe('allow')
  })
  test('do not hold for a pod that is given the owner later', () => {
    const before = podOf({ spec: { hostNetwork: true } })
    const debug = {
      ephemeralContainers: [{ name: 'd', image: 'x', securityContext: { privileged: true } }],
    }
    const after = owned('DaemonSet', 'exporter', { spec: { hostNetwork: true, ...debug } })
    expect(judged({ ...update(before, before), ...by('jane') }, exempting).action).toBe('warn')
    expect(ownerIsTrue(review({ ...update(before, after), ...by('jane') }), new Map())).toBe(false)
    expect(ownerIsTrue(review({ ...update(before, after), ...daemonSets }), new Map())).toBe(true)
  })
  test('another controller counts when whoever runs the webhook says so, for its kinds', () => {
    const who = by('system:serviceaccount:ops:exporters')
    const house = (kinds: string[] | null): House => ({
      exclusions: [],
      controllers: new Map([['system:serviceaccount:ops:exporters', kinds]]),
    })
    const act = (kinds: string[] | null) =>
      judged({ object: exporter, ...who }, exempting, house(kinds)).action
    expect([act(['DaemonSet']), act(null), act(['Job'])]).toEqual(['allow', 'allow', 'deny'])
  })
})

describe('the last day of an exemption is a day in UTC', () => {
  const known = (today: string): Knowledge => ({
    ...knowing('deny', {
      exemptions: [{ owner: 'o', reason: 'r', expires: '2026-11-21', namespaces: {} }],
    }),
    today,
  })
  test.each([
    ['2026-11-20', 'allow'],
    ['2026-11-21', 'allow'],
    ['2026-11-22', 'deny'],
  ])('on %s: %s', (today, action) => {
    const found = judged({ object: podOf() }, known(today))
    expect(found.action).toBe(action)
    expect(found.ids.includes('exemption-expired')).toBe(action === 'deny')
  })
})

test('a check that a pod did not pass before the update warns; one that it passed before denies', () => {
  const checks = [
    { name: 'owner-label', expression: 'has(object.metadata.labels.team)', message: 'm' },
  ]
  const known = knowing('deny', { checks })
  const [labelled, plain] = [istioPod({ labels: { team: 'a' } }), istioPod()]
  expect(judged(update(plain, istioPod({ labels: { x: 'y' } })), known).action).toBe('warn')
  expect(judged(update(labelled, istioPod({ labels: { x: 'y' } })), known).action).toBe('deny')
  const asks = [
    {
      name: 'who',
      expression: "request.userInfo.username != 'jane' || object == oldObject",
      message: 'm',
    },
  ]
  expect(
    judged(update(plain, istioPod({ labels: { x: 'y' } })), knowing('deny', { checks: asks }))
      .action,
  ).toBe('deny')
})
