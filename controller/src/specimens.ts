// SPDX-License-Identifier: Apache-2.0
// Objects that tests start from: what a node says, and the records of a workload and its pods.

import type { NodeContainer, NodeLedgerRow, NodeState } from '../../policies/src/index.ts'
import type { Admission, LiveRecord } from '../../webhook/src/index.ts'

export const covered: Admission = {
  rows: [{ mesh: 'istio', verdict: 'covered', reason: null, basis: 'verified', assumed: [] }],
  findings: [],
  failed: null,
}

export const slipped: Admission = {
  rows: [
    {
      mesh: 'istio',
      verdict: 'not-injected',
      reason: 'host-network',
      basis: 'verified',
      assumed: [],
    },
  ],
  findings: [
    {
      ...{ id: 'host-network', mesh: 'istio', path: 'spec.hostNetwork', severity: 'high' },
      ...{ message: 'the pod uses the network of its node', remedy: 'use the pod network' },
    },
  ],
  failed: null,
}

export function recordOf(parts: Partial<LiveRecord> & { name: string }): LiveRecord {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', uid: `uid-${parts.name}` },
    ...{ controller: null, node: 'node-1', running: ['app'], mirrorOf: null, isJudged: true },
    admission: covered,
    ...parts,
  }
}

/** A Deployment, its ReplicaSet and so many pods. */
export function deployment(name: string, pods: number, admission: Admission): LiveRecord[] {
  const above = (kind: string, of: string) => ({
    ...{ apiVersion: 'apps/v1', kind, name: of, uid: `uid-${of}` },
  })
  const none = { node: '', running: [] }
  return [
    recordOf({ ...above('Deployment', name), ...none, admission }),
    recordOf({
      ...above('ReplicaSet', `${name}-1`),
      ...none,
      ...{ controller: above('Deployment', name), isJudged: false, admission: null },
    }),
    ...Array.from({ length: pods }, (_, at) =>
      recordOf({
        name: `${name}-1-${at}`,
        controller: above('ReplicaSet', `${name}-1`),
        admission,
      }),
    ),
  ]
}

export const containerOf = (pod: string, parts: Partial<NodeContainer> = {}): NodeContainer => ({
  pod: { namespace: 'shop', name: pod, uid: `uid-${pod}` },
  ...{ container: 'app', id: `id-${pod}`, kind: 'pod', cgroup: `/kubepods/${pod}/app` },
  ...{ enforced: false, audited: true, policies: ['RuntimePolicy/shop/checkout'] },
  ...parts,
})

export const rowOf = (pod: string, parts: Partial<NodeLedgerRow> = {}): NodeLedgerRow => ({
  ...{ policy: 'RuntimePolicy/shop/checkout', decision: 'exec', verdict: 'wouldDeny' },
  ...{ exe: '/tmp/xmrig', count: 3 },
  ...{ first: '2026-11-21T10:00:00Z', last: '2026-11-21T11:00:00Z' },
  pod: { namespace: 'shop', name: pod, uid: `uid-${pod}` },
  container: 'app',
  ...parts,
})

export function stateOf(
  node: string,
  status: Partial<NonNullable<NodeState['status']>> = {},
  uid = `uid-${node}`,
): NodeState {
  return {
    ...{ apiVersion: 'underpin.dev/v1alpha1', kind: 'NodeState' },
    metadata: {
      name: node,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid }],
    },
    status: {
      observedAt: '2026-11-21T11:00:00Z',
      agent: { version: '0.1.0', started: '2026-11-21T09:00:00Z' },
      kernel: { release: '6.12.0', mechanisms: [{ decision: 'exec', mechanism: 'lsm' }] },
      ...{ generation: 1, applied: '2026-11-21T09:00:00Z', problems: [], policies: [] },
      ...{ containers: [], ledger: [], counters: {} },
      omitted: { policies: 0, containers: 0, ledger: 0 },
      ...status,
    },
  }
}
