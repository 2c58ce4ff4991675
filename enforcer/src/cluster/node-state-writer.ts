// SPDX-License-Identifier: Apache-2.0
// Writes the node's own NodeState: when something is another than written last, at most every ten seconds; when only
// counts grew, at most every minute. Whether it can be written changes nothing in force.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  nodeStateKind,
  sameButCounts,
  sameNodeState,
  type NodeStateStatus,
} from '../../../policies/src/index.ts'
import { reasonOf, type Cluster, type ClusterAnswer, type Log } from '../../../runtime/src/index.ts'

export interface WriterOptions {
  cluster: Cluster
  node: string
  /** Made anew at each look; only what differs is written. */
  status: () => Promise<NodeStateStatus>
  log: Log
  signal: AbortSignal
  /** Once for each attempt. */
  wrote?: (ok: boolean) => void
  everyMs?: number
  countsEveryMs?: number
  /** Written again after so long, whether or not it changed: somebody may have deleted it. */
  refreshMs?: number
}

const { apiVersion, kind, plural } = nodeStateKind
const collection = `/apis/${apiVersion}/${plural}`

export async function writeNodeState(options: WriterOptions): Promise<void> {
  const { log, signal, everyMs = 10_000, countsEveryMs = 60_000, refreshMs = 1_800_000 } = options
  let written: { status: NodeStateStatus; at: number } | undefined
  let failures = 0
  while (!signal.aborted) {
    try {
      const status = await options.status()
      const age = Date.now() - (written?.at ?? 0)
      const same = written && sameNodeState(status, written.status) && age < refreshMs
      const later = written && age < countsEveryMs && sameButCounts(status, written.status)
      if (!same && !later) {
        await write(options, status)
        written = { status, at: Date.now() }
        options.wrote?.(true)
        if (failures > 0) log.info({ node: options.node }, 'node state is written again')
        failures = 0
      }
    } catch (error) {
      if (signal.aborted) return
      failures++
      options.wrote?.(false)
      if (failures === 1 || failures % 30 === 0)
        log.warn({ node: options.node, reason: reasonOf(error) }, 'node state could not be written')
    }
    const wait = everyMs * Math.min(6, 1 + failures) * (1 + Math.random() / 10)
    await sleep(wait, undefined, { signal }).catch(() => undefined)
  }
}

async function write({ cluster, node, signal }: WriterOptions, status: NodeStateStatus) {
  const path = `${collection}/${encodeURIComponent(node)}`
  // Not as a merge patch, which takes every null out of the lists it brings: a row of the ledger has such fields.
  const patch = () =>
    cluster.send({
      ...{ method: 'PATCH', path: `${path}/status`, signal },
      contentType: 'application/json-patch+json',
      body: [{ op: 'add', path: '/status', value: status }],
    })
  const answer = await patch()
  if (answer.status !== 404) return need(answer)
  const owner = await cluster.get(`/api/v1/nodes/${encodeURIComponent(node)}`, signal)
  const uid = (owner.body as { metadata?: { uid?: string } } | null)?.metadata?.uid
  const made = await cluster.send({
    method: 'POST',
    path: collection,
    signal,
    body: {
      apiVersion,
      kind,
      metadata: {
        name: node,
        labels: { 'app.kubernetes.io/managed-by': 'underpin' },
        // Goes with its node. Without the right to read nodes, or without the node, it stays until it is deleted.
        ...(owner.status === 200 &&
          uid !== undefined && {
            ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid }],
          }),
      },
    },
  })
  if (made.status !== 409) need(made)
  need(await patch())
}

function need({ status, body }: ClusterAnswer): void {
  if (status < 300) return
  const { message = '' } = (body ?? {}) as { message?: string }
  throw new Error(`status ${status}: ${message.slice(0, 500)}`)
}
