// SPDX-License-Identifier: Apache-2.0
// What the leading controller does: watches, joins what nodes and admission know, and writes what follows from it.

import { setImmediate as breath, setTimeout as sleep } from 'node:timers/promises'
import { nodeStateKind, type NodeState } from '../../policies/src/index.ts'
import { watchObjects, type Cluster, type Log } from '../../runtime/src/index.ts'
import { watchCluster, type LiveOptions, type OwnerName } from '../../webhook/src/index.ts'
import { eventTeller, happenings, type Regarding } from './events.ts'
import type { ControllerMetrics } from './metrics.ts'
import { factsOf, Pool, type NodeFacts } from './node-facts.ts'
import { Picture } from './picture.ts'
import { coverageStatuses, type CoverageStatus } from './coverage-fold.ts'
import {
  happeningOf,
  runtimeStatuses,
  uncounted,
  type Condition,
  type PolicyStatus,
} from './policy-fold.ts'
import { StatusWriter } from './status-writer.ts'
import { detailOf, nodeReport, workloadReport } from './report.ts'
import { formats, nameFor, type FormatName, type ReportBody } from './report-shape.ts'
import { ReportWriter, type Owner } from './report-writer.ts'

export type ControllerOptions = Pick<
  LiveOptions,
  'meshes' | 'settings' | 'profiles' | 'templates' | 'today' | 'discoverMs' | 'settleMs'
> & {
  cluster: Cluster
  log: Log
  signal: AbortSignal
  metrics: ControllerMetrics
  /** Who says so, in Events. */
  identity: string
  reports: FormatName | 'none'
  owner?: Owner
  /** Between two looks at what changed. */
  lookMs?: number
  countsMs?: number
  /** Reports a second, at most. */
  perSecond?: number
}

/** So many workloads are some ten milliseconds; others get their turn in between. */
const slice = 100

/** Runs until the signal says stop. */
export async function control(options: ControllerOptions): Promise<void> {
  const { cluster, log, signal, metrics, reports: format, lookMs = 2000 } = options
  const live = watchCluster({
    ...options,
    changed: (records) => picture.changed(records),
  })
  const picture = new Picture(live.records)
  const nodes = watchNodes(options, picture)
  const { identity } = options
  const teller = eventTeller({ cluster, log, signal, identity, written: metrics.events })
  const pace = options.countsMs === undefined ? {} : { countsMs: options.countsMs }
  const due = { policies: true, coverage: true }
  let policiesFrom = 0
  let around = live.around()
  const common = {
    ...{ cluster, log, signal, writes: metrics.statusWrites, ...pace },
    changed: () => {
      Object.assign(due, { policies: true, coverage: true })
    },
    became(regarding: Regarding, condition: Condition) {
      const what = happeningOf(condition)
      if (what !== null) teller(regarding, what)
    },
  }
  const policies = new StatusWriter<PolicyStatus>({
    ...{ ...common, uncounted, statuses: runtimeStatuses(picture.nodes) },
    plurals: { RuntimePolicy: 'runtimepolicies', ClusterRuntimePolicy: 'clusterruntimepolicies' },
  })
  const coverage = new StatusWriter<CoverageStatus>({
    ...{ ...common, statuses: coverageStatuses(live) },
    uncounted: ({ pods = 0, uncovered = 0, ...rest }) => ({
      ...{ ...rest, pods: Math.sign(pods), uncovered: Math.sign(uncovered) },
    }),
    plurals: { CoveragePolicy: 'coveragepolicies' },
  })
  const writer =
    format === 'none'
      ? null
      : new ReportWriter({
          ...{ cluster, log, signal, format: formats[format], writes: metrics.reportWrites },
          ...pace,
          ...(options.owner === undefined ? {} : { owner: options.owner }),
          ...(options.perSecond === undefined ? {} : { perSecond: options.perSecond }),
          disturbed: (name) => {
            const uid = name.slice('underpin-'.length)
            picture.touch(uid)
            for (const { node, uid: own } of picture.nodes.values())
              if (own === uid || name === `underpin-node-${node}`) picture.touchNode(node)
          },
          wrote: (_object, before, body) => {
            const detail = (state: string) => detailOf(body, state)
            for (const what of happenings(before, body.state, detail)) teller(body.scope, what)
          },
        })
  const missing = () =>
    live.missing() ??
    (nodes.isSynced() ? null : 'nodestates') ??
    (policies.isSynced && coverage.isSynced ? null : 'policies') ??
    (writer === null || writer.isSynced ? null : 'reports')
  metrics.describe(() => ({ picture, live, writer, missing: missing() }))

  let told = ''
  let swept = false
  while (!signal.aborted) {
    await sleep(lookMs, undefined, { signal }).catch(() => undefined)
    const lacking = missing()
    // Half a picture would take reports away that are right.
    if (lacking !== null) {
      if (lacking !== told) log.info({ missing: lacking }, 'reading the cluster')
      told = lacking
      continue
    }
    for (const problem of live.problems()) {
      if (metrics.isNews(problem)) log.warn({ found: problem }, 'not everything can be read')
    }
    const began = performance.now()
    if (!swept) picture.touchAll()
    const wasDirty = picture.dirty
    if (writer !== null && wasDirty > 0) await report(picture, writer, signal)
    if (writer !== null && !swept) sweep(picture, writer)
    swept = true
    due.policies ||= nodes.taken()
    due.coverage ||= wasDirty > 0 || around !== live.around()
    around = live.around()
    // Asking all nodes or pods takes its time where there are many: at most a twentieth of it.
    if ((due.policies || due.coverage) && began >= policiesFrom) {
      const asked = performance.now()
      const { policies: isDue, coverage: isCoverageDue } = due
      Object.assign(due, { policies: false, coverage: false })
      if (isDue && (await policies.write())) due.policies = true
      if (isCoverageDue && (await coverage.write())) due.coverage = true
      policiesFrom = performance.now() + 20 * (performance.now() - asked)
    }
    if (wasDirty > 0) metrics.look.observe((performance.now() - began) / 1000)
  }
}

