// SPDX-License-Identifier: Apache-2.0
// What the controller tells Prometheus: how the cluster stands, and how the controller does.

import type { Counter, Histogram, Metrics } from '../../runtime/src/index.ts'
import type { LiveCluster } from '../../webhook/src/index.ts'
import { joinStates, kernelStates } from './join.ts'
import type { Picture } from './picture.ts'
import type { ReportWriter } from './report-writer.ts'

type Described = {
  picture: Picture
  live: LiveCluster
  writer: ReportWriter | null
  missing: string | null
}

export type ControllerMetrics = {
  reportWrites: Counter
  statusWrites: Counter
  events: Counter
  look: Histogram
  leading: (leads: boolean) => void
  /** Asked at each scrape, while this process leads. */
  describe: (now: () => Described) => void
  /** Not told within the last hour. */
  isNews: (problem: string) => boolean
  /** Null: this process leads and has read everything, or waits for its turn. */
  missing: () => string | null
}

const lookBuckets = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const hour = 3_600_000

export function controllerMetrics(metrics: Metrics): ControllerMetrics {
  const gauge = (name: string, help: string, labels?: string[]) =>
    metrics.gauge(`underpin_${name}`, help, labels)
  const containers = gauge('containers', 'Containers that run, by what admission knew of them.', [
    'state',
  ])
  const kernel = gauge('containers_by_kernel', 'Containers that run, by what the kernel does.', [
    'kernel',
  ])
  const nodes = gauge('nodes', 'Nodes whose agent tells its state.')
  const records = gauge('controller_records', 'Workloads and pods that are known.')
  const reports = gauge('reports', 'Reports that are there.')
  const waiting = gauge('reports_waiting', 'Reports that wait to be written.')
  const served = gauge('reports_served', 'Whether the cluster has the kind of reports.')
  const leader = gauge('controller_leading', 'Whether this process leads.')
  const memory = gauge('controller_resident_bytes', 'Memory of this process.')
  let described: (() => Described) | null = null
  const told = new Map<string, number>()
  let countFrom = 0
  metrics.beforeScrape(() => {
    memory.set(process.memoryUsage.rss())
    if (described === null) return
    const { picture, live, writer } = described()
    // Of a large cluster this takes half a second.
    if (performance.now() >= countFrom) {
      const byState = new Map<string, number>()
      const byKernel = new Map<string, number>()
      for (const row of picture.rows()) {
        byState.set(row.state, (byState.get(row.state) ?? 0) + 1)
        byKernel.set(row.kernel, (byKernel.get(row.kernel) ?? 0) + 1)
      }
      for (const state of joinStates) containers.set(byState.get(state) ?? 0, { state })
      for (const state of kernelStates) kernel.set(byKernel.get(state) ?? 0, { kernel: state })
      countFrom = performance.now() + Math.min(60_000, picture.nodes.size * 100)
    }
    nodes.set(picture.nodes.size)
    records.set(live.records.size)
    reports.set(writer?.count ?? 0)
    waiting.set(writer?.waiting ?? 0)
    served.set(writer?.isServed === true ? 1 : 0)
  })
  const counter = (name: string, help: string, labels: string[]) =>
    metrics.counter(`underpin_${name}`, help, labels)
  return {
    reportWrites: counter('report_writes_total', 'Reports written and removed.', [
      ...['verb', 'outcome'],
    ]),
    statusWrites: counter('policy_status_writes_total', 'Status of policies written.', ['outcome']),
    events: counter('controller_events_total', 'Events, and those that were held back.', [
      'outcome',
    ]),
    look: metrics.histogram(
      'underpin_controller_look_seconds',
      'From a look at what changed to the last report that was handed on.',
      [],
      lookBuckets,
    ),
    leading(leads) {
      leader.set(leads ? 1 : 0)
      if (!leads) described = null
    },
    describe(now) {
      described = now
    },
    isNews(problem) {
      const at = told.get(problem)
      if (at !== undefined && Date.now() - at < hour) return false
      if (told.size > 500) told.clear()
      told.set(problem, Date.now())
      return true
    },
    missing: () => described?.().missing ?? null,
  }
}
