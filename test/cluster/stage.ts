// SPDX-License-Identifier: Apache-2.0
// The stage of the differential test: namespaces and objects in the cluster, and the moment from which on the API server
// works with the webhooks that were written last.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ask } from './api.ts'
import type { Configuration } from './configurations.ts'
import { labels, type Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import { crd, objectOf, resources, type Plural, type Pool } from './requests.ts'

const registry = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
/** In these requests are made; the others are what requests for namespaces are about. */
const homes = Array.from({ length: 10 }, (_, at) => `n-${at}`)
const targets = Array.from({ length: 12 }, (_, at) => `m-${at}`)
const counts: Record<Plural, number> = {
  pods: 60,
  services: 12,
  configmaps: 12,
  serviceaccounts: 6,
  replicationcontrollers: 6,
  deployments: 24,
  statefulsets: 10,
  jobs: 0,
  widgets: 24,
}

async function must(ask: Ask, method: string, path: string, body?: unknown): Promise<void> {
  const { status, body: answer } = await ask(method, path, body)
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
}

export async function furnish(ask: Ask, random: Random): Promise<Pool> {
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await must(ask, 'POST', crds, crd('Widget', 'widgets', 'Namespaced'))
  await must(ask, 'POST', crds, crd('Gadget', 'gadgets', 'Cluster'))
  await must(ask, 'POST', crds, crd('Namespace', 'namespaces', 'Cluster'))
  for (const name of [...homes, ...targets, 'probe']) {
    await must(ask, 'POST', '/api/v1/namespaces', { metadata: { name, labels: labels(random) } })
  }
  for (const path of ['widgets', 'gadgets', 'namespaces']) await served(ask, path)
  const pool: Pool = { ...emptyPool(), namespaces: targets }
  for (const plural of Object.keys(counts) as Plural[]) {
    for (let at = 0; at < counts[plural]; at++) {
      const [name, namespace] = [`${plural}-${at}`, random.one(homes)]
      const path = `${resources[plural].api}/namespaces/${namespace}/${plural}`
      await must(ask, 'POST', path, objectOf(random, plural, name))
      pool[plural].push({ name, namespace })
    }
  }
  return pool
}

function emptyPool(): Record<Plural, { name: string; namespace: string }[]> {
  const lists = Object.keys(counts).map((plural) => [plural, []])
  return Object.fromEntries(lists) as Record<Plural, { name: string; namespace: string }[]>
}

async function served(ask: Ask, plural: string): Promise<void> {
  const ready = async (version: string) =>
    (await ask('GET', `/apis/example.test/${version}/${plural}`)).status === 200
  while (!(await ready('v1')) || !(await ready('v1beta1'))) await sleep(50)
}

export type NamespaceLabels = Map<string, Record<string, string>>

/** A round's webhooks and namespaces are in force when the last thing written is seen to be. */
export async function stage(
  ask: Ask,
  random: Random,
  recorder: Recorder,
  round: number,
  wanted: readonly Configuration[],
): Promise<{ raw: Configuration[]; stored: Configuration[]; namespaces: NamespaceLabels }> {
  await must(ask, 'DELETE', registry)
  await until(ask, recorder, `gone-${round}`, (paths) => paths.length === 0)
  for (const name of random.some([...homes, ...targets], 6)) {
    // A merge keeps what is not named, so every old label is named and removed.
    const removed = { team: null, env: null, 'istio-injection': null, 'istio.io/rev': null }
    const patch = { metadata: { labels: { ...removed, ...labels(random) } } }
    await must(ask, 'PATCH', `/api/v1/namespaces/${name}`, patch)
  }
  await must(ask, 'PATCH', '/api/v1/namespaces/probe', {
    metadata: { labels: { round: `r${round}` } },
  })
  const kept: Configuration[] = []
  const stored: Configuration[] = []
  for (const one of wanted) {
    const { status, body } = await ask('POST', registry, one)
    // Some random configurations are refused: two wildcards in one rule, a condition that is no bool.
    if (status !== 201) {
      if (process.env['UNDERPIN_VERBOSE']) console.log('refused', JSON.stringify(body['message']))
      continue
    }
    kept.push(one)
    stored.push(body as Configuration)
  }
  const all = ['*']
  const rules = [{ operations: all, apiGroups: all, apiVersions: all, resources: ['*/*'] }]
  const common = { sideEffects: 'None', admissionReviewVersions: ['v1'], rules }
  await must(ask, 'POST', registry, {
    metadata: { name: '000-first' },
    webhooks: [
      { ...common, name: 'first.recorder.test', clientConfig: recorder.client(`/first/${round}`) },
      {
        ...common,
        name: 'probe.recorder.test',
        clientConfig: recorder.client('/probe'),
        namespaceSelector: { matchLabels: { round: `r${round}` } },
      },
    ],
  })
  const last = [`/first/${round}`, '/probe']
  await until(ask, recorder, `probe-${round}`, (paths) =>
    last.every((path) => paths.includes(path)),
  )
  const list = (await ask('GET', '/api/v1/namespaces')).body as {
    items: { metadata: { name: string; labels?: Record<string, string> } }[]
  }
  const namespaces = new Map(
    list.items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  )
  return { raw: kept, stored, namespaces }
}

/** Until the API server calls for an object of the probe namespace what it should call. */
async function until(
  ask: Ask,
  recorder: Recorder,
  name: string,
  holds: (paths: string[]) => boolean,
): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const object = { metadata: { name: `${name}-${attempt}` } }
    // A random webhook may refuse it; the calls before that one count all the same.
    await ask('POST', '/api/v1/namespaces/probe/configmaps?dryRun=All', object)
    if (holds(recorder.take(object.metadata.name).map(({ path }) => path))) return
    await sleep(20)
  }
  throw new Error(`${name}: the API server does not work with the webhooks that it was given`)
}
