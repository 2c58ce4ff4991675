// SPDX-License-Identifier: Apache-2.0
// What a cluster's monitoring can ask the agent: is its plan current, what was denied, how long has the API server been
// silent. Numbers are read when they are asked for.
import type { Metrics } from '../../../runtime/src/index.ts'
import type { Agent } from '../enforce.ts'
import { readCounters } from '../kernel/maps.ts'
import { readRest } from '../report/records.ts'
import { Outcome } from '../kernel/abi.gen.ts'
import type { ClusterSource } from './source.ts'

export function agentMetrics(metrics: Metrics, agent: Agent, source: ClusterSource) {
  const gauge = (name: string, help: string, labels: string[] = []) =>
    metrics.gauge(`underpin_agent_${name}`, help, labels)
  const generation = gauge('plan_generation', 'Generation of the plan in force.')
  const applied = gauge('plan_applied_timestamp_seconds', 'When that plan was put in force.')
  const policies = gauge('policies', 'Policies by what became of them here.', ['state'])
  const silence = gauge(
    'watch_silence_seconds',
    'How long ago the API server last said anything about a kind; -1: never.',
    ['kind'],
  )
  const live = gauge('watch_live', '1: the API server told it; 0: kept from before.', ['kind'])
  const counted = gauge('kernel_events', 'What the kernel programs counted, by event.', ['event'])
  const denials = gauge('denials', 'Denials and would-be denials.', ['verdict'])
  const memory = gauge('resident_memory_bytes', 'Memory of the process.')
  const writes = metrics.counter(
    'underpin_agent_node_state_writes_total',
    'Writes of the node state.',
    ['result'],
  )
  metrics.beforeScrape(() => {
    const state = agent.state()
    generation.set(state.generation)
    applied.set(state.applied === '' ? 0 : Date.parse(state.applied) / 1000)
    const states = source.policyStates(new Map())
    for (const one of ['inForce', 'failed'] as const)
      policies.set(states.filter((policy) => policy.state === one).length, { state: one })
    for (const [kind, seconds] of source.silence()) silence.set(seconds ?? -1, { kind })
    for (const [kind, is] of Object.entries(source.live())) live.set(is ? 1 : 0, { kind })
    const { tables } = agent.inside()
    for (const [event, value] of Object.entries(readCounters(tables.counters)))
      counted.set(value, { event })
    const sums = { denied: 0, 'would-deny': 0 }
    for (const [{ outcome }, { count }] of tables.ledger.entries())
      sums[outcome === Outcome.DENIED ? 'denied' : 'would-deny'] += Number(count)
    for (const { outcome, count } of readRest(tables)) sums[outcome] += count
    for (const [verdict, value] of Object.entries(sums)) denials.set(value, { verdict })
    memory.set(process.memoryUsage().rss)
  })
  return { wrote: (ok: boolean) => writes.add({ result: ok ? 'ok' : 'failed' }) }
}
