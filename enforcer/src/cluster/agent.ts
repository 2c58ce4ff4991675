// SPDX-License-Identifier: Apache-2.0
// The agent in a cluster: `enforce` with the API server as its source, and the node's state written back to it.
import { setImmediate } from 'node:timers/promises'
import type { NodeStateStatus } from '../../../policies/src/index.ts'
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
  /** Of one plan: what was begun with another one is begun again, and at last nothing comes between. */
  const status = async (): Promise<NodeStateStatus> => {
    for (let left = 2; ; left--) {
      const inside = agent.inside()
      const found = await nodeStateOf(
        {
          ...{ inside, version, marks: source.marks(), now: Date.now() },
          state: agent.state(),
          ...(pod !== undefined && { pod }),
          policies: (containers) => source.policyStates(containers),
        },
        left > 0 ? () => setImmediate(undefined, { signal }) : () => Promise.resolve(),
      )
      if (agent.inside().applied === inside.applied) return found
    }
  }
  const told = metrics && agentMetrics(metrics, agent, source)
  const written = writeNodeState({
    ...{ cluster, node, log, signal, status },
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
