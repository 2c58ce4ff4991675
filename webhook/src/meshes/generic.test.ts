// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { app, deploymentOf, podOf, type Manifest } from '../specimens.ts'
import { cover, runCases, type Case } from './cases.ts'
import { profileFrom } from './generic.ts'

const yaml = `
apiVersion: underpin.dev/v1alpha1
kind: MeshProfile
metadata: { name: acme }
title: Acme
webhook:
  names: ["*.inject.acme.example"]
  failurePolicy: Ignore
  namespaceSelector: { matchLabels: { acme.example/mesh: "on" } }
inject:
  namespace: { in: label, key: acme.example/mesh, on: ["on"], off: ["off"] }
  pod: { in: annotation, key: acme.example/inject, on: ["yes"], off: ["no"] }
  skipsHostNetwork: true
  ignoredNamespaces: [acme-system]
  marker: { in: annotation, key: acme.example/status }
sidecar:
  containers: [acme-proxy]
  images: [registry.example/acme/proxy]
  args: [run, --sidecar]
  ports: [15999]
  user: 4711
capture: { by: init, containers: [acme-init], images: [registry.example/acme/init] }
`

const acme = meshOf(yaml)
const proxy: Manifest = {
  name: 'acme-proxy',
  image: 'registry.example/acme/proxy:1',
  args: ['run', '--sidecar', '--quiet'],
  securityContext: { runAsUser: 4711 },
}
const init: Manifest = { name: 'acme-init', image: 'registry.example/acme/init:1' }
const status = { 'acme.example/status': 'injected' }
const injected = (change: { proxy?: Manifest; init?: Manifest[]; app?: Manifest } = {}): Manifest =>
  podOf({
    annotations: status,
    containers: [
      { ...app, ...change.app },
      { ...proxy, ...change.proxy },
    ],
    initContainers: change.init ?? [init],
  })
const note = (value: string) => ({ annotations: { 'acme.example/inject': value } })

const cases: Case[] = [
  { name: 'namespace on', object: deploymentOf(), verdict: 'covered' },
  {
    name: 'namespace on, pod no',
    object: deploymentOf(note('no')),
    verdict: 'not-injected',
    reason: 'optout-annotation-others',
    path: 'spec.template.metadata.annotations[acme.example/inject]',
  },
  { name: 'an unknown word is nothing', object: deploymentOf(note('No')), verdict: 'covered' },
  {
    name: 'namespace without the label: the selector does not take it',
    object: deploymentOf(note('yes')),
    namespace: {},
    verdict: 'not-injected',
    reason: 'ns-selector-evasion',
  },
  {
    name: 'hostNetwork',
    object: deploymentOf({ spec: { hostNetwork: true } }),
    verdict: 'not-injected',
    reason: 'host-network',
  },
  {
    name: 'ignored namespace',
    object: deploymentOf(),
    namespaceName: 'acme-system',
    verdict: 'not-injected',
    reason: 'ignored-namespace',
  },
  {
    name: 'marker without sidecar',
    object: podOf({ annotations: status }),
    finished: true,
    verdict: 'not-injected',
    reason: 'forged-injected-marker',
  },
  {
    name: 'foreign image',
    object: injected({ proxy: { image: 'evil.example/acme/proxy:1' } }),
    finished: true,
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'a mirror that the settings name',
    object: injected({ proxy: { image: 'mirror.example/proxy:1' } }),
    settings: { images: ['mirror.example/proxy'] },
    finished: true,
    verdict: 'covered',
  },
  {
    name: 'other arguments',
    object: injected({ proxy: { args: ['run'] } }),
    finished: true,
    verdict: 'not-injected',
    reason: 'fake-sidecar-name',
  },
  {
    name: 'no redirect',
    object: injected({ init: [] }),
    finished: true,
    verdict: 'blind',
    reason: 'capture-missing',
  },
  {
    name: 'init container ahead of the redirect',
    object: injected({ init: [{ ...app, name: 'first' }, init] }),
    finished: true,
    verdict: 'blind',
    reason: 'init-before-capture',
  },
  {
    name: 'application as the user of the proxy',
    object: injected({ app: { securityContext: { runAsUser: 4711 } } }),
    finished: true,
    verdict: 'blind',
    reason: 'app-as-proxy-uid',
  },
]

runCases(acme, cases, injected())

describe('profiles', () => {
  test('the entry of a webhook is found by its name', () => {
    expect(acme.isInjector('pods.inject.acme.example')).toBe(true)
    expect(acme.isInjector('pods.inject.acmeXexample')).toBe(false)
    expect(acme.isInjector('pods.inject.acme.example.org')).toBe(false)
  })

  test('a sidecar that captures nothing is told of, and is covered', () => {
    const mesh = meshOf(yaml.replace(/capture: .*/, 'capture: { by: none }'))
    const { verdict, hits } = cover(mesh, { object: injected({ init: [] }), finished: true })
    expect([verdict, hits.map((hit) => hit.id)]).toEqual(['covered', ['non-capturing-sidecar']])
  })

  test('with a plugin, its annotation must be there', () => {
    const text = yaml.replace(/capture: .*/, 'capture: { by: cni, annotation: acme.example/cni }')
    const object = injected({ init: [] })
    expect(cover(meshOf(text), { object, finished: true }).reason).toBe('capture-missing')
  })

  test('all problems at once, each with its path', () => {
    const { mesh, problems } = profileFrom(
      'kind: MeshProfile\nname: A b\nfoo: 1\ninject: { pod: { in: body, key: 3 } }\nsidecar: { containers: x, images: [i] }\ncapture: { by: magic }\n',
    )
    expect(mesh).toBeNull()
    expect(problems.map(({ path }) => path)).toEqual([
      ...['foo', 'name', 'inject.pod.in', 'inject.pod.key', 'inject.pod.key'],
      ...['sidecar.containers', 'sidecar.containers', 'capture.by'],
    ])
  })

  test.each(['', '- a', 'a: [1', 'a: 1\n---\nb: 2'])('no profile: %j', (text) => {
    expect(profileFrom(text).mesh).toBeNull()
    expect(profileFrom(text).problems.length).toBeGreaterThan(0)
  })
})

function meshOf(text: string) {
  const { mesh, problems } = profileFrom(text)
  if (mesh === null) throw new Error(JSON.stringify(problems))
  return mesh
}
