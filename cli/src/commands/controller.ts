// SPDX-License-Identifier: Apache-2.0
// underpin controller: joins what nodes and admission know of a cluster, and writes it where people look.
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { control, controllerMetrics, runLease } from '../../../controller/src/index.ts'
import { dayOf } from '../../../policies/src/index.ts'
import {
  createLog,
  createMetrics,
  nextSignal,
  openCluster,
  serveTelemetry,
  type Cluster,
  type Log,
} from '../../../runtime/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { clusterOf, clusterOptions, knowledgeOptions, scanOptions } from '../scan-options.ts'

const kinds = { openreports: 'openreports', policyreport: 'wgpolicy', none: 'none' } as const

export const controller: Command = {
  about:
    'Watches workloads, pods and what each node says, and joins them. Writes a report for each workload (Report of\n' +
    'openreports.io, or PolicyReport), the status of RuntimePolicies and ClusterRuntimePolicies, and Events when something\n' +
    'changes; each only when it says something new. Several may run: one leads, by a Lease, and the others wait. Needs no root.',
  options: [
    {
      name: 'namespace',
      value: 'NAME',
      help: 'where the Lease is ($POD_NAMESPACE, or underpin)',
    },
    { name: 'lease', value: 'NAME', help: 'who holds it leads (underpin-controller)' },
    {
      name: 'reports',
      value: 'KIND',
      help: 'openreports (default), policyreport, or none',
    },
    {
      name: 'report-owner',
      value: 'NAME',
      help: 'a ClusterRole with which all reports shall go; else each goes with its workload',
    },
    { name: 'metrics-host', value: 'ADDRESS', help: 'where to serve metrics and health (all)' },
    { name: 'metrics-port', value: 'PORT', help: 'for metrics and health (9090; 0: any free one)' },
    ...clusterOptions.filter(({ name }) => name === 'kubeconfig' || name === 'context'),
    ...knowledgeOptions,
  ],
  examples: [
    ['underpin controller', 'in a cluster'],
    ['underpin controller --kubeconfig ~/.kube/config --reports none', 'from outside, status only'],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT'],
    [2, 'the command line or a file of settings was not understood'],
    [3, 'the cluster or the port could not be had'],
  ],
  run,
}

/** An API server that does not answer for so long is told to the kubelet, which starts this anew. */
const silentMs = 180_000

async function run(args: Arguments): Promise<number> {
  const reports = kindOf(args)
  const port = portOf(args)
  const namespace = args.value('namespace') ?? process.env['POD_NAMESPACE'] ?? 'underpin'
  const name = args.value('lease') ?? 'underpin-controller'
  const identity = process.env['POD_NAME'] ?? `${hostname()}_${process.pid}`
  const scan = await scanOptions(args, 'controller')
  // Here it is where the Lease is.
  delete scan.namespace
  const registry = createMetrics()
  const dropped = registry.counter('underpin_log_lines_dropped_total', 'Log lines nobody read.')
  const log = createLog({
    base: { part: 'controller' },
    background: { dropped: () => dropped.add() },
  })
  const metrics = controllerMetrics(registry)
  const cluster = await openCluster(clusterOf(args))
  const ownerName = args.value('report-owner')
  const stop = new AbortController()
  const { signal } = stop
  let heard = Date.now()
  const server = await serveTelemetry({
    address: `${hostOf(args)}:${port}`,
    metrics: registry,
    ready: () => (signal.aborted ? 'stopping' : null),
    healthy: () =>
      Date.now() - heard > silentMs ? 'the API server has not answered for minutes' : null,
  })
  log.info({ port: server.port, cluster: cluster.name, reports, identity }, 'controller started')
  const asked = nextSignal()
  void asked.then((sent) => {
    log.info({ signal: sent }, 'stopping')
    stop.abort()
  })
  await runLease({
    ...{ cluster, namespace, name, identity, log, signal, leading: metrics.leading },
    heard: () => {
      heard = Date.now()
    },
    lead: async (leading) => {
      const owner = ownerName === undefined ? null : await ownerOf(cluster, ownerName, log)
      await control({
        ...{ ...scan, cluster, log, signal: leading, metrics, identity, reports },
        today: () => dayOf(new Date()),
        ...(owner === null ? {} : { owner }),
      })
    },
  })
  await server.stop()
  return 0
}

/** Null: it cannot be read. Reports then go with their workloads, which is better than none. */
async function ownerOf(cluster: Cluster, name: string, log: Log) {
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${encodeURIComponent(name)}`
  const { status, body } = await cluster.get(path)
  const uid = (body as { metadata?: { uid?: string } } | null)?.metadata?.uid
  if (status === 200 && uid !== undefined)
    return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid }
  log.warn({ clusterRole: name, status }, 'owner of reports not read, they stay after an uninstall')
  return null
}

/** As in an address; empty: all. */
function hostOf(args: Arguments): string {
  const host = args.value('metrics-host') ?? ''
  return isIPv6(host) ? `[${host}]` : host
}

function kindOf(args: Arguments): (typeof kinds)[keyof typeof kinds] {
  const word = args.value('reports') ?? 'openreports'
  if (Object.hasOwn(kinds, word)) return kinds[word as keyof typeof kinds]
  throw usage(
    `--reports ${word}`,
    `one of ${Object.keys(kinds).join(', ')}`,
    'leave it out for openreports',
    'controller',
  )
}

function portOf(args: Arguments): number {
  const text = args.value('metrics-port') ?? '9090'
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw usage(
    `--metrics-port ${text}`,
    'a port from 0 to 65535',
    'leave it out for 9090',
    'controller',
  )
}
