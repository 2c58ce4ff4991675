// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { createLog, createMetrics, type Cluster } from '../../runtime/src/index.ts'
import { eventTeller } from './events.ts'

it('tells so many at once and counts what it holds back', () => {
  const sent: { namespace: string; note: string }[] = []
  const answer = Promise.resolve({ status: 201, body: null, retryAfterMs: null })
  // What is on the other side of the network.
  const cluster: Cluster = {
    name: 'none',
    get: () => answer,
    stream: () => answer,
    send: ({ path, body }) => {
      sent.push({
        namespace: /namespaces\/([^/]+)/.exec(path)?.[1] ?? '',
        note: (body as { note: string }).note,
      })
      return answer
    },
  }
  const metrics = createMetrics()
  const teller = eventTeller({
    ...{ cluster, identity: 'me', signal: new AbortController().signal },
    log: createLog({ level: 'silent' }),
    written: metrics.counter('events', 'e', ['outcome']),
    burst: 5,
    perSecond: 0,
  })
  const node = { apiVersion: 'v1', kind: 'Node', name: 'node-1' }
  for (let at = 0; at < 1000; at++) teller(node, { type: 'Normal', reason: 'R', note: `n${at}` })
  // Of what has no namespace, the API server takes Events in this one only.
  expect(sent).toEqual([0, 1, 2, 3, 4].map((at) => ({ namespace: 'default', note: `n${at}` })))
  expect(metrics.text()).toContain('events{outcome="held-back"} 995')
})
