// SPDX-License-Identifier: Apache-2.0
// A bare pod that should have its sidecar: which of the ways past the injector was it?
import { expect, test } from 'vitest'
import { cover } from '../meshes/cases.ts'
import { istio } from '../meshes/istio.ts'
import { istioConfiguration, podOf, type Manifest } from '../specimens.ts'

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 12, minute)).toISOString()

function why(created: number, registered: number, failurePolicy: string, ready: number[] = []) {
  const pod = podOf()
  const object = {
    ...pod,
    metadata: { ...(pod.metadata as Manifest), creationTimestamp: at(created) },
  }
  const made = istioConfiguration('default', ['namespace', 'object'])
  const configuration: Manifest = {
    ...made,
    metadata: { ...(made.metadata as Manifest), creationTimestamp: at(registered) },
    webhooks: (made.webhooks as Manifest[]).map((one) => ({ ...one, failurePolicy })),
  }
  const nodes = ready.map((minute, index): Manifest => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `n${index}` },
    status: { conditions: [{ type: 'Ready', lastTransitionTime: at(minute) }] },
  }))
  return cover(istio, {
    object,
    finished: true,
    configurations: [configuration],
    objects: [configuration, ...nodes],
  })
}

test('older than the injector', () => {
  expect(why(1, 2, 'Ignore').reason).toBe('pods-predate-injection')
})

test('the injector let it pass', () => {
  expect(why(3, 2, 'Ignore').reason).toBe('failure-policy-ignore')
})

test('with the nodes of the whole cluster, not with one new node', () => {
  expect(why(40, 2, 'Ignore', [38, 39]).reason).toBe('bootstrap-window')
  expect(why(40, 2, 'Ignore', [5, 39]).reason).toBe('failure-policy-ignore')
})

test('no entry lets anything pass, so it came past admission', () => {
  expect(why(3, 2, 'Fail')).toMatchObject({ verdict: 'not-injected', reason: 'etcd-or-restore' })
})
