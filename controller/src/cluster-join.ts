// SPDX-License-Identifier: Apache-2.0
// The join of a cluster, read once: for a person who asks. Everything is read as the controller reads it, and let go.

import { setTimeout as sleep } from 'node:timers/promises'
import { nodeStateKind, type NodeState } from '../../policies/src/index.ts'
import { UnderpinError, watchObjects } from '../../runtime/src/index.ts'
import { watchCluster, type LiveOptions } from '../../webhook/src/index.ts'
import { byExposure, sumsOf, type JoinRow, type JoinSums } from './join.ts'
import { sumPlaced, type PlacedSum } from './ledger-sums.ts'
import { factsOf, Pool, type NodeFacts } from './node-facts.ts'
import { Picture } from './picture.ts'

export type JoinOptions = Omit<LiveOptions, 'changed' | 'signal'> & {
  namespace?: string
  /** Told what is read, for a person who waits. */
  progress?: (words: string) => void
  timeoutMs?: number
}

export type ClusterJoin = {
  rows: JoinRow[]
  sums: JoinSums
  /** What was denied or would be, on all nodes. */
  ledger: PlacedSum[]
  nodes: { count: number; omitted: number }
  /** What could not be read: the join is incomplete. */
  problems: string[]
}

export async function readJoin(options: JoinOptions): Promise<ClusterJoin> {
  const { cluster, namespace, progress, timeoutMs = 300_000 } = options
  const { apiVersion, plural } = nodeStateKind
  const stop = new AbortController()
  const { signal } = stop
  const pool = new Pool()
  let unreadable = ''
  try {
    const live = watchCluster({ ...options, signal, settleMs: 0, changed: () => undefined })
    const nodes = watchObjects<NodeFacts>(
      cluster,
      {
        path: `/apis/${apiVersion}/${plural}`,
        slim: (object) => factsOf(object as unknown as NodeState, pool),
        pageSize: 100,
      },
      {
        signal,
        changed: () => undefined,
        failed(reason) {
          unreadable = reason
        },
      },
    )
    const until = Date.now() + timeoutMs
    for (;;) {
      const refused = /^status 40[13]/.test(unreadable)
      const missing = live.missing() ?? (nodes.isSynced() || refused ? null : 'nodestates')
      if (missing === null) break
      progress?.(`${live.records.size} workloads and pods; reading ${missing}`)
      if (Date.now() > until) {
        throw new UnderpinError('incomplete', {
          operation: 'read the cluster',
          object: cluster.name,
          found: `${missing} not read${live.problems().length > 0 ? ` (${live.problems()[0] ?? ''})` : ''}`,
          expected: `everything within ${timeoutMs / 1000} seconds`,
          remedy: 'underpin scan --cluster tells what may be read with these credentials',
        })
      }
      await sleep(50)
    }
    const picture = new Picture(live.records)
    picture.changed([...live.records.values()])
    for (const facts of nodes.objects.values()) picture.told(facts.node, facts)
    const all = [...nodes.objects.values()]
    const isAsked = (place: string | undefined) => namespace === undefined || place === namespace
    const rows = [...picture.rows()].filter((row) => isAsked(row.namespace)).sort(byExposure)
    const ledger = [...picture.ledger()].filter(({ row }) => isAsked(row.pod?.namespace ?? ''))
    return {
      rows,
      sums: sumsOf(rows),
      ledger: sumPlaced(ledger),
      nodes: {
        count: all.length,
        omitted: all.reduce((sum, { omitted }) => sum + omitted.containers, 0),
      },
      problems: [...live.problems(), ...(nodes.isSynced() ? [] : [`nodestates: ${unreadable}`])],
    }
  } finally {
    stop.abort()
  }
}
