// SPDX-License-Identifier: Apache-2.0
// The agent in a cluster: `enforce` with the API server as its source, and the node's state written back to it.
import type { Cluster, Log, Metrics, WatchTimes } from '../../../runtime/src/index.ts'
import { enforce, type Agent, type EnforceOptions } from '../enforce.ts'
import { agentMetrics } from './agent-metrics.ts'
import { watchOwnDaemonSet, type DaemonSetName } from './own-daemon-set.ts'
import { nodeStateOf } from './node-state.ts'
import { writeNodeState } from './node-state-writer.ts'
import { ClusterSource } from './source.ts'

export interface ClusterAgentOptions extends Omit<EnforceOptions, 'policies' | 'pods' | 'source'> {
  cluster: Cluster
  /** Name of this node's object in the cluster. */
  node: string
  /** Folder for what was known last; outlives a reboot. */
  keep: string
  version: string
  /** namespace/name of the agent's own pod. */
  pod?: string
  metrics?: Metrics
  log: Log
  watchTimes?: Partial<WatchTimes>
  patienceMs?: number
  /** The agent's own; when it is deleted nothing changes any more. */
  daemonSet?: DaemonSetName
  writeEveryMs?: number
  /** Ends also a start that waits for the API server. */
  signal?: AbortSignal
}

export interface ClusterAgent extends Agent {
  /** By kind: the API server told it, or it is what was kept. */
  live: () => Record<string, boolean>
  /** Whether it ends because it is uninstalled. */
  uninstalled: () => Promise<boolean>
  /** Ends the agent; what is in force stays in force. */
  stop: () => void
}

export async function enforceCluster(options: ClusterAgentOptions): Promise<ClusterAgent> {
  const { cluster, node, keep, log, metrics, version, pod, watchTimes, patienceMs } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, ...(options.signal ? [options.signal] : [])])
  const own =
    options.daemonSet &&
    watchOwnDaemonSet(options.daemonSet, {
      ...{ cluster, log, signal },
      ...(watchTimes && { times: watchTimes }),
    })
  const source = new ClusterSource({
    ...{ cluster, node, keep, log, signal },
    ...(own && { frozen: () => own.isDeleted() }),
    ...(watchTimes && { times: watchTimes }),
    ...(patienceMs !== undefined && { patienceMs }),
  })
  let agent: Agent
  try {
    agent = await enforce({ ...options, policies: [], pods: [], source })
  } catch (error) {
    ending.abort()
    throw error
  }
  const told = metrics && agentMetrics(metrics, agent, source)
  const written = writeNodeState({
    ...{ cluster, node, log, signal },
    status: () =>
      nodeStateOf({
        inside: agent.inside(),
        state: agent.state(),
        version,
        ...(pod !== undefined && { pod }),
        marks: source.marks(),
        policies: (containers) => source.policyStates(containers),
        now: Date.now(),
      }),
    ...(told && { wrote: told.wrote }),
    ...(options.writeEveryMs !== undefined && { everyMs: options.writeEveryMs }),
  })
  written.catch((err: unknown) => log.error({ err }, 'node state is not written any more'))
  return {
    ...agent,
    live: () => source.live(),
    uninstalled: async () => (await own?.wasDeleted()) ?? false,
    stop: () => {
      ending.abort()
      source.keep()
      agent.stop()
    },
  }
}
