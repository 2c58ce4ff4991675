// SPDX-License-Identifier: Apache-2.0
// Knowledge from watches: ready when all of it was read, changed object by object, and kept when nobody answers.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog, createMetrics } from '../../../runtime/src/index.ts'
import { coveragePolicy, istioConfiguration } from '../specimens.ts'
import { liveKnowledge, type Affected, type LiveKnowledge } from './live-knowledge.ts'
import { specimenApi, type SpecimenApi } from './specimen-api.ts'

let api: SpecimenApi
let knowledge: LiveKnowledge
beforeEach(async () => {
  api = await specimenApi()
})
afterEach(async () => {
  await knowledge.stop()
  await api.close()
})

function start(changed?: (affected: Affected) => void): void {
  knowledge = liveKnowledge({
    ...{ cluster: api.cluster, log: createLog({ level: 'silent' }), metrics: createMetrics() },
    ...{ profiles: [], policies: () => [] },
    ...(changed === undefined ? {} : { changed }),
    times: { backOffMs: 20, longestBackOffMs: 50 },
  })
}
const becomes = <T>(what: () => T, wanted: unknown) =>
  expect.poll(what, { timeout: 20_000, interval: 20 }).toEqual(wanted)
const namespace = (name: string, labels: object = {}) =>
  api.put(`/api/v1/namespaces/${name}`, {
    ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
  })
const policies = '/apis/underpin.dev/v1alpha1/coveragepolicies'
const injectors = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

test('what changes is known, and what became wrong stays as it was', async () => {
  namespace('shop', { tier: 'prod' })
  api.put(`${policies}/mesh`, { ...coveragePolicy('deny') })
  api.put(`${injectors}/istio`, istioConfiguration('default', ['namespace']))
  start()
  expect(knowledge.ready()).not.toBe(null)
  await becomes(() => knowledge.ready(), null)
  const label = () => knowledge.current().namespaces.get('shop')?.labels.get('tier')
  const modes = () =>
    knowledge.current().policies.map(({ policy }) => policy.spec.namespaces[0]?.mode)
  expect([label(), modes(), knowledge.current().injectors.length]).toEqual(['prod', ['deny'], 1])
  expect(knowledge.current().objects?.complete.has('MutatingWebhookConfiguration')).toBe(true)
  namespace('shop', { tier: 'test' })
  namespace('late', {})
  await becomes(label, 'test')
  await becomes(() => knowledge.current().namespaces.has('late'), true)
  api.put('/api/v1/namespaces/late', null)
  await becomes(() => knowledge.current().namespaces.has('late'), false)
  api.put(`${injectors}/another`, istioConfiguration('canary', ['object', 'namespace']))
  await becomes(() => knowledge.current().injectors.length, 3)
  api.put(`${injectors}/istio`, null)
  await becomes(() => knowledge.current().injectors.length, 2)
  api.put(`${policies}/mesh`, { ...coveragePolicy('deny'), spec: { meshes: ['istio'], wrong: 1 } })
  namespace('after', {})
  await becomes(() => knowledge.current().namespaces.has('after'), true)
  expect(modes()).toEqual(['deny'])
  api.put(`${policies}/mesh`, { ...coveragePolicy('audit') })
  await becomes(modes, ['audit'])
  api.put(`${policies}/mesh`, null)
  await becomes(modes, [])
})

test('nobody answers: the last that was known stays, and then it goes on', async () => {
  namespace('shop', { tier: 'prod' })
  start()
  await becomes(() => knowledge.ready(), null)
  api.away = true
  await new Promise((done) => setTimeout(done, 300))
  expect(knowledge.ready()).toBe(null)
  expect(knowledge.current().namespaces.has('shop')).toBe(true)
  api.put('/api/v1/namespaces/shop', null)
  namespace('other')
  api.away = false
  await becomes(() => knowledge.current().namespaces.has('other'), true)
})

test('who judges again is told whom: what says nothing new concerns nobody', async () => {
  const told: string[] = []
  namespace('shop', { tier: 'prod' })
  api.put(`${policies}/mesh`, { ...coveragePolicy('deny') })
  api.put(`${injectors}/istio`, istioConfiguration('default', ['namespace']))
  start((affected) => void told.push(affected === 'all' ? 'all' : [...affected].join()))
  await becomes(() => knowledge.ready(), null)
  await becomes(() => knowledge.current().namespaces.has('shop'), true)
  told.length = 0
  const status = { matched: 3, uncovered: 1 }
  api.put(`${policies}/mesh`, { ...coveragePolicy('deny'), status })
  const { webhooks, ...rest } = istioConfiguration('default', ['namespace'])
  const fresh = (webhooks as object[]).map((one) => ({
    ...one,
    clientConfig: { caBundle: 'bmV3' },
  }))
  const metadata = { ...(rest['metadata'] as object), generation: 2 }
  api.put(`${injectors}/istio`, { ...rest, webhooks: fresh, metadata })
  api.put('/api/v1/nodes/one', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one' } })
  namespace('shop', { tier: 'prod' })
  namespace('shop', { tier: 'test' })
  await becomes(() => told.filter((one) => one !== ''), ['shop'])
  api.put(`${injectors}/istio`, null)
  await becomes(() => told.at(-1), 'all')
})
