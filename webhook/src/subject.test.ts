// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { podOf } from './specimens.ts'
import { carriers, subjectKey, subjectOf, subjectsOf } from './subject.ts'
import { workloadKinds } from './template-paths.ts'

const pod = podOf({ labels: { a: 'b' } })
const template = { metadata: pod.metadata, spec: pod.spec }

const shapes: Record<string, [object, string]> = {
  Pod: [{ spec: pod.spec }, ''],
  PodTemplate: [{ template }, 'template.'],
  CronJob: [{ spec: { jobTemplate: { spec: { template } } } }, 'spec.jobTemplate.spec.template.'],
}
const usual: [object, string] = [{ spec: { template } }, 'spec.template.']

test.each(workloadKinds)('%s has its pods found, with the right paths', (kind) => {
  const [shape, prefix] = shapes[kind] ?? usual
  const subject = subjectOf({ kind, apiVersion: 'x/v1', metadata: pod.metadata, ...shape })
  expect(subject?.pod.prefix).toBe(prefix)
  expect(subject?.pod.labels.get('a')).toBe('b')
  expect(subject?.pod.containers[0]?.path).toBe(`${prefix}spec.containers[0]`)
  expect(subject?.finished).toBe(false)
})

test.each([
  ['no workload', { kind: 'Service' }],
  ['an inherited name', { kind: 'constructor' }],
  ['a Rollout that points to a Deployment', { kind: 'Rollout', spec: { workloadRef: {} } }],
  ['no object', null],
])('%s is no subject', (_name, object) => {
  expect(subjectOf(object)).toBeNull()
})

test('a pod with an UID has been through admission', () => {
  const metadata = { ...(pod.metadata as object), uid: 'u' }
  expect(subjectOf({ ...pod, metadata })?.finished).toBe(true)
  expect(subjectOf(pod, { finished: true })?.finished).toBe(true)
})

test('names: generateName, and the namespace of the request', () => {
  const subject = subjectOf(
    { kind: 'Pod', metadata: { generateName: 'cart-' } },
    { namespace: 'n' },
  )
  expect(subject === null ? '' : subjectKey(subject)).toBe('Pod/n/cart-')
})

describe('the owner', () => {
  const owned = (kind: string, name: string, labels = {}) =>
    subjectOf({
      kind: 'Pod',
      metadata: { name: 'p', labels, ownerReferences: [{ kind, name, controller: true }] },
    })?.owner
  test('is the controller', () => {
    expect(owned('DaemonSet', 'exporter')).toEqual({ kind: 'DaemonSet', name: 'exporter' })
  })
  test('of a ReplicaSet with a template hash is the Deployment', () => {
    const labels = { 'pod-template-hash': '5d8f' }
    expect(owned('ReplicaSet', 'cart-5d8f', labels)).toEqual({ kind: 'Deployment', name: 'cart' })
    expect(owned('ReplicaSet', 'cart')).toEqual({ kind: 'ReplicaSet', name: 'cart' })
  })
})

test('what carries labels above the pods: the workload, and its parts', () => {
  const cron = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'a', labels: { at: 'workload' } },
    spec: {
      jobTemplate: {
        metadata: { labels: { at: 'job' } },
        spec: { template: { metadata: { labels: { at: 'pod' } }, spec: { containers: [] } } },
      },
    },
  }
  const [subject] = subjectsOf(cron)
  if (subject === undefined) throw new Error('no workload')
  expect(carriers(subject).map(({ path, labels }) => [path, labels.get('at')])).toEqual([
    ['metadata', 'workload'],
    ['spec.jobTemplate.metadata', 'job'],
  ])
})

test.each([
  ['its UID', { metadata: { name: 'a', uid: 'b' } }, true],
  ['its version', { metadata: { name: 'a', resourceVersion: '7' } }, true],
  [
    'the time of its creation',
    { metadata: { name: 'a', creationTimestamp: '2030-01-01T00:00:00Z' } },
    true,
  ],
  ['an empty time, as tools write it', { metadata: { name: 'a', creationTimestamp: null } }, false],
  ['its start', { metadata: { name: 'a' }, status: { startTime: '2030-01-01T00:00:00Z' } }, true],
  ['an empty status', { metadata: { name: 'a' }, status: {} }, false],
])('a pod that the API server has made, by %s', (_name, more, finished) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [] }, ...more }
  expect(subjectsOf(pod).map((one) => one.finished)).toEqual([finished])
})
