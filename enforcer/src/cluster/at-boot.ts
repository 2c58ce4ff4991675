// SPDX-License-Identifier: Apache-2.0
// What a node knew last, in force before its first pod starts: without an API server, and without an agent afterwards. The
// agent of the DaemonSet takes it over.
import { enforce } from '../enforce.ts'
import type { State } from '../state.ts'
import type { ClusterAgentOptions } from './agent.ts'
import { ClusterSource } from './source.ts'

export type AtBootOptions = Omit<ClusterAgentOptions, 'cluster' | 'version' | 'metrics'>

/** Answers what is in force then; null: nothing is known of the cluster, and nothing was changed. */
export async function enforceAtBoot(options: AtBootOptions): Promise<State | null> {
  const { node, keep, log } = options
  const ending = new AbortController()
  const source = new ClusterSource({ cluster: null, node, keep, log, signal: ending.signal })
  try {
    if (!source.isKept()) return null
    const agent = await enforce({ ...options, policies: [], pods: [], source, handOver: true })
    agent.stop()
    return agent.state()
  } finally {
    ending.abort()
  }
}