async function report(picture: Picture, writer: ReportWriter, signal: AbortSignal): Promise<void> {
  const { owners, subordinate, nodes } = picture.takeDirty()
  let count = 0
  for (const owner of owners.values()) {
    if (signal.aborted) return
    if (++count % slice === 0) await breath()
    reportWorkload(picture, writer, owner)
  }
  const there = new Map([...writer.names()].map((one) => [one.name, one.namespace]))
  for (const uid of subordinate) {
    // It was reported by itself, before anybody told whose it is.
    const name = `underpin-${uid}`
    if (!owners.has(uid) && there.has(name)) writer.remove(name, there.get(name))
  }
  for (const node of nodes) {
    if (signal.aborted) return
    if (++count % slice === 0) await breath()
    const facts = picture.nodes.get(node)
    const body = facts === undefined ? null : strayReport(picture, facts)
    if (body !== null) writer.put(body)
    else {
      if (facts?.uid != null) writer.remove(`underpin-${facts.uid}`, undefined)
      writer.remove(`underpin-node-${node}`, undefined)
    }
  }
}

function reportWorkload(picture: Picture, writer: ReportWriter, owner: OwnerName): void {
  const facts = picture.workload(owner)
  const body = facts === null ? null : workloadReport(facts)
  // A workload of which nothing can be said has no report.
  if (body !== null && body.results.length > 0) writer.put(body)
  else writer.remove(nameFor(owner), owner.namespace)
}

function strayReport(picture: Picture, { node, uid }: NodeFacts): ReportBody | null {
  const { rows, ledger } = picture.strays(node)
  return rows.length + ledger.length === 0 ? null : nodeReport({ name: node, uid }, rows, ledger)
}

/** Of an earlier leader, about what went while nobody led. */
function sweep(picture: Picture, writer: ReportWriter): void {
  const nodes = new Set(
    [...picture.nodes.values()].flatMap(({ node, uid }) => [
      `underpin-node-${node}`,
      ...(uid === null ? [] : [`underpin-${uid}`]),
    ]),
  )
  for (const { name, namespace } of [...writer.names()]) {
    const isThere =
      namespace === undefined ? nodes.has(name) : picture.isOwner(name.slice('underpin-'.length))
    if (!isThere) writer.remove(name, namespace)
  }
}

function watchNodes({ cluster, log, signal }: ControllerOptions, picture: Picture) {
  const { apiVersion, plural } = nodeStateKind
  const pool = new Pool()
  const known = new Map<string, NodeFacts>()
  let fresh = true
  const watch = watchObjects<NodeFacts>(
    cluster,
    {
      path: `/apis/${apiVersion}/${plural}`,
      slim: (object) => factsOf(object as unknown as NodeState, pool),
      // One may have a quarter of a megabyte.
      pageSize: 100,
    },
    {
      ...{ log, signal },
      changed(objects, { uid }) {
        fresh = true
        for (const one of uid === undefined
          ? new Set([...objects.keys(), ...known.keys()])
          : [uid]) {
          const [before, now] = [known.get(one), objects.get(one)]
          if (before === now) continue
          if (now === undefined) {
            known.delete(one)
            if (before !== undefined) picture.told(before.node, null)
          } else {
            known.set(one, now)
            picture.told(now.node, now)
          }
        }
      },
    },
  )
  return {
    isSynced: watch.isSynced,
    /** Something was told since the last time. */
    taken() {
      const was = fresh
      fresh = false
      return was
    },
  }
}
